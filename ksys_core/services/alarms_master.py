"""The master alarm table for HMI and command line: look, check, change, and the round trip through a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ksys_core.domain.alarms.master import FIELDS, TEXT_PARTS, Key, MasterRecord, Problem, changes, parsed, written
from ksys_core.domain.alarms.master_check import TagScale, check_changes
from ksys_core.domain.alarms.master_diff import COLUMNS, MasterDiff, compare
from ksys_core.domain.alarms.matrix import Derivation, PriorityMatrix, derive, matrix_of
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services.table_cells import Cell
from ksys_core.services.table_files import new_table
from ksys_core.services.table_reading import Row, read_table
from ksys_core.store import alarms_master as store
from ksys_core.store.alarms_master import HistoryEntry, MasterAlarm, MasterChange, history, unauthorised_changes
from ksys_core.store.pool import Database

__all__ = [
    "HistoryEntry",
    "MasterAlarm",
    "MasterTable",
    "derivation_of",
    "earlier",
    "export_table",
    "history",
    "load_table",
    "matrix_of",
    "parse_fields",
    "problems_of",
    "read_changes",
    "save",
    "set_matrix",
    "unauthorised_changes",
]

_LONGEST_REASON: Final = 2000
_NUMBERS: Final = ("number", "integer")
_READING: Final = 0.7
"""Share of reading the file in an import's dry run."""
_TOLD_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class MasterTable:
    """All alarms as they were read, with the tags and the matrix that they are judged by."""

    alarms: tuple[MasterAlarm, ...]
    tags: Mapping[str, TagScale]
    matrix: PriorityMatrix

    @property
    def records(self) -> dict[Key, MasterRecord]:
        """The records by key."""
        return {alarm.record.key: alarm.record for alarm in self.alarms}


async def load_table(db: Database) -> MasterTable:
    """The master alarm table as it stands."""
    return MasterTable(tuple(await store.load_master(db)), await store.tag_scales(db), await store.load_matrix(db))


def derivation_of(table: MasterTable, record: MasterRecord) -> Derivation:
    """Where a record's priority comes from."""
    return derive(table.matrix, record.severity, record.response_s, has_action=record.has_action)


def parse_fields(texts: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """Values of what was typed into fields, by name, and what can't be read."""
    values: dict[str, Any] = {}
    problems = []
    for field in FIELDS:
        if field.name in texts:
            try:
                values[field.name] = parsed(field, texts[field.name])
            except KnownError as error:
                problems.append(Problem(field.name, error))
    return values, problems


def problems_of(table: MasterTable, records: Sequence[MasterRecord]) -> dict[Key, list[Problem]]:
    """What is wrong with records that shall join or replace those of the table."""
    return check_changes(records, table.records.values(), table.tags, table.matrix)


async def save(
    db: Database,
    table: MasterTable,
    records: Sequence[MasterRecord],
    *,
    station: str,
    reason: str,
    moc: str = "",
) -> int:
    """Store records, all or none, as changes of `table` as it was read; the number of alarms that have changed.

    Raises:
        KnownError: one is wrong, no reason is given, or another person has changed one of them meanwhile.
    """
    if not reason.strip():
        raise KnownError("alarm.reason_missing", N_("Please give a reason."))
    if len(reason) > _LONGEST_REASON:
        text = N_("The text has {length} characters; at most {most} are kept. Please shorten it.")
        raise KnownError("alarm.text_too_long", text, length=len(reason), most=_LONGEST_REASON)
    found = await asyncio.to_thread(problems_of, table, records)
    for key, problems in found.items():
        text = N_("{alarm}: {reason}")
        raise KnownError("alarm.wrong", text, alarm=" ".join(filter(None, key)), reason=str(problems[0].error))
    stored = {alarm.record.key: alarm for alarm in table.alarms}
    wanted = [MasterChange(stored.get(record.key), record) for record in records]
    differing = [c for c in wanted if c.stored is None or changes(c.stored.record, c.becomes)]
    if differing:
        await store.apply_changes(db, differing, table.tags, station=station, reason=reason.strip(), moc=moc.strip())
    return len(differing)


def earlier(record: MasterRecord, entry: HistoryEntry) -> MasterRecord:
    """`record` with the fields that `entry` changed as they were before it."""
    values: dict[str, Any] = {}
    plain = {"class": "alarm_class", "group_name": "group", "setting": "limit"}
    known = {field.name for field in FIELDS}
    for column, value in entry.before.items():
        name = plain.get(column, column)
        if column in TEXT_PARTS:
            values |= {f"{column}_{language}": (value or {}).get(language, "") for language in ("en", "ko")}
        elif name in known:
            values[name] = value
    return _typed(record, values)


def _typed(record: MasterRecord, values: Mapping[str, Any]) -> MasterRecord:
    """Values from JSON through their texts, so that a date is a date and a missing text is empty."""
    texts = {field.name: written(field, getattr(record, field.name)) for field in FIELDS}
    kinds = {field.name: field for field in FIELDS}
    texts |= {name: "" if value is None else written(kinds[name], value) for name, value in values.items()}
    found, problems = parse_fields(texts)
    for problem in problems:
        raise problem.error
    return MasterRecord(**found)


async def export_table(path: Path, table: MasterTable) -> int:
    """Write all alarms to a CSV or XLSX file that `read_changes` reads again; the number of rows.

    Raises:
        KnownError: the file can't be written.
    """
    async with new_table(path, COLUMNS, tr("Master alarms")) as file:
        await file.write(rows_of(table.alarms, table.tags))
    return len(table.alarms)


def rows_of(alarms: Iterable[MasterAlarm], tags: Mapping[str, TagScale]) -> Iterable[list[Cell]]:
    """The rows of the file."""
    for alarm in alarms:
        cells: dict[str, Cell] = {"unit": alarm.unit, "priority": alarm.priority}
        for field in FIELDS:
            value = getattr(alarm.record, field.name)
            number = value is not None and field.kind in _NUMBERS
            cells[field.name] = value if number else written(field, value)
        yield [cells[name] for name in COLUMNS]


async def read_changes(path: Path, table: MasterTable, progress: Callable[[float], None] | None = None) -> MasterDiff:
    """What a file would change of `table`; nothing is changed. Read and compared beside the event loop.

    `progress` gets the share done, 0 to 1, in the loop's thread.

    Raises:
        KnownError: it is no such file, or its head is wrong. What is wrong with a row stands in the result.
    """
    loop = asyncio.get_running_loop()

    def tell(share: float) -> None:
        if progress is not None:
            loop.call_soon_threadsafe(progress, share)

    return await asyncio.to_thread(_read_changes, path, table, tell)


def _read_changes(path: Path, table: MasterTable, tell: Callable[[float], None]) -> MasterDiff:
    rows = read_table(path, lambda share: tell(_READING * share))
    if not rows:
        raise KnownError("master.empty", N_("{file} has no rows."), file=path.name)
    return compare(rows[0][1], _told(rows[1:], tell), table.records, table.tags, table.matrix)


def _told(rows: Sequence[Row], tell: Callable[[float], None]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number % _TOLD_ROWS == 0:
            tell(_READING + (1 - _READING) * number / len(rows))
        yield row


async def set_matrix(db: Database, matrix: PriorityMatrix, *, station: str, reason: str, moc: str = "") -> int:
    """Put another priority matrix in force; the number of alarms whose priority has changed with it.

    Raises:
        KnownError: the matrix contradicts itself, or no reason is given.
    """
    matrix.check()
    if not reason.strip():
        raise KnownError("alarm.reason_missing", N_("Please give a reason."))
    return await store.set_matrix(db, matrix, station=station, reason=reason.strip(), moc=moc.strip())
