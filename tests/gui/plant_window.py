"""A main window on a real database with a small plant in alarm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ksys_core.domain.alarms.rows import AlarmRow
from ksys_core.i18n import tr
from ksys_core.services.alarms_evaluator import evaluate_once
from ksys_core.settings import Settings
from ksys_core.store.pool import Database
from ksys_core.store.sensors import all_sensors
from ksys_core.store.session import open_session
from ksys_hmi import connection
from ksys_hmi.progress import Progress
from ksys_hmi.runtime import ConnectionState, Runtime
from ksys_hmi.views.alarm_list import AlarmList
from ksys_hmi.views.alarms import AlarmsPage
from ksys_hmi.views.main_window import MainWindow
from tests.integration.alarms_plant import Plant, build_plant


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that Qt's events bring about."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - Qt has no event to wait for from a coroutine
            await asyncio.sleep(0.01)


def alarm_rows(listed: AlarmList) -> list[AlarmRow]:
    """The alarms of a list as they are shown, without the headings of groups."""
    return [row for row in listed.table.model().rows if isinstance(row, AlarmRow)]


async def _plant_in_alarm(db: Database, tags: int) -> Plant:
    plant = await build_plant(db, tags)
    await db.execute('update alarm_definitions set priority = least(alarm_id, 4), cause = \'{"en": "<b>Fouling</b>"}\'')
    await plant.reads(0, *([12.0] * tags))
    await evaluate_once(db, plant.clock)
    await db.execute("insert into alarm_evaluation (evaluated_at, next_at) values (now(), '2100-01-01')")
    return plant


@asynccontextmanager
async def window_with_plant(dsn: str, page_id: str, tags: int = 3) -> AsyncIterator[tuple[MainWindow, Plant]]:
    """A shown window on `page_id`, in English; alarms of priorities 1, 2, 3 (4 from the fourth tag on) are active.

    They were evaluated once and count as evaluated from then on.
    """
    db = await Database.connect(dsn, pool_min=1, pool_max=4)
    plant = await _plant_in_alarm(db, tags)
    await db.close()
    async with window_on(dsn, page_id) as window:
        plant.db = window.runtime.db
        page = window.page
        if isinstance(page, AlarmsPage):  # its rows come in batches, after the page
            await until(lambda: len(alarm_rows(page.list)) == tags)
        yield window, plant


@asynccontextmanager
async def window_on(dsn: str, page_id: str) -> AsyncIterator[MainWindow]:
    """A shown window on `page_id` of a database, in English, that hears what changes."""
    tr.language = "en"
    db = await Database.connect(dsn, pool_min=1, pool_max=4)
    async with asyncio.TaskGroup() as group:
        runtime = Runtime(Settings(), group)
        runtime.use_database(db)
        runtime.session = await open_session(db)
        runtime.sensors = {sensor.sensor_id: sensor for sensor in await all_sensors(db)}
        runtime.set_connection(ConnectionState(connected=True, since_ns=0, ever=True))
        listening = asyncio.Event()
        runtime.events.changed.connect(lambda _kind, _ids: listening.set())
        runtime.spawn(connection.follow(runtime, dsn), "events")
        window = MainWindow(runtime, Progress(()), page_id)
        window.show()
        await window.show_banner()
        window.show_first_page()
        window.activateWindow()
        page = window.page
        assert page is not None
        try:
            await until(lambda: page.loaded and window.isActiveWindow() and listening.is_set())
            yield window
        finally:
            runtime.cancel_all()
            window.hide()
            window.deleteLater()
    await db.close()
