"""The integration tests of the service's own tables once more, on TimescaleDB."""

from tests.integration.test_alarms_kpis import *  # noqa: F403
from tests.integration.test_scheduler_runs import *  # noqa: F403
from tests.integration.test_virtual_tags import *  # noqa: F403

del test_only_engineers_may_ask_for_a_run  # noqa: F821 - logs in, and WASM has one login
del test_history_whose_raw_readings_are_gone_comes_from_the_minutes  # noqa: F821 - by the job of plain PostgreSQL
