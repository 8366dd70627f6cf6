"""The embedded server: first start, sharing, SIGKILL, and what it says when it can't."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import numpy as np
import psutil
import pytest

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND
from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.store import postmaster
from ksys_core.store.embedded import EmbeddedServer
from ksys_core.store.embedded_cluster import Role
from ksys_core.store.locks import FolderLock
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, upsert_sensors

T0 = 1_750_000_000 * SECOND


@pytest.fixture
def server(server_folder: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(server_folder)
    yield server
    server.stop()


def ask(dsn: str, query: str) -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def kill(server: EmbeddedServer, *, children: bool) -> None:
    assert server.pid is not None
    process = psutil.Process(server.pid)
    family = [process, *process.children(recursive=True)] if children else [process]
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # one that ended between the list and its turn
            member.send_signal(signal.SIGKILL)


def test_first_start_makes_database_and_logins(server: EmbeddedServer) -> None:
    dsn = server.start_or_adopt()
    assert server.alive()
    asyncio.run(migrate(dsn))
    roles: tuple[Role, ...] = ("ksys", "service", "operator")
    assert [ask(server.dsn(role), "select current_user::text") for role in roles] == list(roles)
    assert ask(server.dsn("service"), "select pg_has_role('ksys_service', 'member')")
    assert ask(server.dsn("operator"), "select pg_has_role('ksys_engineer', 'member')")
    assert ask(dsn, "select current_setting('synchronous_commit')") == "on"
    assert not ask(dsn, "select rolsuper from pg_roles where rolname = current_user")


def test_passwords_are_needed_and_private(server: EmbeddedServer) -> None:
    dsn = server.start_or_adopt()
    kept = server.data_dir / "credentials.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    password = dsn.partition("ksys:")[2].partition("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(dsn.replace(password, "wrong"), "select 1")
    logs = (server.pgdata / "log").glob("*.log")
    assert all(password not in log.read_text("utf-8") for log in logs)
    assert password not in " ".join(psutil.Process(server.pid).cmdline())


def test_second_user_adopts_and_the_last_one_stops(server: EmbeddedServer) -> None:
    server.start_or_adopt()
    first = server.pid
    other = EmbeddedServer(server.data_dir)
    assert ask(other.start_or_adopt(), "select 1") == 1
    assert other.pid == first
    server.stop()
    assert other.alive()
    other.stop()
    assert not other.alive()


def test_stop_and_start_keep_the_data(server: EmbeddedServer) -> None:
    ask(server.start_or_adopt(), "create table kept as select 7 as x")
    server.stop()
    with pytest.raises(KnownError, match="not running"):
        server.dsn()
    assert ask(server.start_or_adopt(), "select x from kept") == 7


@pytest.mark.parametrize("children", [False, True], ids=["postmaster only", "with its children"])
def test_committed_readings_survive_sigkill_again_and_again(server: EmbeddedServer, children: bool) -> None:
    dsn = server.start_or_adopt()
    asyncio.run(migrate(dsn))
    told: list[int] = []
    for kills in range(1, 6):
        asyncio.run(_write_until_killed(server, told, len(told) + 3 * kills, children=children))
        assert server.start_or_adopt() == dsn
        stored = ask(dsn, "select count(*) from sensor_readings where value = extract(epoch from ts)::bigint % 1000")
        assert stored in (100 * len(told), 100 * len(told) + 100)  # the batch under way may have been committed
        told += [len(told)] * ((int(str(stored)) - 100 * len(told)) // 100)


async def _write_until_killed(server: EmbeddedServer, told: list[int], until: int, *, children: bool) -> None:
    """Store batches, noting each that was said to be stored; the server is killed while they go on."""
    db = await Database.connect(server.dsn("ksys"), pool_min=1, pool_max=2)
    sensor = (await upsert_sensors(db, [NewSensor("TAG")], overwrite=False))["TAG"]

    async def write() -> None:
        while True:
            t = T0 + (len(told) * 100 + np.arange(100)) * SECOND
            if len(told) == until:
                asyncio.get_running_loop().call_later(0.002, lambda: kill(server, children=children))
            await ingest(db, ReadingBatch.of(np.full(100, sensor), t, t // SECOND % 1000))
            told.append(len(told))

    with pytest.raises(DatabaseDownError):
        await write()
    await db.close()


def test_pool_recovers_by_itself(server: EmbeddedServer) -> None:
    async def ask_until_lost(db: Database) -> None:
        while True:
            await db.fetchval("select 1")

    async def play() -> None:
        db = await Database.connect(dsn, pool_min=3, pool_max=3)
        kill(server, children=True)
        with pytest.raises(DatabaseDownError):
            await ask_until_lost(db)
        await asyncio.to_thread(server.start_or_adopt)
        answers = await asyncio.gather(*(db.fetchval("select 1") for _ in range(10)))
        assert answers == [1] * 10
        await db.close()

    dsn = server.start_or_adopt()
    asyncio.run(play())


def test_pid_file_of_another_process_is_not_believed(server: EmbeddedServer) -> None:
    server.start_or_adopt()
    kill(server, children=True)
    path = server.pgdata / "postmaster.pid"
    old = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([str(os.getpid()), *old[1:]]) + "\n", "utf-8")
    assert not server.alive()
    server.start_or_adopt()
    assert server.pid not in (None, os.getpid())


def test_half_made_folder_is_made_again(server: EmbeddedServer) -> None:
    half = server.data_dir / "pgdata.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n", "ascii")
    assert ask(server.start_or_adopt(), "select 1") == 1
    assert not half.exists()


def test_server_that_does_not_start_says_why(server_folder: Path) -> None:
    server = EmbeddedServer(server_folder, {"shared_buffers": "nonsense"})
    with pytest.raises(KnownError, match="nonsense") as caught:
        server.start_or_adopt()
    assert caught.value.code == "embedded.start_failed"
    assert not server.alive()


def test_folder_of_another_version_is_refused(server: EmbeddedServer) -> None:
    server.start_or_adopt()
    server.stop()
    (server.pgdata / "PG_VERSION").write_text("12\n", "ascii")
    with pytest.raises(KnownError, match="made by PostgreSQL 12"):
        server.start_or_adopt()


def test_lost_passwords_are_named(server: EmbeddedServer) -> None:
    server.start_or_adopt()
    server.stop()
    (server.data_dir / "credentials.json").unlink()
    with pytest.raises(KnownError, match=r"credentials\.json"):
        server.start_or_adopt()


def test_long_folder_name_still_has_a_socket(server_folder: Path) -> None:
    server = EmbeddedServer(server_folder / ("x" * 120))
    try:
        assert ask(server.start_or_adopt(), "select 1") == 1
    finally:
        server.stop()


def test_forgetting_waits_for_nobody_when_nobody_is_left(server_folder: Path) -> None:
    (server_folder / "postmaster.pid").write_text("1\n", "ascii")
    assert postmaster.running(server_folder) is None
    postmaster.forget(server_folder)
    assert not (server_folder / "postmaster.pid").exists()


def test_server_that_only_hangs_up_does_not_answer(server_folder: Path) -> None:
    dying = postmaster.Postmaster(os.getpid(), 5432, str(server_folder), "ready")
    assert not postmaster.answers(dying)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(server_folder / ".s.PGSQL.5432"))
        listening.listen()
        with ThreadPoolExecutor(1) as pool:
            accepted = pool.submit(listening.accept)
            accepted.add_done_callback(lambda done: done.result()[0].close())
            assert not postmaster.answers(dying)


def test_lock_is_exclusive_and_ends_with_its_holder(server_folder: Path) -> None:
    lock, other = FolderLock(server_folder), FolderLock(server_folder)
    assert lock.try_acquire()
    assert not other.try_acquire()
    assert other.holder() == os.getpid()
    lock.release()
    with other:
        assert other.held
    assert not other.held
