"""The group roles' rights reach through the hypertable and the aggregates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from ksys_core.errors import DeniedError
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database
from tests.contract.timescale.conftest import LEVELS
from tests.contract.timescale.database import store
from tests.contract.timescale.expectations import readings

SUMMER = datetime(2026, 7, 1, tzinfo=UTC)


@asynccontextmanager
async def acting_as(db: Database, role: str) -> AsyncIterator[Connection]:
    """A connection with the rights of `role` only."""
    async with db.transaction() as connection:
        await connection.execute(f"set local role {role}")
        yield connection


async def test_a_viewer_reads_readings_and_every_aggregate(database: Database) -> None:
    await store(database, readings([1], SUMMER, count=50, step=timedelta(minutes=1)))
    async with acting_as(database, "ksys_viewer") as connection:
        assert await connection.fetchval("select count(*) from sensor_readings") == 50
        for level in LEVELS:
            assert await connection.fetchval(f"select sum(n)::int from sensor_readings_{level}") == 50


async def test_a_viewer_changes_no_reading(database: Database) -> None:
    with pytest.raises(DeniedError):
        async with acting_as(database, "ksys_viewer") as connection:
            await connection.execute("insert into sensor_readings values (1, now(), 1, 192)")


async def test_the_service_ingests_into_new_chunks_and_drops_old_ones(database: Database) -> None:
    await store(database, [])
    async with acting_as(database, "ksys_service") as connection:
        await connection.execute("insert into sensor_readings values (1, $1, 1, 192)", SUMMER)
        await connection.fetchval("select ksys_ingest_begin()")
        assert await connection.fetchval("select ksys_drop_partitions($1)", SUMMER + timedelta(days=30)) == 1
