"""The store's integration tests once more, with this suite's fixtures: the same expectations hold on TimescaleDB.

Left out: tests of logins other than the owner's (the WASM server has one) and of the embedded server itself.
"""

from tests.integration.test_events import *  # noqa: F403
from tests.integration.test_readings import *  # noqa: F403
from tests.integration.test_sensors import *  # noqa: F403
from tests.integration.test_simulated_history import *  # noqa: F403
from tests.integration.test_trends import *  # noqa: F403

del test_loss_is_told_and_return_brings_a_resync  # noqa: F821
del test_server_that_hangs_counts_as_lost  # noqa: F821
del test_engineer_changes_limits_under_the_own_name_only_by_the_function  # noqa: F821
