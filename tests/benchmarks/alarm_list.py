"""The alarm desk with 20,000 active alarms of which 500 a second change: from the message to the painted list.

``python -m tests.benchmarks.alarm_list [--json] [--alarms N] [--batches N]``

Every quarter of a second 125 alarms change in the database (values, acknowledgements, returns, new ones) and the list
is told which. Measured is from that message until the list is painted, with reading the rows. The reference is the
same batches shown by QSortFilterProxyModel over a model of Python rows, already read.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtWidgets import QApplication, QTableView, QWidget

from ksys_core import log
from ksys_core.domain.alarms.rows import AlarmRow
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.services import alarms
from ksys_core.settings import Settings
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import all_sensors
from ksys_core.store.session import open_session
from ksys_hmi import style
from ksys_hmi.loop import HeapEventLoop
from ksys_hmi.models.alarm_columns import AlarmColumns
from ksys_hmi.presenters.alarms import NOT_NORMAL
from ksys_hmi.runtime import ConnectionState, Runtime
from ksys_hmi.views.alarms import AlarmsPage
from tests.benchmarks.report import durable_server, line, parser

PER_SECOND, EVERY_S = 500, 0.25
MOST_IDS = 500  # a message with more names none
_BUILD = """
insert into sensors (tag, description, unit, area, interval_s)
select 'T-' || k, jsonb_build_object('en', 'Pressure after filter ' || k), 'bar',
       'Unit ' || k % 40 || '/Train ' || k % 7, 10
  from generate_series(1, $1::int) k
"""
_DEFINE = """
insert into alarm_definitions (sensor_id, kind, priority, response_s, cause)
select sensor_id, 'H', 1 + (sensor_id * 7919 % 20 > 0)::int + (sensor_id * 7919 % 20 > 3)::int, 600,
       '{"en": "Filter blocked"}'
  from sensors
"""
_ACTIVATE = """
update alarms set cond = 'A', occurrence = 1, acked_occurrence = alarm_id % 3 / 2, value = 12.3, limit_value = 10,
                  active_since = now() - random() * interval '8 hours'
"""
_CHANGE = """
update alarms a set
  cond = case when c.n % 5 = 0 then case a.cond when 'A' then 'N' else 'A' end else a.cond end,
  acked_occurrence = case when c.n % 5 = 1 then a.occurrence else a.acked_occurrence end,
  occurrence = case when c.n % 5 = 0 and a.cond <> 'A' then a.occurrence + 1 else a.occurrence end,
  active_since = case when c.n % 5 = 0 and a.cond <> 'A' then now() else a.active_since end,
  value = a.value + 0.1
  from unnest($1::int[]) with ordinality as c(alarm_id, n) where a.alarm_id = c.alarm_id
"""


class Painted(QObject):
    """Remembers when a widget was painted last."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.at = 0.0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: Any) -> bool:
        if event.type() == event.Type.Paint:
            asyncio.get_running_loop().call_soon(self._note)
        return False

    def _note(self) -> None:
        self.at = time.perf_counter()


async def build(db: Database, count: int) -> None:
    """Tags with an hour of readings, each with an alarm that is active."""
    await db.execute(_BUILD, count)
    sensors, draw = list(await all_sensors(db)), np.random.default_rng(7)
    ids, now = [sensor.sensor_id for sensor in sensors], time.time_ns() // SECOND * SECOND
    for minutes in range(55, -1, -5):
        await ingest(db, ReadingBatch.of(ids, [now - minutes * MINUTE] * count, draw.normal(11, 1, count)))
    for statement in (_DEFINE, _ACTIVATE, "analyze"):
        await db.execute(statement)


async def until_painted(painted: Painted, changed_at: float) -> float:
    """When the first painting after `changed_at` had ended."""
    while painted.at <= changed_at:  # noqa: ASYNC110 - paint events are no asyncio event
        await asyncio.sleep(0.001)
    return painted.at


async def desk(runtime: Runtime, batches: int) -> tuple[list[tuple[float, float]], list[AlarmRow]]:
    """Seconds from message to painted list, and of these in which the loop's thread computed; the rows at the start."""
    page = AlarmsPage(runtime)
    page.resize(1680, 900)
    page.show()
    presenter = page.list.alarms
    while presenter.state.loading or not presenter.live.state.hours:  # noqa: ASYNC110 - until the list is there
        await asyncio.sleep(0.01)
    start = [row for row in presenter.model.rows if isinstance(row, AlarmRow)]
    painted, loaded = Painted(page.list.table.viewport()), asyncio.Event()
    presenter.changed.connect(lambda _state: loaded.set())
    changed_at = [0.0]
    for signal in (presenter.model.dataChanged, presenter.model.layoutChanged, presenter.model.rowsRemoved):
        signal.connect(lambda *_args: changed_at.__setitem__(0, time.perf_counter()))
    took = []
    async for ids in changes(runtime.db, [row.alarm_id for row in start], batches):
        loaded.clear()
        begin, computed = time.perf_counter(), time.thread_time()
        runtime.events.changed.emit("alarms", tuple(ids))
        await loaded.wait()
        end = await until_painted(painted, changed_at[0])
        took.append((end - begin, time.thread_time() - computed))
    runtime.cancel_all()
    page.hide()
    page.deleteLater()
    return took, start


async def changes(db: Database, everyone: list[int], batches: int) -> AsyncIterator[list[int]]:
    """Ids of the alarms of each batch, after they have changed in the database: as many as their time brings."""
    draw, last = random.Random(3), time.perf_counter()
    for _ in range(batches):
        await asyncio.sleep(EVERY_S)  # the presenter reads at most four times a second
        now = time.perf_counter()
        ids = draw.sample(everyone, min(round(PER_SECOND * (now - last)), MOST_IDS))
        last = now
        await db.execute(_CHANGE, ids)
        yield ids


class PlainModel(QAbstractTableModel):
    """Rows of Python objects, the texts by the desk's own columns."""

    def __init__(self, rows: list[AlarmRow], columns: Any) -> None:
        super().__init__()
        self.alarms = rows
        self.columns = columns

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return len(self.alarms)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return len(self.columns)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.alarms[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[index.column()].text(row)
        if role == Qt.ItemDataRole.UserRole:
            rank = row.isa in ("ACKED", "LACKED")
            return f"{row.priority}{rank:d}{2**63 - (row.active_since or 0):020d}{row.alarm_id:010d}"
        return None


async def proxy(db: Database, rows: list[AlarmRow], batches: int, columns: Any) -> list[float]:
    """Seconds from a message to the painted list, read by the same query and sorted by QSortFilterProxyModel.

    What returns to normal stays in this list, which spares it the removal.
    """
    source = PlainModel(rows, columns)
    place = {row.alarm_id: n for n, row in enumerate(rows)}
    sorted_rows = QSortFilterProxyModel()
    sorted_rows.setSourceModel(source)
    sorted_rows.setSortRole(Qt.ItemDataRole.UserRole)
    sorted_rows.setDynamicSortFilter(True)
    sorted_rows.sort(0)
    view = QTableView()
    view.setModel(sorted_rows)
    view.resize(1340, 800)
    view.show()
    painted, took = Painted(view.viewport()), []
    await until_painted(painted, 0)
    async for ids in changes(db, list(place), batches):
        begin = time.perf_counter()
        read = {row.alarm_id: row for row in (await alarms.load_active(db, states=NOT_NORMAL, alarm_ids=ids)).rows}
        for alarm_id in ids:
            n = place[alarm_id]
            source.alarms[n] = read.get(alarm_id) or replace(source.alarms[n], isa="NORM")
            source.dataChanged.emit(source.index(n, 0), source.index(n, len(columns) - 1))
        view.viewport().update()
        took.append(await until_painted(painted, time.perf_counter()) - begin)
    view.hide()
    view.deleteLater()
    return took


async def measure(dsn: str, count: int, batches: int) -> tuple[list[tuple[float, float]], list[float]]:
    await migrate(dsn)
    db = await Database.connect(dsn, statement_timeout_s=0)
    await build(db, count)
    async with asyncio.TaskGroup() as group:
        runtime = Runtime(Settings(), group)
        runtime.use_database(db)
        runtime.session = await open_session(db)
        runtime.sensors = {sensor.sensor_id: sensor for sensor in await all_sensors(db)}
        runtime.set_connection(ConnectionState(connected=True, since_ns=0, ever=True))
        took, start = await desk(runtime, batches)
    columns = AlarmColumns(runtime.zone, runtime.now_ns, dict).active()
    reference = await proxy(db, start, batches, columns)
    await db.close()
    return took, reference


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--alarms", type=int, default=20_000)
    given.add_argument("--batches", type=int, default=120)
    options = given.parse_args()
    log.configure("benchmark", "warning", None)
    app = QApplication([])
    style.apply(app, "day")
    with durable_server() as dsn, asyncio.Runner(loop_factory=lambda: HeapEventLoop(app)) as runner:
        took, reference = runner.run(measure(dsn, options.alarms, options.batches))
    milliseconds, computing = 1000 * np.array(took).T
    p99 = float(np.percentile(milliseconds, 99))
    line(
        "alarm_list",
        p99,
        "ms",
        1000 * float(np.percentile(reference, 99)),
        as_json=options.json,
        p50_ms=round(float(np.median(milliseconds)), 1),
        p99_ms=round(p99, 1),
        computing_p50_ms=round(float(np.median(computing)), 1),
        computing_p99_ms=round(float(np.percentile(computing, 99)), 1),
        reference_p50_ms=round(1000 * statistics.median(reference), 1),
        alarms=options.alarms,
        changes_per_second=PER_SECOND,
        batches=options.batches,
        compared_with="QSortFilterProxyModel over Python rows, texts only",
    )


if __name__ == "__main__":
    main()
