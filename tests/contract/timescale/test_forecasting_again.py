"""The integration tests of forecasting once more, on TimescaleDB."""

from tests.integration.forecasting.conftest import executor  # noqa: F401 - a fixture
from tests.integration.forecasting.test_calibration import *  # noqa: F403
from tests.integration.forecasting.test_cycle import *  # noqa: F403
from tests.integration.forecasting.test_truth import *  # noqa: F403

del test_old_forecasts_are_forgotten_their_sums_stay  # noqa: F821 - here a policy of the server drops them
