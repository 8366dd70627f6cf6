"""One migrated TimescaleDB database for the suite, emptied before each test."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from tests.conftest import run_sql, with_database
from tests.contract.timescale import wasm

LEVELS = ("1m", "10m", "1h", "1d")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of the suite go to one worker: a server takes seconds to start."""
    for item in items:
        if item.path.is_relative_to(wasm.FOLDER):
            item.add_marker(pytest.mark.xdist_group("timescale"))


@contextmanager
def _database_of(server: str) -> Iterator[str]:
    name = f"contract_{uuid.uuid4().hex}"
    own = with_database(server, name)
    run_sql(server, f"create database {name}")
    try:
        run_sql(own, "create extension if not exists timescaledb")
        yield own
    finally:
        run_sql(server, f"drop database {name} with (force)")


@contextmanager
def _new_database() -> Iterator[str]:
    given, obstacle = os.environ.get("KSYS_TEST_DSN"), wasm.missing()
    if given:
        with _database_of(given) as dsn:
            yield dsn
    elif obstacle is None:
        with wasm.server() as dsn:
            yield dsn
    elif os.environ.get("KSYS_REQUIRE_TIMESCALE"):
        pytest.fail(f"the TimescaleDB suite must run here, but {obstacle}", pytrace=False)
    else:
        pytest.skip(f"the TimescaleDB suite {obstacle}")


@pytest.fixture
def empty_dsn() -> Iterator[str]:
    """DSN of a database with TimescaleDB and no schema."""
    with _new_database() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def migrated_dsn() -> Iterator[str]:
    with _new_database() as dsn:
        asyncio.run(migrate(dsn))
        yield dsn


@pytest.fixture
def dsn(migrated_dsn: str) -> str:
    """DSN of the migrated database; the role is its owner."""
    return migrated_dsn


@pytest.fixture
async def database(migrated_dsn: str) -> AsyncIterator[Database]:
    """A pool of one on the migrated database, without a row. (The WASM server has one backend.)"""
    db = await Database.connect(migrated_dsn, pool_min=1, pool_max=1, application_name="contract")
    try:
        await _empty(db)
        yield db
    finally:
        await db.close()


async def _empty(db: Database) -> None:
    """Truncate every table, also those whose triggers forbid it, and every aggregate with its watermark."""
    async with db.transaction() as connection:
        tables = await connection.fetchval(
            """select string_agg(format('%I.%I', schemaname, tablename), ', ') from pg_tables
               where schemaname in ('public', 'scheduler') and tablename <> 'alembic_version'"""
        )
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(f"truncate {tables} restart identity cascade")
        for level in LEVELS:
            await connection.execute(f"truncate sensor_readings_{level}")
