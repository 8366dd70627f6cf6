"""What a table of alarms from a file would change: row by row, before anything is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from ksys_core.domain.alarms.master import (
    BY_NAME,
    FIELDS,
    KEY_FIELDS,
    Key,
    MasterRecord,
    Problem,
    Value,
    parsed,
    with_values,
    written,
)
from ksys_core.domain.alarms.master_check import TagScale, check_changes
from ksys_core.domain.alarms.matrix import PriorityMatrix
from ksys_core.errors import KnownError
from ksys_core.i18n import N_

Status = Literal["added", "changed", "unchanged", "wrong"]
INFORMATION: Final = ("unit", "priority")
"""Columns of the file that are for reading: a unit must be the tag's, a priority follows and is not taken."""


def _columns() -> tuple[str, ...]:
    names = [field.name for field in FIELDS]
    names.insert(names.index("limit") + 1, "unit")
    names.insert(names.index("response_s") + 1, "priority")
    return tuple(names)


COLUMNS: Final = _columns()
"""Columns of the file, in order."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field as it is written before and after."""

    field: str
    was: str
    becomes: str


@dataclass(frozen=True, slots=True)
class RowDiff:
    """What row `row` of the file (1 is the head) would do; `becomes` None where it can't be read."""

    row: int
    key: Key
    status: Status
    changes: tuple[FieldChange, ...] = ()
    problems: tuple[Problem, ...] = ()
    becomes: MasterRecord | None = None


@dataclass(frozen=True, slots=True)
class MasterDiff:
    """All rows, and how many alarms the file does not name: they stay as they are."""

    rows: tuple[RowDiff, ...]
    untouched: int

    def count(self, status: Status) -> int:
        """Rows of a status."""
        return sum(row.status == status for row in self.rows)

    @property
    def wanted(self) -> tuple[MasterRecord, ...]:
        """Records that would be stored."""
        return tuple(row.becomes for row in self.rows if row.becomes is not None and row.status in ("added", "changed"))


def compare(
    head: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str]]],
    stored: Mapping[Key, MasterRecord],
    tags: Mapping[str, TagScale],
    matrix: PriorityMatrix,
) -> MasterDiff:
    """The differences between a file and what is stored. Cells are texts; columns that are missing stay as they are.

    Raises:
        KnownError: the head has an unknown column, one twice, or none of those that name an alarm.
    """
    names = check_head(head)
    found = [_row(number, dict(zip(names, cells, strict=False)), stored, tags) for number, cells in rows]
    found = _without_doubles(found)
    wanted = [row.becomes for row in found if row.becomes is not None and row.status in ("added", "changed")]
    wrong = check_changes(wanted, stored.values(), tags, matrix)
    found = [
        replace(row, status="wrong", problems=tuple(wrong[row.key]))
        if row.status in ("added", "changed") and row.key in wrong
        else row
        for row in found
    ]
    return MasterDiff(tuple(found), len(stored.keys() - {row.key for row in found}))


def check_head(head: Sequence[str]) -> list[str]:
    """Names of the columns.

    Raises:
        KnownError: as `compare` says.
    """
    names = [name.strip() for name in head]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name not in COLUMNS:
            text = N_("Row 1: there is no column “{column}”. Keep the heads of an exported table.")
            raise KnownError("master.column", text, column=name[:40])
        if names.count(name) > 1:
            raise KnownError("master.column_twice", N_("Row 1: the column {column} stands there twice."), column=name)
    for name in ("tag", "kind"):
        if name not in names:
            text = N_("Row 1: the column {column} is missing; it says which alarm a row is about.")
            raise KnownError("master.column_missing", text, column=name)
    return names


def _row(
    number: int, cells: Mapping[str, str], stored: Mapping[Key, MasterRecord], tags: Mapping[str, TagScale]
) -> RowDiff:
    values, problems = _parse({name: cells.get(name, "") for name in KEY_FIELDS})
    key = tuple(str(values.get(name, cells.get(name, "").strip())) for name in KEY_FIELDS)
    named: Key = (key[0], key[1], key[2])
    if problems:
        return RowDiff(number, named, "wrong", problems=problems)
    was = stored.get(named)
    base = was or MasterRecord(*named)
    differing = {
        name: text.strip()
        for name, text in cells.items()
        if name in BY_NAME and name not in KEY_FIELDS and text.strip() != written_of(base, name).strip()
    }
    values, problems = _parse({name: text for name, text in differing.items() if text or was or BY_NAME[name].optional})
    problems += _unit_problem(named, cells, tags)
    if problems:
        return RowDiff(number, named, "wrong", problems=problems)
    becomes = with_values(base, values)
    changes = tuple(
        FieldChange(name, written_of(was, name) if was else "", written_of(becomes, name))
        for name in values
        if written_of(becomes, name).strip() != written_of(base, name).strip()
    )
    status: Status = "added" if was is None else "changed" if changes else "unchanged"
    return RowDiff(number, named, status, changes, (), becomes)


def written_of(record: MasterRecord, name: str) -> str:
    """One field of a record as it is written."""
    return written(BY_NAME[name], getattr(record, name))


def _parse(texts: Mapping[str, str]) -> tuple[dict[str, Value], tuple[Problem, ...]]:
    values: dict[str, Value] = {}
    problems = []
    for name, text in texts.items():
        try:
            values[name] = parsed(BY_NAME[name], text)
        except KnownError as error:
            problems.append(Problem(name, error))
    return values, tuple(problems)


def _unit_problem(key: Key, cells: Mapping[str, str], tags: Mapping[str, TagScale]) -> tuple[Problem, ...]:
    """A limit in another unit than the tag's would be another limit."""
    unit, scale = cells.get("unit", "").strip(), tags.get(key[0])
    if not unit or scale is None or unit == scale.unit.strip():
        return ()
    text = N_("The tag's unit is “{unit}”, not “{typed}”. Convert the limit, and write the tag's unit.")
    return (Problem("limit", KnownError("master.unit", text, unit=scale.unit, typed=unit[:40])),)


def _without_doubles(rows: list[RowDiff]) -> list[RowDiff]:
    """The second row about an alarm is wrong."""
    count: Counter[Key] = Counter()
    first: dict[Key, int] = {}
    found = []
    for row in rows:
        count[row.key] += 1
        first.setdefault(row.key, row.row)
        if count[row.key] > 1 and row.status != "wrong":
            error = KnownError("master.twice", N_("Row {row} is about the same alarm. Keep one."), row=first[row.key])
            found.append(RowDiff(row.row, row.key, "wrong", problems=(Problem("tag", error),)))
        else:
            found.append(row)
    return found
