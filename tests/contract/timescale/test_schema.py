"""The schema steps on TimescaleDB."""

from __future__ import annotations

from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from ksys_core.store.schema import schema_status, step_names
from tests.contract.timescale.conftest import LEVELS


async def test_all_steps_run_once_from_an_empty_database(empty_dsn: str) -> None:
    assert await migrate(empty_dsn) == step_names()
    assert await migrate(empty_dsn) == []


async def test_timescale_is_found_and_used(database: Database) -> None:
    assert database.capabilities.timescale is not None
    assert (await schema_status(database)).pending == ()
    hypertables = await database.fetch(
        "select hypertable_name, compression_enabled from timescaledb_information.hypertables"
    )
    assert ("sensor_readings", True) in [tuple(row) for row in hypertables]


async def test_each_aggregate_is_made_from_the_one_below_it(database: Database) -> None:
    rows = await database.fetch(
        """select user_view_name, parent_mat_hypertable_id, mat_hypertable_id, materialized_only
           from _timescaledb_catalog.continuous_agg order by mat_hypertable_id"""
    )
    assert [row["user_view_name"] for row in rows] == [f"sensor_readings_{level}" for level in LEVELS]
    assert not any(row["materialized_only"] for row in rows)
    below = [None, *(row["mat_hypertable_id"] for row in rows[:-1])]
    assert [row["parent_mat_hypertable_id"] for row in rows] == below


async def test_policies_are_set(database: Database) -> None:
    rows = await database.fetch(
        "select proc_name, hypertable_name from timescaledb_information.jobs where proc_name like 'policy\\_%'"
    )
    refreshed = {("policy_refresh_continuous_aggregate", f"sensor_readings_{level}") for level in LEVELS}
    kept = {("policy_compression", "sensor_readings"), ("policy_retention", "sensor_readings")}
    assert refreshed | kept <= {tuple(row) for row in rows}
