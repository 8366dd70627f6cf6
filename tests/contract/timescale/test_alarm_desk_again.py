"""Versions of alarms, newest readings and own settings once more, on TimescaleDB (whose server here has one login)."""

from tests.integration.test_alarms_live import *  # noqa: F403
from tests.integration.test_own_settings import *  # noqa: F403

del test_each_person_has_own_settings  # noqa: F821
