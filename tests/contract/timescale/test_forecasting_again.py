"""The integration tests of forecasting once more, on TimescaleDB."""

from tests.integration.forecasting.conftest import executor  # noqa: F401 - a fixture
from tests.integration.forecasting.test_advisories import *  # noqa: F403
from tests.integration.forecasting.test_anomalies import *  # noqa: F403
from tests.integration.forecasting.test_calibration import *  # noqa: F403
from tests.integration.forecasting.test_cycle import *  # noqa: F403
from tests.integration.forecasting.test_inputs import *  # noqa: F403
from tests.integration.forecasting.test_lifecycle import (
    test_a_better_challenger_is_promoted_and_the_old_champion_watched,  # noqa: F401
    test_a_champion_much_worse_than_the_one_before_goes_back_by_itself,  # noqa: F401
    test_of_a_night_only_what_stands_among_so_many_is_promoted,  # noqa: F401
    test_pairs_count_only_where_both_forecast_themselves,  # noqa: F401
    test_rollback_goes_one_step_each_time,  # noqa: F401
)
from tests.integration.forecasting.test_pooled import *  # noqa: F403
from tests.integration.forecasting.test_retraining import *  # noqa: F403
from tests.integration.forecasting.test_training import (
    test_a_repetition_gives_the_same_bits_and_other_data_are_noticed,  # noqa: F401
    test_engines_are_compared_and_kept,  # noqa: F401
    test_the_database_checks_a_request,  # noqa: F401
    test_the_database_checks_tags_and_names,  # noqa: F401
    test_two_claimants_never_get_the_same_job,  # noqa: F401
    test_what_cannot_be_trained_fails_with_its_reason_and_the_others_go_on,  # noqa: F401
)
from tests.integration.forecasting.test_training_pool import (
    test_a_night_fits_a_shared_model_once_for_all_its_tags,  # noqa: F401
    test_one_model_of_all_tags_is_tested_on_each_ones_own_folds,  # noqa: F401
)
from tests.integration.forecasting.test_truth import *  # noqa: F403

del test_old_forecasts_are_forgotten_their_sums_stay  # noqa: F821 - here a policy of the server drops them

del test_who_is_told_of_a_forecast_can_read_it  # noqa: F821 - the WASM server has one connection

del test_on_the_command_line  # noqa: F821 - for the same reason
del test_who_is_told_can_read_it  # noqa: F821 - likewise
