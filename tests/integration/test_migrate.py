"""Schema steps on a real server."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from ksys_core.errors import KnownError
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from ksys_core.store.schema import schema_status, step_names


async def test_empty_database_gets_every_step_once(empty_dsn: str) -> None:
    assert await migrate(empty_dsn) == step_names()
    assert await migrate(empty_dsn) == []
    db = await Database.connect(empty_dsn)
    status = await schema_status(db)
    await db.close()
    assert status.current == step_names()[-1].partition("_")[0]
    assert status.pending == ()
    assert not status.newer


async def test_status_of_an_empty_database_lists_all_steps(empty_dsn: str) -> None:
    db = await Database.connect(empty_dsn)
    status = await schema_status(db)
    await db.close()
    assert status.current is None
    assert list(status.pending) == step_names()


async def test_two_programs_at_once_run_each_step_once(empty_dsn: str) -> None:
    done = await asyncio.gather(migrate(empty_dsn), migrate(empty_dsn), migrate(empty_dsn))
    assert sorted(map(len, done)) == [0, 0, len(step_names())]


async def test_database_of_a_newer_program_is_refused(database: Database) -> None:
    await database.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(KnownError, match="Update the program") as caught:
        await migrate(database.dsn)
    assert caught.value.code == "database.newer"
    assert (await schema_status(database)).newer


async def test_failing_step_leaves_nothing_behind(empty_dsn: str) -> None:
    connection = await asyncpg.connect(empty_dsn)
    await connection.execute("create table sensor_readings (x int)")  # in the way of the second step
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate(empty_dsn)
    assert await connection.fetchval("select version_num from alembic_version") == "0001"
    await connection.execute("drop table sensor_readings")
    await connection.close()
    assert (await migrate(empty_dsn))[0] == "0002_readings"


async def test_nothing_is_granted_to_public(database: Database) -> None:
    tables = await database.fetch("""
        select c.relname from pg_class c, aclexplode(c.relacl) a
        where c.relnamespace = 'public'::regnamespace and a.grantee = 0""")
    assert tables == []
