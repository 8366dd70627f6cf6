"""Horn and notifications once more, on TimescaleDB, but for those that log in: WASM has one login."""

from tests.integration.test_alarms_horn import *  # noqa: F403
from tests.integration.test_notifications import *  # noqa: F403

del test_a_viewer_may_not_take_the_horn  # noqa: F821
del test_two_stations_at_once_have_one_horn  # noqa: F821
del test_people_see_routes_but_no_address_and_engineers_change_them  # noqa: F821
