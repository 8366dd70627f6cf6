"""The alarms' integration tests once more, on TimescaleDB, but for those that log in: WASM has one login."""

from tests.integration.test_alarms_desk import *  # noqa: F403
from tests.integration.test_alarms_evaluation import *  # noqa: F403
from tests.integration.test_alarms_journal import *  # noqa: F403
from tests.integration.test_alarms_master import *  # noqa: F403
from tests.integration.test_alarms_report import *  # noqa: F403
from tests.integration.test_alarms_seals import *  # noqa: F403
from tests.integration.test_alarms_what_if import *  # noqa: F403
from tests.integration.test_labels import *  # noqa: F403

del test_two_operators_acknowledge_at_once_and_the_loser_is_told_who_won  # noqa: F821
del test_a_viewer_may_look_and_nothing_else  # noqa: F821
del test_operators_write_through_functions_only  # noqa: F821
del test_the_evaluator_runs_with_the_service_role  # noqa: F821
del test_a_class_may_demand_a_note_for_its_acknowledgement  # noqa: F821
del test_engineers_change_by_the_function_only_and_viewers_look  # noqa: F821
del test_engineers_label  # noqa: F821
del test_the_command_compares_a_file  # noqa: F821 - the commands connect once more
del test_the_command_writes_it  # noqa: F821
del test_the_command_prints_figures_and_refusals  # noqa: F821
