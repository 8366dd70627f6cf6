"""Changes told by the database, through loss and return of the server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ksys_core.store.embedded import EmbeddedServer
from ksys_core.store.events import Changed, EventStream
from ksys_core.store.pool import Database


async def following(stream: AsyncIterator[Changed]) -> Changed:
    return await asyncio.wait_for(anext(stream), 10)


async def test_resync_then_changes_in_order_of_commit(database: Database) -> None:
    async with aclosing(aiter(EventStream(database.dsn))) as changes:  # type: ignore[type-var]
        assert await following(changes) == Changed("resync")
        await database.execute("select ksys_notify('limits', array[7])")
        assert await following(changes) == Changed("limits", (7,))
        await database.execute("select ksys_notify('jobs')")
        assert await following(changes) == Changed("jobs")


async def test_changes_of_a_kind_are_joined_while_nobody_listens(database: Database) -> None:
    async with aclosing(aiter(EventStream(database.dsn))) as changes:  # type: ignore[type-var]
        await following(changes)
        await database.execute("select ksys_notify('readings', array[n]) from generate_series(1, 50) n")
        seen: set[int] = set()
        while len(seen) < 50:
            seen |= set((await following(changes)).ids)
        await database.execute("select ksys_notify('readings', array[1]), ksys_notify('readings')")
        assert await following(changes) == Changed("readings")


async def test_nonsense_on_the_channel_is_ignored(database: Database) -> None:
    async with aclosing(aiter(EventStream(database.dsn))) as changes:  # type: ignore[type-var]
        await following(changes)
        for nonsense in ("", "[]", "{", '{"kind": 1}', '{"kind": "x", "ids": 3}', '{"kind": "x", "ids": ["a"]}'):
            await database.execute("select pg_notify('ksys', $1)", nonsense)
        await database.execute("select ksys_notify('sensors')")
        assert await following(changes) == Changed("sensors")


async def test_too_many_ids_for_a_message_mean_all(database: Database) -> None:
    async with aclosing(aiter(EventStream(database.dsn))) as changes:  # type: ignore[type-var]
        await following(changes)
        await database.execute("select ksys_notify('readings', array(select generate_series(1, 5000)))")
        assert await following(changes) == Changed("readings")


async def test_loss_is_told_and_return_brings_a_resync(server_folder: Path) -> None:
    server = EmbeddedServer(server_folder, {"fsync": "off"})
    dsn = await asyncio.to_thread(server.start_or_adopt)
    told: asyncio.Queue[bool] = asyncio.Queue()
    stream = EventStream(dsn, told.put_nowait)
    async with aclosing(aiter(stream)) as changes:  # type: ignore[type-var]
        assert await following(changes) == Changed("resync")
        assert await told.get()
        await asyncio.to_thread(server.stop)
        assert not await asyncio.wait_for(told.get(), 10)
        assert not stream.connected
        await asyncio.to_thread(server.start_or_adopt)
        assert await asyncio.wait_for(told.get(), 10)
        assert await following(changes) == Changed("resync")
    await asyncio.to_thread(server.stop)


async def test_server_that_hangs_counts_as_lost(database: Database) -> None:
    """A relay that stops passing bytes stands for a dead network: no reset ever arrives."""
    socket = _socket(database.dsn)
    quiet = asyncio.Event()
    relays: list[asyncio.Task[None] | None] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relays.append(asyncio.current_task())
        up_reader, up_writer = await asyncio.open_unix_connection(socket)
        await asyncio.gather(_pump(reader, up_writer, quiet), _pump(up_reader, writer, quiet))

    proxy = await asyncio.start_server(relay, "127.0.0.1", 0)
    told: asyncio.Queue[bool] = asyncio.Queue()
    login = await database.fetchval("select current_user")
    password = database.dsn.split(":")[2].partition("@")[0]
    name = await database.fetchval("select current_database()")
    local = f"postgresql://{login}:{password}@127.0.0.1:{proxy.sockets[0].getsockname()[1]}/{name}?sslmode=disable"
    async with aclosing(aiter(EventStream(local, told.put_nowait))) as changes:  # type: ignore[type-var]
        await following(changes)
        assert await told.get()
        quiet.set()
        assert not await asyncio.wait_for(told.get(), 10)
    proxy.close()
    await asyncio.gather(*filter(None, relays))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, quiet: asyncio.Event) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            if not quiet.is_set():
                writer.write(data)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def _socket(dsn: str) -> str:
    query = parse_qs(urlsplit(dsn).query)
    if "host" not in query:
        pytest.skip("the server has no local socket")
    return f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
