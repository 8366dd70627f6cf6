"""Which of several instances leads: the holder of an advisory lock on a connection kept open for it.

The lock goes with the connection, so a killed leader loses it at once, one whose network broke when the server's
keep-alive notices, and one that hangs when a standby cuts its connection. A leader whose connection is gone stops
before it does anything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg
import stamina

from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.i18n import N_
from ksys_core.log import get_logger
from ksys_core.store import scheduler
from ksys_core.store.connection_errors import connecting, down, using
from ksys_core.store.service_instances import declare_others_lost, end_silent_leader, try_lead
from scheduler_service.failures import passes
from scheduler_service.stopping import ended

_log = get_logger(__name__)
POLL_S: Final = 1.0
PING_TIMEOUT_S: Final = 3.0
SILENT_S: Final = 6.0
ABANDONED: Final = N_("The service instance ended without closing this run")


class Leadership:
    """Contends for the lead for ever.

    Args:
        lead: runs while this instance leads; cancelled when the lead is lost.
        stand_by: told each time another instance turns out to lead.
    """

    def __init__(
        self, dsn: str, instance: UUID, lead: Callable[[], Awaitable[None]], stand_by: Callable[[], Awaitable[None]]
    ) -> None:
        self._dsn = dsn
        self._instance = instance
        self._lead = lead
        self._stand_by = stand_by

    async def contend(self) -> None:
        """Lead whenever nobody else does, through any loss of the database; ends only by cancellation."""
        while True:
            try:
                async with self._connection() as connection:
                    await self._wait_for_lead(connection)
                    await self._hold(connection)
            except KnownError as error:
                if not passes(error):
                    raise
                _log.warning("connection of the leader's lock lost", reason=str(error))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        connection = await self._connect()
        try:
            with connecting(), using():
                yield connection
        finally:
            connection.terminate()

    @stamina.retry(on=DatabaseDownError, attempts=None, timeout=None, wait_initial=0.2, wait_max=3.0, wait_jitter=0.5)
    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        with connecting():
            return await asyncpg.connect(
                self._dsn,
                timeout=5,
                server_settings={
                    "application_name": "ksys-scheduler-leader",
                    "tcp_keepalives_idle": "2",
                    "tcp_keepalives_interval": "2",
                    "tcp_keepalives_count": "2",
                },
            )

    async def _wait_for_lead(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        waiting = False
        while not await try_lead(connection):
            if not waiting:
                _log.info("another instance leads")
                await self._stand_by()
                waiting = True
            if await end_silent_leader(connection, SILENT_S):
                _log.warning("connection of a silent leader cut")
            await asyncio.sleep(POLL_S)

    async def _hold(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        closed = await scheduler.close_abandoned_runs(connection, ABANDONED)
        await declare_others_lost(connection, self._instance)
        _log.info("leading", abandoned_runs=closed)
        gone = asyncio.Event()
        connection.add_termination_listener(lambda _connection: gone.set())
        lead = asyncio.create_task(_whole(self._lead))
        watch = asyncio.create_task(_watch(connection, gone))
        try:
            await asyncio.wait({lead, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended((lead, watch))
        for task in (lead, watch):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error


async def _whole(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def _watch(connection: asyncpg.Connection[asyncpg.Record], gone: asyncio.Event) -> None:
    """End as soon as the connection is cut; raises `DatabaseDownError` when it answers no more."""
    while not gone.is_set():
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                await connection.execute("select 1")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            raise down(error) from error
        try:
            async with asyncio.timeout(POLL_S):
                await gone.wait()
        except TimeoutError:
            continue
