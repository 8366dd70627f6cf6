"""Presenter of the master alarm table: the records as they stand, filtered, and the work on their files."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from PySide6.QtCore import Signal

from ksys_core.domain.alarms.master import FIELDS, MasterRecord, written
from ksys_core.domain.alarms.master_diff import MasterDiff, RowDiff
from ksys_core.domain.alarms.matrix import Derivation, PriorityMatrix
from ksys_core.domain.times import to_datetime
from ksys_core.errors import KnownError
from ksys_core.i18n import tr
from ksys_core.services import alarms_master as master
from ksys_core.services.alarms_master import HistoryEntry, MasterAlarm, MasterTable
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.presenters.file_export import FileExport, FileImport
from ksys_hmi.presenters.master_edit import EditSession
from ksys_hmi.runtime import Runtime

__all__ = [
    "Comparison",
    "HistoryEntry",
    "MasterDiff",
    "MasterFilter",
    "MasterPresenter",
    "MasterRow",
    "MasterState",
    "PriorityMatrix",
    "RowDiff",
]


@dataclass(frozen=True, slots=True)
class MasterRow:
    """One alarm with where its priority comes from, and whether its review is due (`overdue`)."""

    alarm: MasterAlarm
    derivation: Derivation
    overdue: bool

    @property
    def record(self) -> MasterRecord:
        return self.alarm.record


@dataclass(frozen=True, slots=True)
class MasterFilter:
    """Which alarms are shown: those that contain `text`, only the unfinished, only those whose review is due."""

    text: str = ""
    open_only: bool = False
    overdue_only: bool = False

    def lets_through(self, row: MasterRow) -> bool:
        if (self.open_only and row.record.rationalised) or (self.overdue_only and not row.overdue):
            return False
        if not self.text:
            return True
        texts = (written(each, getattr(row.record, each.name)) for each in FIELDS)
        haystack = " ".join((*texts, *row.alarm.description.values(), row.alarm.area)).casefold()
        return all(word in haystack for word in self.text.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterState(PageState):
    """Attributes:
    rows: what the filter lets through; total: of all alarms.
    unfinished, overdue, unauthorised: alarms not rationalised, alarms whose review is due, changes of the last
        30 days without a MOC number.
    """

    rows: tuple[MasterRow, ...] = ()
    total: int = 0
    unfinished: int = 0
    overdue: int = 0
    unauthorised: int = 0
    filter: MasterFilter = field(default_factory=MasterFilter)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What file `name` would change of `table`, as it was when the file was read."""

    name: str
    table: MasterTable
    diff: MasterDiff


class MasterPresenter(Presenter[MasterState]):
    """Follows the definitions; an edit works on the table as it was when the edit began."""

    compared = Signal(object)
    """`Comparison`: a file has been read."""
    kinds = frozenset({"limits", "sensors"})
    pause_s = 1.0

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, MasterState())
        self.export = FileExport(runtime, self)
        self.reading = FileImport(runtime, self)
        self.table: MasterTable | None = None
        self._rows: tuple[MasterRow, ...] = ()

    def set_filter(self, chosen: MasterFilter) -> None:
        """Show only what `chosen` lets through."""
        self.state = replace(self.state, filter=chosen)
        self.publish(replace(self.state, rows=self._filtered()))

    async def load(self) -> MasterState:
        db = self.runtime.db
        table = await master.load_table(db)
        unauthorised = await master.unauthorised_changes(db)
        today = self.today()
        self.table = table
        self._rows = tuple(_row(table, alarm, today) for alarm in table.alarms)
        return replace(
            self.state,
            loading=False,
            error="",
            rows=self._filtered(),
            total=len(self._rows),
            unfinished=sum(not row.record.rationalised for row in self._rows),
            overdue=sum(row.overdue for row in self._rows),
            unauthorised=unauthorised,
        )

    def today(self) -> date:
        """The plant's date."""
        return to_datetime(self.runtime.now_ns()).astimezone(self.runtime.zone).date()

    def begin(self, row: MasterRow | None, shown: MasterRecord | None = None) -> EditSession | None:
        """Begin to edit `row`, or a new alarm; `shown` fills the fields otherwise. None before anything is loaded."""
        if self.table is None:
            return None
        return EditSession(self.runtime, self.table, None if row is None else row.alarm, shown, self.refresh)

    async def history(self, row: MasterRow) -> list[tuple[HistoryEntry, MasterRecord | None]]:
        """Changes of an alarm, newest first, each with the record as it would be with the earlier values."""
        return [
            (entry, _earlier(row.record, entry)) for entry in await master.history(self.runtime.db, row.alarm.alarm_id)
        ]

    def proposed_name(self) -> str:
        """``master_alarms_<yyyymmdd_HHMMSS>`` in plant time."""
        now = to_datetime(self.runtime.now_ns()).astimezone(self.runtime.zone)
        return f"master_alarms_{now:%Y%m%d_%H%M%S}"

    def write(self, path: Path) -> None:
        """Write the whole table to a file, whatever the filter."""
        self.export.begin(self._write(path))

    async def _write(self, path: Path) -> str:
        rows = await master.export_table(path, await master.load_table(self.runtime.db))
        return tr("{n} rows written to {file}", n=rows, file=path.name)

    def compare(self, path: Path) -> None:
        """Read a file and find what it would change; `compared` tells it. Nothing is changed."""
        self.reading.begin(self._compare(path))

    async def _compare(self, path: Path) -> str:
        table = await master.load_table(self.runtime.db)
        diff = await master.read_changes(path, table, self.reading.show_share)
        self.compared.emit(Comparison(path.name, table, diff))
        return ""

    async def import_changes(self, found: Comparison, reason: str, moc: str, progress: Callable[[float], None]) -> str:
        """Store what a file changes, all or nothing; why it was refused, or "" when it came through."""
        try:
            count = await master.save(
                self.runtime.db,
                found.table,
                found.diff.wanted,
                station=platform.node(),
                reason=reason,
                moc=moc,
                progress=progress,
            )
        except KnownError as error:
            return str(error)
        self.runtime.events.message.emit(tr.plural("{n} alarm changed.", "{n} alarms changed.", count))
        self.refresh()
        return ""

    async def set_matrix(self, cells: Mapping[str, list[str]], minutes: list[str], reason: str, moc: str) -> str:
        """Put a typed matrix in force; why it was refused, or "" when it came through."""
        try:
            rows = {name: [None if cell == "-" else int(cell) for cell in row] for name, row in cells.items()}
            matrix = master.matrix_of({"bounds_s": [float(each) * 60 for each in minutes], **rows})
            count = await master.set_matrix(self.runtime.db, matrix, station=platform.node(), reason=reason, moc=moc)
        except ValueError:
            return tr("The three times of the matrix must be above zero and fall from left to right.")
        except KnownError as error:
            return str(error)
        self.runtime.events.message.emit(
            tr.plural("{n} alarm has another priority.", "{n} alarms have another priority.", count)
        )
        self.refresh()
        return ""

    def _filtered(self) -> tuple[MasterRow, ...]:
        return tuple(row for row in self._rows if self.state.filter.lets_through(row))


def _row(table: MasterTable, alarm: MasterAlarm, today: date) -> MasterRow:
    due = alarm.record.review_date
    return MasterRow(alarm, master.derivation_of(table, alarm.record), due is not None and due <= today)


def _earlier(record: MasterRecord, entry: HistoryEntry) -> MasterRecord | None:
    """None where the earlier values can't be had, as of the entry that created the alarm."""
    if not entry.before:
        return None
    try:
        return master.earlier(record, entry)
    except KnownError:
        return None
