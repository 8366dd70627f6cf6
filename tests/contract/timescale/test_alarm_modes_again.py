"""Floods, maintenance, rules and hostile definitions once more, on TimescaleDB, but for logins: WASM has one."""

from tests.integration.test_alarms_bad_input import *  # noqa: F403
from tests.integration.test_alarms_floods import *  # noqa: F403
from tests.integration.test_alarms_maintenance import *  # noqa: F403
from tests.integration.test_alarms_rules import *  # noqa: F403

del test_any_definition_is_stored_as_given_or_refused_by_name  # noqa: F821 - opens its own connections
del test_two_engineers_at_once_change_a_rule_once  # noqa: F821
del test_rights_on_rules_and_maintenance  # noqa: F821
del test_the_service_role_can_do_all_of_it  # noqa: F821
del test_a_rule_is_approved_by_another_than_who_wrote_it  # noqa: F821
