"""The integration tests of forecasting once more, on TimescaleDB."""

from tests.integration.forecasting.conftest import executor  # noqa: F401 - a fixture
from tests.integration.forecasting.test_advisories import *  # noqa: F403
from tests.integration.forecasting.test_calibration import *  # noqa: F403
from tests.integration.forecasting.test_cycle import *  # noqa: F403
from tests.integration.forecasting.test_truth import *  # noqa: F403

del test_old_forecasts_are_forgotten_their_sums_stay  # noqa: F821 - here a policy of the server drops them

del test_who_is_told_of_a_forecast_can_read_it  # noqa: F821 - the WASM server has one connection
