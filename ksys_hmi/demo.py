"""The demo's plant: an embedded database, the simulator, the service as a child process, all kept running."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.settings import Settings
from ksys_core.settings_check import refuse_simulation
from ksys_core.settings_sources import environment_name
from ksys_core.store.embedded import EmbeddedServer, default_data_dir
from ksys_core.store.locks import FolderLock
from ksys_core.store.pool import Database
from ksys_hmi.progress import Progress
from ksys_hmi.runtime import Runtime

START_DATABASE: Final = N_("Start the embedded database")
BUILD_SCHEMA: Final = N_("Bring the schema up to date")
INSTALL_PLANT: Final = N_("Set up the simulated plant")
START_SERVICE: Final = N_("Start the service")

TREND_TAGS: Final = (
    "INLET_PRESSURE",
    "OUTLET_PRESSURE",
    "FEED_FLOW",
    "PRODUCT_FLOW",
    "FEED_COND",
    "PRODUCT_COND",
)
"""Pens of the demo's first trend: the tags with a forecast."""

_CHECK_S: Final = 0.5
_STOP_S: Final = 5.0
_STEADY_S: Final = 60.0
_MOST_WAIT_S: Final = 30.0


class Backoff:
    """The first restart at once, the next after 2, 4, 8 … 30 s; forgotten after a steady minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._last = -_STEADY_S

    def next_wait(self) -> float:
        """Seconds to wait before the restart that is due now."""
        now = self._clock()
        self._failures = 0 if now - self._last > _STEADY_S else self._failures + 1
        self._last = now
        return float(min(_MOST_WAIT_S, 2**self._failures)) if self._failures else 0.0


class Demo:
    """Everything behind a demo window. Blocking steps run in threads."""

    steps: tuple[str, ...] = (START_DATABASE, BUILD_SCHEMA, INSTALL_PLANT, START_SERVICE)

    def __init__(self, settings: Settings) -> None:
        self.folder: Path = (settings.data_dir or default_data_dir()).absolute()
        self._settings = settings
        self._server = EmbeddedServer(self.folder)
        self._lock = FolderLock(self.folder)
        self._service: subprocess.Popen[bytes] | None = None
        self._ending = False

    def claim(self) -> None:
        """Take the folder; `KnownError` when another demo has it."""
        refuse_simulation(self._settings)
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._lock.try_acquire():
            raise KnownError(
                "demo.running",
                N_("Another demo runs on {folder} (process {pid}). Close it, or give another folder with --data-dir."),
                folder=self.folder,
                pid=self._lock.holder(),
            )

    def release(self) -> None:
        self._lock.release()

    async def start(self, runtime: Runtime, progress: Progress) -> str:
        loop = asyncio.get_running_loop()

        def report(line: str) -> None:
            loop.call_soon_threadsafe(progress.detail, START_DATABASE, line.strip()[-100:])

        with progress.step(START_DATABASE):
            owner = await asyncio.to_thread(self._server.start_or_adopt, report)
            _yield_to_screen(self._server.pid)
            progress.detail(START_DATABASE, "")
        with progress.step(BUILD_SCHEMA):
            await asyncio.to_thread(_migrate, owner)
        with progress.step(INSTALL_PLANT):
            await asyncio.to_thread(_install_plant, owner, self._settings)
        with progress.step(START_SERVICE):
            await asyncio.to_thread(self._start_service)
        return self._server.dsn("operator")

    def supervise(self, runtime: Runtime) -> None:
        runtime.opening = {"trend": {"tags": list(TREND_TAGS)}}
        runtime.spawn(self._keep_server(runtime), "demo database")
        runtime.spawn(self._keep_service(runtime), "demo service")

    async def stop(self) -> None:
        self._ending = True
        await asyncio.to_thread(self._stop_all)

    async def _keep_server(self, runtime: Runtime) -> None:
        backoff = Backoff()
        while True:
            await asyncio.sleep(_CHECK_S)
            if await asyncio.to_thread(self._server.alive):
                continue
            runtime.events.message.emit(tr("The database ended; it is started again."))
            await asyncio.sleep(backoff.next_wait())
            try:
                await asyncio.to_thread(self._server.start_or_adopt)
                _yield_to_screen(self._server.pid)
            except KnownError as error:
                runtime.events.message.emit(str(error))

    async def _keep_service(self, runtime: Runtime) -> None:
        backoff = Backoff()
        while True:
            await asyncio.sleep(_CHECK_S)
            if self._service is not None and self._service.poll() is None:
                continue
            runtime.events.message.emit(tr("The service ended; it is started again."))
            await asyncio.sleep(backoff.next_wait())
            await asyncio.to_thread(self._start_service)

    def _start_service(self) -> None:
        if self._ending:
            return
        logs = self.folder / "log"
        logs.mkdir(parents=True, exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if name != environment_name("database.dsn")}
        environment |= {
            "TS_DSN": self._server.dsn("service"),
            "KSYS_PARENT_PIPE": "1",
            environment_name("data_dir"): str(self.folder),
        }
        with (logs / "service.out").open("ab") as output:
            self._service = subprocess.Popen(
                [sys.executable, "-m", "scheduler_service", "run"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        _yield_to_screen(self._service.pid)

    def _stop_all(self) -> None:
        service, self._service = self._service, None
        if service is not None:
            assert service.stdin is not None
            service.stdin.close()  # the service ends when its parent is gone
            try:
                service.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                service.kill()
                service.wait()
        self._server.stop()


def _yield_to_screen(pid: int | None) -> None:
    """Let the screen go before a process and its future children: all of the demo shares one small machine."""
    below_normal = psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 5
    with suppress(psutil.Error):  # gone already, or not ours
        if pid is not None:
            psutil.Process(pid).nice(below_normal)


def _migrate(dsn: str) -> None:
    from ksys_core.store.migrate import migrate

    asyncio.run(migrate(dsn))


def _install_plant(dsn: str, settings: Settings) -> None:
    from ksys_core.services.plant_setup import install_demo_plant

    async def install() -> None:
        db = await Database.connect(dsn, pool_min=1, pool_max=2, application_name="ksys-demo")
        try:
            simulator = settings.simulator
            await install_demo_plant(db, seed=simulator.seed, history_days=simulator.history_days)
        finally:
            await db.close()

    asyncio.run(install())
