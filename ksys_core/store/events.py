"""What changed in the database, told by NOTIFY: keys only, never data."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Final

import asyncpg

from ksys_core.errors import KnownError
from ksys_core.store.connection_errors import connecting, using

CHANNEL: Final = "ksys"
_PING_EVERY_S: Final = 1.0
_PING_TIMEOUT_S: Final = 1.5
_CONNECT_TIMEOUT_S: Final = 2.0
_RETRY_S: Final = (0.1, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Changed:
    """`kind` of thing that changed ("readings", "limits", …) and which; empty `ids`: any of them.

    Kind "resync" comes after every (re)connect: anything may have changed meanwhile.
    """

    kind: str
    ids: tuple[int, ...] = ()


class Joined:
    """Changes that wait for a consumer, joined by kind: a slow one misses nothing, and memory stays bounded."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[int]] = {}  # an empty set: all
        self._news = asyncio.Event()

    def add(self, kind: str, ids: Iterable[int]) -> None:
        """Join a change; no `ids`: any."""
        new, before = set(ids), self._waiting.get(kind)
        everything = not new or (before is not None and not before)
        self._waiting[kind] = set() if everything else new | (before or set())
        self._news.set()

    async def any(self) -> None:
        """Until there is a change to take."""
        await self._news.wait()

    def take(self) -> list[Changed]:
        """What has come since the last time."""
        self._news.clear()
        waiting, self._waiting = self._waiting, {}
        return [Changed(kind, tuple(sorted(ids))) for kind, ids in waiting.items()]


class EventStream:
    """Changes as they are committed, on a connection of its own that is pinged every second and made again when lost.

    Use it once: ``async for changed in EventStream(dsn)``. Nothing is raised when the server is lost: `connected`
    turns false within 3 s and `on_connection` is called with it. While the consumer is busy, changes of a kind
    are joined, so a slow one misses nothing and memory stays bounded.
    """

    def __init__(self, dsn: str, on_connection: Callable[[bool], None] | None = None) -> None:
        self._dsn = dsn
        self._on_connection = on_connection
        self._connected: bool | None = None
        self._changes = Joined()

    @property
    def connected(self) -> bool:
        return bool(self._connected)

    async def __aiter__(self) -> AsyncIterator[Changed]:
        keeper = asyncio.create_task(self._keep_connected(), name="events")
        try:
            while True:
                for changed in await self._take(keeper):
                    yield changed
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    async def _take(self, keeper: asyncio.Task[None]) -> list[Changed]:
        waiter = asyncio.ensure_future(self._changes.any())
        try:
            await asyncio.wait((waiter, keeper), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
        if keeper.done():
            keeper.result()  # a bug in there must not look like silence
        return self._changes.take()

    async def _keep_connected(self) -> None:
        attempt = 0
        while True:
            try:
                await self._listen()
            except KnownError:
                pause = _RETRY_S[min(attempt, len(_RETRY_S) - 1)]
                attempt = 0 if self._connected else attempt + 1
                self._set_connected(False)
                await asyncio.sleep(pause)

    async def _listen(self) -> None:
        """Listen until the connection is lost, which raises."""
        with connecting():
            settings = {"application_name": "ksys-events"}
            connection = await asyncpg.connect(self._dsn, timeout=_CONNECT_TIMEOUT_S, server_settings=settings)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        try:
            with using(), connecting():
                await connection.add_listener(CHANNEL, self._heard)
                self._set_connected(True)
                self._changes.add("resync", [])
                while True:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(lost.wait(), _PING_EVERY_S)
                    await connection.execute("select 1", timeout=_PING_TIMEOUT_S)
        finally:
            connection.terminate()

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        with contextlib.suppress(ValueError, KeyError, TypeError):  # anyone may send anything on the channel
            message = json.loads(str(payload))
            self._changes.add(str(message["kind"]), [int(key) for key in message["ids"]])

    def _set_connected(self, connected: bool) -> None:
        if connected != self._connected:
            self._connected = connected
            if self._on_connection is not None:
                self._on_connection(connected)
