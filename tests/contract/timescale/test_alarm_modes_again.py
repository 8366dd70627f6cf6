"""Floods, maintenance and rules once more, on TimescaleDB."""

from tests.integration.test_alarms_floods import *  # noqa: F403
from tests.integration.test_alarms_rules import *  # noqa: F403

del test_two_engineers_at_once_change_a_rule_once  # noqa: F821 - WASM has one login
del test_rights_on_rules_and_maintenance  # noqa: F821
del test_the_service_role_can_do_all_of_it  # noqa: F821
