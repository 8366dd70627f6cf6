"""A main window on the Trend page over a real database with four tags."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import HOUR, SECOND
from ksys_core.settings import Settings
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, all_sensors, set_limits, upsert_sensors
from ksys_hmi.presenters.trend import TrendPresenter
from ksys_hmi.progress import Progress
from ksys_hmi.runtime import ConnectionState, Runtime
from ksys_hmi.views.main_window import MainWindow
from ksys_hmi.views.trend import TrendPage

STEP = 10 * SECOND
_PATIENCE_S = 60
SPIKE = 400.0
TAGS = (
    NewSensor("FEED_FLOW", "m³/h", "RO/Feed", decimals=1, interval_s=10, origin="simulator",
              description={"en": "Feed flow", "ko": "공급 유량"}),
    NewSensor("FEED_PRESSURE", "bar", "RO/Feed", decimals=2, interval_s=10, description={"en": "Feed pressure"}),
    NewSensor("PRODUCT_FLOW", "m³/h", "RO/Product", decimals=1, interval_s=10, description={"ko": "생산 유량"}),
    NewSensor("PUMP_STATE", "", "RO/Pump", decimals=0, interpolation="step", interval_s=10),
)  # fmt: skip


@dataclass(slots=True)
class Plant:
    """What a scenario works with."""

    db: Database
    runtime: Runtime
    window: MainWindow
    start_ns: int
    stop_ns: int
    ids: dict[str, int]

    @property
    def page(self) -> TrendPage:
        page = self.window.page
        assert isinstance(page, TrendPage)
        return page

    @property
    def presenter(self) -> TrendPresenter:
        return self.page.presenter

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """A key on the canvas, as a person presses it."""
        self.page.canvas.setFocus()
        QTest.keyClick(self.page.canvas, key, modifier)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until `condition` holds; a wait in vain ends before the test's time limit."""
    async with asyncio.timeout(_PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - conditions of Qt widgets have no event
            await asyncio.sleep(0.005)


async def until_value(connection: asyncpg.Connection[asyncpg.Record], query: str, value: object) -> None:
    """Ask until `query` gives `value`; a wait in vain ends before the test's time limit."""
    async with asyncio.timeout(_PATIENCE_S):
        while await connection.fetchval(query) != value:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def fill(db: Database, stop_ns: int, hours: float = 12) -> dict[str, int]:
    """Twelve hours of the four tags at 10 s with one spike in FEED_FLOW and a gap of 20 minutes in FEED_PRESSURE."""
    ids = await upsert_sensors(db, TAGS)
    t = np.arange(stop_ns - round(hours * HOUR), stop_ns, STEP, dtype=np.int64)
    phase = t / HOUR
    values = {
        "FEED_FLOW": 120 + 15 * np.sin(phase) + np.random.default_rng(1).normal(0, 1, len(t)),
        "FEED_PRESSURE": 14 + 2 * np.sin(phase / 2),
        "PRODUCT_FLOW": 80 + 9 * np.sin(phase),
        "PUMP_STATE": (np.floor(phase) % 2).astype(np.float64),
    }
    values["FEED_FLOW"][len(t) // 2 + 360] = SPIKE
    hole = (t > stop_ns - 3 * HOUR) & (t < stop_ns - 3 * HOUR + HOUR // 3)
    for tag, v in values.items():
        keep = ~hole if tag == "FEED_PRESSURE" else np.ones(len(t), bool)
        await ingest(db, ReadingBatch.of(np.full(int(keep.sum()), ids[tag]), t[keep], v[keep]))
    await set_limits(db, ids["FEED_FLOW"], {"HH": 150.0, "H": 140.0, "L": 95.0, "LL": 90.0})
    return ids


@asynccontextmanager
async def trend_window(dsn: str, folder: Path, statement_timeout_s: float = 10.0) -> AsyncIterator[Plant]:
    """The window, shown and active, on an empty trend."""
    db = await Database.connect(dsn, pool_min=1, pool_max=5, application_name="tests")
    stop_ns = time.time_ns() // STEP * STEP
    ids = await fill(db, stop_ns)
    await db.close()
    db = await Database.connect(
        dsn, pool_min=1, pool_max=5, application_name="tests", statement_timeout_s=statement_timeout_s
    )
    async with asyncio.TaskGroup() as group:
        runtime = Runtime(Settings(data_dir=folder), group)
        runtime.use_database(db)
        runtime.sensors = {sensor.sensor_id: sensor for sensor in await all_sensors(db)}
        window = MainWindow(runtime, Progress(("Connect",)), "trend")
        runtime.set_connection(ConnectionState(connected=True, since_ns=stop_ns, ever=True))
        await window.show_banner()
        window.show_first_page()
        window.show()
        window.activateWindow()
        await until(window.isActiveWindow)
        try:
            yield Plant(db, runtime, window, stop_ns - 12 * HOUR, stop_ns, ids)
        finally:
            runtime.cancel_all()
            window.hide()
            window.deleteLater()
    await db.close()


def click(widget: QWidget) -> None:
    """A left click in the middle."""
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def statuses(plant: Plant) -> list[str]:
    return [pen.status for pen in plant.presenter.state.scene.pens]


async def show(plant: Plant, *tags: str) -> None:
    plant.runtime.open_page("trend", tags=list(tags))
    await until(lambda: statuses(plant) == ["ok"] * len(tags))
