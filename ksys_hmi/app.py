"""The program: one event loop, one root task group, a window, and the order in which all of it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication

from ksys_core.errors import KnownError
from ksys_core.i18n import tr
from ksys_core.settings import Settings
from ksys_core.settings_sources import load_settings
from ksys_hmi import connection, display
from ksys_hmi.bring_up import Plant, plant_for
from ksys_hmi.loop import HeapEventLoop
from ksys_hmi.options import Options
from ksys_hmi.progress import Progress
from ksys_hmi.qt_messages import log_qt_messages
from ksys_hmi.runtime import Runtime
from ksys_hmi.version import version
from ksys_hmi.views.main_window import MainWindow
from ksys_hmi.warm_up import warm_up
from ksys_hmi.watchdog import Watchdog, catch_crashes

_log = logging.getLogger("ksys.hmi")
_POOL_CLOSE_S = 2.0
_SETTLE_S = 0.5
FIRST_BANNER = "the banner is live"
"""Log line that ends the start; `tests.benchmarks.startup` waits for it."""


def run(options: Options) -> int:
    """Run the HMI to its end; returns the exit status. Raises `KnownError` for what stops it from starting."""
    catch_crashes()
    settings = load_settings(options.overrides, environ=os.environ, config_file=options.config).settings
    tr.language = settings.hmi.language
    plant = plant_for(options, settings)
    console = _first_console(settings.log_level)
    log_qt_messages()
    app = QApplication(["ksys-hmi"])
    app.setApplicationName("KSys")
    app.setApplicationVersion(version())
    app.setQuitOnLastWindowClosed(False)
    try:
        with asyncio.Runner(loop_factory=lambda: HeapEventLoop(app)) as runner:
            return runner.run(_Program(app, options, settings, plant, console).run())
    finally:
        plant.release()


def _first_console(level: str) -> logging.Handler:
    """Plain lines on standard error until the full log is open."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)-7s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)  # its plug-ins are no news to an operator
    return handler


class _Program:
    def __init__(
        self, app: QApplication, options: Options, settings: Settings, plant: Plant, console: logging.Handler
    ) -> None:
        self._app = app
        self._options = options
        self._settings = settings
        self._plant = plant
        self._console = console
        self._closing = asyncio.Event()
        self._watchdog = Watchdog()

    async def run(self) -> int:
        display.switch_theme(self._app, self._settings.hmi.theme)
        self._watchdog.start()
        async with asyncio.TaskGroup() as group:
            runtime = Runtime(self._settings, group)
            runtime.watchdog = self._watchdog
            runtime.events.quit_requested.connect(self._closing.set)
            self._end_on_signals(self._closing.set)
            progress = Progress((*self._plant.steps, connection.CONNECT))
            window = MainWindow(runtime, progress, self._options.page)
            self._show(window)
            runtime.spawn(self._bring_up(runtime, progress, window), "start-up")
            await self._wait_for_the_end()
            if self._options.screenshot:
                await _write_picture(window, self._options.screenshot)
            window.hide()
            runtime.cancel_all()
        await window.horn.close()
        await self._shut_down(runtime)
        window.deleteLater()
        return 0 if runtime.connection.ever or self._closing.is_set() else 1

    def _show(self, window: MainWindow) -> None:
        if self._options.offscreen:
            window.resize(1920, 1080)
            window.show()
        else:
            window.showMaximized()

    def _end_on_signals(self, end: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP", "SIGINT"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: loop.call_soon_threadsafe(end))

    async def _wait_for_the_end(self) -> None:
        try:
            async with asyncio.timeout(self._options.exit_after):
                await self._closing.wait()
        except TimeoutError:
            _log.info("ending after %s s as asked", self._options.exit_after)

    async def _bring_up(self, runtime: Runtime, progress: Progress, window: MainWindow) -> None:
        try:
            dsn = await self._plant.start(runtime, progress)
            await connection.connect(runtime, progress, dsn)
        except KnownError as error:
            _log.error("%s", error)
            progress.show_problem(str(error))
            return
        runtime.spawn(connection.follow(runtime, dsn), "events")
        self._plant.supervise(runtime)
        await window.show_banner()
        _log.info("%s", FIRST_BANNER)
        window.show_first_page()
        await _page_loaded(window)
        window.horn.start()
        if self._options.screenshot:
            await asyncio.sleep(_SETTLE_S)
            await _write_picture(window, self._options.screenshot)
        await asyncio.to_thread(self._open_log)
        await warm_up(window)
        gc.collect()
        gc.freeze()
        self._watchdog.start_up_over()

    def _open_log(self) -> None:
        """The program's full log. Its libraries cost the start a tenth of its time, so they wait until now."""
        from ksys_core import log

        logging.getLogger().removeHandler(self._console)
        log.configure("ksys-hmi", self._settings.log_level, self._plant.folder / "log")

    async def _shut_down(self, runtime: Runtime) -> None:
        await runtime.close_database(_POOL_CLOSE_S)
        await self._plant.stop()
        self._watchdog.stop()


async def _page_loaded(window: MainWindow) -> None:
    loaded = asyncio.Event()
    page = window.page
    if page is None or page.loaded:
        return
    page.presenter.changed.connect(lambda state: None if state.loading else loaded.set())
    await loaded.wait()


async def _write_picture(window: MainWindow, path: Path) -> None:
    image = window.grab().toImage()
    if not await asyncio.to_thread(image.save, str(path)):
        _log.error("%s", tr("The picture could not be written to {path}.", path=path))
