"""The service: connects, contends for the lead, leads, gives signs of life, and ends in order."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Coroutine
from contextlib import suppress
from importlib.metadata import version
from typing import Any, Final

import psutil
import stamina

from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.i18n import N_
from ksys_core.log import get_logger
from ksys_core.settings import Settings
from ksys_core.sources.kinds import SOURCE_KINDS
from ksys_core.store import service_instances
from ksys_core.store.events import EventStream
from ksys_core.store.pool import Database
from ksys_core.store.schema import check_not_newer, schema_status
from ksys_core.store.service_instances import InstanceState
from scheduler_service.collectors import Collectors
from scheduler_service.executor import LazyExecutor
from scheduler_service.failures import log_first_retries
from scheduler_service.health import LoopWatch, ping_watchdog, sd_notify
from scheduler_service.jobs import job_table
from scheduler_service.leadership import Leadership
from scheduler_service.runner import Runner
from scheduler_service.schedule import Schedule
from scheduler_service.stopping import STOP_LIMIT_S, stop_on_signals, stop_with_parent, unless_stopped
from scheduler_service.trainer import Trainer

_log = get_logger(__name__)
HEARTBEAT_S: Final = 2.0


def required_dsn(settings: Settings) -> str:
    """The connection string; raises `KnownError` when none is set."""
    if settings.database.dsn is None:
        raise KnownError("settings.no_dsn", N_("No database is set. Set TS_DSN to its connection string."))
    return settings.database.dsn.get_secret_value()


@stamina.retry(on=DatabaseDownError, attempts=None, timeout=None, wait_initial=0.2, wait_max=5.0, wait_jitter=0.5)
async def connect(settings: Settings) -> Database:
    """The database, waited for as long as it takes; raises `KnownError` when it can't be this program's."""
    db = await Database.connect(
        required_dsn(settings),
        pool_min=1,
        pool_max=min(settings.database.pool_max, 10),
        statement_timeout_s=settings.database.statement_timeout_s,
        application_name="ksys-scheduler",
    )
    status = await schema_status(db)
    check_not_newer(status)
    if status.pending:
        raise KnownError("database.old", N_('The database lacks schema steps. Run "ksys db migrate" as its owner.'))
    return db


async def serve(settings: Settings) -> None:
    """Run the service until it is told to stop; raises `KnownError` for what only a person can mend."""
    stop = asyncio.Event()
    log_first_retries()
    stop_on_signals(stop)
    stop_with_parent(stop, os.environ)
    db = await unless_stopped(stop, connect(settings))
    if db is None:
        return
    try:
        await Service(db, settings).run(stop)
    finally:
        with suppress(TimeoutError, KnownError):
            async with asyncio.timeout(1):
                await db.close()


class Service:
    """One instance."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.instance = uuid.uuid4()
        self._db = db
        self._settings = settings
        self._state: InstanceState = "starting"
        self._changed = asyncio.Event()
        self._loop_watch = LoopWatch()
        self._process = psutil.Process()
        self._executor = LazyExecutor(settings.executor)
        self._runner = Runner(db, settings, self.instance, self._executor)
        self._collectors = Collectors(db, settings, SOURCE_KINDS)
        self._trainer = Trainer(db, self.instance)
        self._schedule: Schedule | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then end within `STOP_LIMIT_S`."""
        leadership = Leadership(self._db.dsn, self.instance, self._lead, self._stand_by)
        works: list[Coroutine[Any, Any, None]] = [
            leadership.contend(), self._give_heartbeats(), self._listen(), self._loop_watch.watch()
        ]  # fmt: skip
        if self._settings.ml_enabled and self._settings.enable_ai_features:
            works.append(self._trainer.run())
        tasks = [asyncio.create_task(work) for work in works]
        watchdog = asyncio.create_task(ping_watchdog())
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({*tasks, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sd_notify("STOPPING=1")
            failures = [task for task in tasks if task.done()]
            for task in (*tasks, watchdog, stopped):
                task.cancel()
            await self._end(tasks)
        for task in failures:
            task.result()

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        self._state = "stopping"
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._collectors.stop()
                self._state = "stopped"
                await self._beat()
                await service_instances.announce(self._db)
        except (TimeoutError, KnownError) as error:
            _log.warning("not everything could be written at the end", reason=str(error) or type(error).__name__)
        finally:
            self._executor.close()

    async def _lead(self) -> None:
        self._enter("leading")
        self._collectors.start()
        self._schedule = Schedule(self._db, self._runner, job_table(self._settings, self._db))
        try:
            await self._schedule.run()
        finally:
            self._schedule = None
            self._enter("standby")

    async def _stand_by(self) -> None:
        self._enter("standby")
        await self._collectors.stop()

    def _enter(self, state: InstanceState) -> None:
        self._state = state
        self._changed.set()

    async def _listen(self) -> None:
        async for change in EventStream(self._db.dsn):
            if change.kind in ("jobs", "resync") and self._schedule is not None:
                self._schedule.look_for_requests()
            if change.kind in ("sources", "resync"):
                self._collectors.look_again()
            if change.kind in ("training", "resync"):
                self._trainer.look_again()

    async def _give_heartbeats(self) -> None:
        told: InstanceState | None = None
        reached = True
        while True:
            self._changed.clear()
            try:
                await self._beat()
                if told is None:
                    sd_notify("READY=1")
                if told != self._state:
                    told = self._state
                    sd_notify(f"STATUS={told}")
                    await service_instances.announce(self._db)
                reached = True
            except KnownError as error:
                if reached:
                    _log.warning("database lost", reason=str(error))
                    sd_notify("STATUS=database lost")
                reached = False
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._changed.wait()

    async def _beat(self) -> None:
        state = self._state
        info = {
            "loop_longest_ms": round(self._loop_watch.longest_s * 1000, 1),
            "memory_mb": round(self._process.memory_info().rss / 1e6, 1),
            "cpu_s": round(sum(self._process.cpu_times()[:2]), 1),
            "buffered": self._collectors.buffered,
        }
        await service_instances.beat(
            self._db,
            instance=self.instance,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=version("ksys"),
            state=state,
            leader=state == "leading",
            info=info,
        )
