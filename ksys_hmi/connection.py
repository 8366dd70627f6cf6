"""Keeping the HMI connected: first connection with patience, liveness by the event stream, resync after a loss."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.i18n import N_
from ksys_core.store.events import EventStream
from ksys_core.store.pool import Database
from ksys_core.store.sensors import all_sensors
from ksys_core.store.session import open_session
from ksys_hmi.progress import Progress
from ksys_hmi.runtime import ConnectionState, Runtime

CONNECT: Final = N_("Connect to the database")
RETRY_S: Final = 1.0
_APPLICATION: Final = "ksys-hmi"


async def connect(runtime: Runtime, progress: Progress, dsn: str) -> None:
    """Make the first connection, trying again until the database answers; a refused login is raised."""
    with progress.step(CONNECT):
        while True:
            try:
                await _connect_once(runtime, dsn)
            except DatabaseDownError as error:
                progress.show_problem(str(error))
                await asyncio.sleep(RETRY_S)
            else:
                progress.show_problem("")
                return


async def _connect_once(runtime: Runtime, dsn: str) -> None:
    options = runtime.settings.database
    db = await Database.connect(
        dsn,
        pool_min=min(2, options.pool_min),  # the others are opened when they are needed: the start is faster
        pool_max=options.pool_max,
        statement_timeout_s=options.statement_timeout_s,
        application_name=_APPLICATION,
    )
    runtime.use_database(db)
    runtime.session = await open_session(db)
    await _load_sensors(runtime)
    runtime.set_connection(ConnectionState(connected=True, ever=True, since_ns=time.time_ns()))


async def _load_sensors(runtime: Runtime) -> None:
    runtime.sensors = {sensor.sensor_id: sensor for sensor in await all_sensors(runtime.db)}


async def follow(runtime: Runtime, dsn: str) -> None:
    """Pass on the database's events for as long as the program runs, and say when it is lost and back."""

    def on_change(connected: bool) -> None:
        state = ConnectionState(connected=connected, ever=True, since_ns=runtime.now_ns())
        if connected != runtime.connection.connected:
            runtime.set_connection(state)

    stream = EventStream(dsn, on_change)
    async for event in stream:
        if event.kind in ("sensors", "resync"):
            try:
                await _load_sensors(runtime)
            except KnownError:
                continue  # lost again: the next resync brings them
        runtime.events.changed.emit(event.kind, event.ids)
