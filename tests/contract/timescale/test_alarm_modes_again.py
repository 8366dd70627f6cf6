"""Floods, maintenance and rules once more, on TimescaleDB."""

from tests.integration.test_alarms_floods import *  # noqa: F403
