"""The pool: what its connections are like, and what its errors say."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import asyncpg
import numpy as np
import pytest

from ksys_core.errors import DatabaseDownError, DeniedError, KnownError
from ksys_core.store.embedded import EmbeddedServer
from ksys_core.store.pool import Database
from tests.conftest import with_database


async def test_connections_are_set_up(database: Database) -> None:
    names = ("application_name", "TimeZone", "jit", "statement_timeout")
    values = [await database.fetchval("select current_setting($1)", name) for name in names]
    assert values == ["tests", "UTC", "off", "10s"]


async def test_columns_come_as_arrays(database: Database) -> None:
    query = "select n, n / 4.0::float8, n::int8 * 1000 from generate_series(1, $1::int) n"
    rows = await database.fetch_columns(query, 1000, dtype=[("a", ">i4"), ("b", ">f8"), ("c", ">i8")])
    np.testing.assert_array_equal(rows["a"], np.arange(1, 1001))
    np.testing.assert_array_equal(rows["b"], rows["a"] / 4)
    np.testing.assert_array_equal(rows["c"], rows["a"] * 1000)
    assert len(await database.fetch_columns("select 1 where false", dtype=[("a", ">i4")])) == 0


async def test_null_and_wrong_types_are_noticed(database: Database) -> None:
    with pytest.raises(ValueError, match="NULL"):
        await database.fetch_columns("select null::int union all select 1", dtype=[("a", ">i4")])
    with pytest.raises(ValueError, match="not made of rows"):
        await database.fetch_columns("select 1::int8", dtype=[("a", ">i4")])


async def test_no_server_is_a_lost_database(server_folder: Path) -> None:
    with pytest.raises(DatabaseDownError) as caught:
        await Database.connect(f"postgresql://ksys@/ksys?host={server_folder}")
    assert caught.value.code == "database.unreachable"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(DatabaseDownError):
            await Database.connect(f"postgresql://ksys:x@127.0.0.1:{free.getsockname()[1]}/ksys")


async def test_login_and_database_are_named(database: Database) -> None:
    password = database.dsn.split(":")[2].partition("@")[0]
    with pytest.raises(DeniedError, match="password authentication failed"):
        await Database.connect(database.dsn.replace(password, "wrong"))
    with pytest.raises(KnownError, match="ksys db init"):
        await Database.connect(with_database(database.dsn, "no_such_database"))


async def test_all_connections_in_use_is_told_in_time_and_none_is_added(dsn: str) -> None:
    db = await Database.connect(dsn, pool_max=2, acquire_timeout_s=0.2)
    async with db.connection(), db.connection():
        with pytest.raises(DatabaseDownError) as caught:
            await db.fetchval("select 1")
    assert caught.value.code == "database.busy"
    assert await db.fetchval("select count(*) from pg_stat_activity where datname = current_database()") <= 2
    await db.close()


async def test_too_slow_statement_is_ended_by_the_server(dsn: str) -> None:
    db = await Database.connect(dsn, pool_max=1, statement_timeout_s=0.1)
    with pytest.raises(KnownError, match="statement timeout") as caught:
        await db.fetchval("select pg_sleep(60)")
    assert caught.value.code == "database.slow"
    assert await db.fetchval("select 1") == 1
    await db.close()


async def test_ended_backend_is_replaced(database: Database) -> None:
    async with database.connection() as connection:
        victim = await connection.fetchval("select pg_backend_pid()")
    other = await asyncpg.connect(database.dsn)
    assert await other.fetchval("select pg_terminate_backend($1, 5000)", victim)
    await other.close()
    with contextlib.suppress(DatabaseDownError):  # the loss may be seen by the first use
        await database.fetchval("select 1")
    assert await database.fetchval("select 1") == 1


async def test_misuse_of_one_connection_is_a_bug_and_stays_one(database: Database) -> None:
    async with database.connection() as connection:
        first = asyncio.ensure_future(connection.fetchval("select pg_sleep(0.2)"))
        await asyncio.sleep(0)
        with pytest.raises(asyncpg.InterfaceError, match="another operation"):
            await connection.fetchval("select 1")
        await first


async def test_refusals_of_functions_are_known_errors(database: Database) -> None:
    with pytest.raises(KnownError) as caught:
        await database.execute("""select ksys_refuse('limits.order', '{"tag": "T", "lower": "L", "lower_value": 2,
                                                       "upper": "H", "upper_value": 1}')""")
    assert caught.value.code == "limits.order"
    assert str(caught.value).startswith("T: limit L (2) must be below H (1).")


async def test_dead_network_is_known_to_the_kernel(server_folder: Path, free_port: Callable[[], int]) -> None:
    settings = {"listen_addresses": "127.0.0.1", "port": str(free_port()), "fsync": "off"}
    server = EmbeddedServer(server_folder, settings)
    dsn = await asyncio.to_thread(server.start_or_adopt)
    login = dsn.partition("@")[0]
    db = await Database.connect(f"{login}@127.0.0.1:{settings['port']}/ksys", pool_max=1)
    async with db.connection() as connection:
        peer = connection._transport.get_extra_info("socket")  # type: ignore[union-attr]
        assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert 0 < peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 5
    await db.close()
    await asyncio.to_thread(server.stop)


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find
