"""A main window on a real database with a small plant in alarm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ksys_core.i18n import tr
from ksys_core.services.alarms import evaluate_once
from ksys_core.settings import Settings
from ksys_core.store.pool import Database
from ksys_core.store.sensors import all_sensors
from ksys_core.store.session import open_session
from ksys_hmi.progress import Progress
from ksys_hmi.runtime import ConnectionState, Runtime
from ksys_hmi.views.main_window import MainWindow
from tests.integration.alarms_plant import Plant, build_plant


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that Qt's events bring about."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - Qt has no event to wait for from a coroutine
            await asyncio.sleep(0.01)


async def _plant_in_alarm(db: Database) -> Plant:
    plant = await build_plant(db, 3)
    await db.execute('update alarm_definitions set priority = least(alarm_id, 4), cause = \'{"en": "<b>Fouling</b>"}\'')
    await plant.reads(0, 12.0, 12.0, 12.0)
    await evaluate_once(db, plant.clock)
    return plant


@asynccontextmanager
async def window_with_plant(dsn: str, page_id: str) -> AsyncIterator[tuple[MainWindow, Plant]]:
    """A shown window on `page_id`, in English; alarms of priorities 1, 2 and 3 are active."""
    tr.language = "en"
    db = await Database.connect(dsn, pool_min=1, pool_max=4)
    plant = await _plant_in_alarm(db)
    async with asyncio.TaskGroup() as group:
        runtime = Runtime(Settings(), group)
        runtime.use_database(db)
        runtime.session = await open_session(db)
        runtime.sensors = {sensor.sensor_id: sensor for sensor in await all_sensors(db)}
        runtime.set_connection(ConnectionState(connected=True, since_ns=0, ever=True))
        window = MainWindow(runtime, Progress(()), page_id)
        window.show()
        await window.show_banner()
        window.show_first_page()
        window.activateWindow()
        page = window.page
        assert page is not None
        try:
            await until(lambda: page.loaded and window.isActiveWindow())
            yield window, plant
        finally:
            runtime.cancel_all()
            window.hide()
            window.deleteLater()
    await db.close()
