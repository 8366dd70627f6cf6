"""Versions of alarms, newest readings and settings of one's own, once more, on TimescaleDB."""

from tests.integration.test_alarms_live import *  # noqa: F403
from tests.integration.test_own_settings import *  # noqa: F403
