"""Columns of an import's differences and of an alarm's history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from ksys_core.domain.alarms.master import FIELDS, MasterRecord, Problem
from ksys_core.domain.alarms.master_diff import RowDiff
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms_master import HistoryEntry
from ksys_hmi.formats import format_moment
from ksys_hmi.models.master_rows import PART_TITLES
from ksys_hmi.models.rows import Column, RowsModel

_STATUS: Final = {
    "added": N_("added"),
    "changed": N_("changed"),
    "unchanged": N_("unchanged"),
    "wrong": N_("wrong"),
}
_NOTHING: Final = "-"
_FIELD_OF: Final = {
    "class": "alarm_class",
    "group_name": "group",
    "setting": "limit",
    "reference_sensor_id": "reference_tag",
}
Entry = tuple[HistoryEntry, MasterRecord | None]


def diff_model() -> RowsModel[RowDiff]:
    """A row of the file a row."""
    columns: tuple[Column[RowDiff], ...] = (
        Column(N_("Row"), lambda row: str(row.row), numeric=True),
        Column(N_("Result"), lambda row: tr(_STATUS[row.status])),
        Column(N_("Tag"), lambda row: row.key[0]),
        Column(N_("Kind"), lambda row: " ".join(part for part in row.key[1:] if part)),
        Column(N_("What"), _what),
    )
    return RowsModel(columns, key=lambda row: row.row)


def history_model(zone: ZoneInfo) -> RowsModel[Entry]:
    """A change a row, newest first."""
    columns: tuple[Column[Entry], ...] = (
        Column(N_("Time"), lambda entry: format_moment(entry[0].at, zone)),
        Column(N_("Who"), lambda entry: entry[0].actor),
        Column(N_("Station"), lambda entry: entry[0].station),
        Column(N_("MOC number"), lambda entry: entry[0].moc or tr("none")),
        Column(N_("Reason"), lambda entry: entry[0].reason),
        Column(N_("What"), lambda entry: _changed(entry[0])),
    )
    return RowsModel(columns, key=lambda entry: (entry[0].at, tuple(entry[0].after)))


def _what(row: RowDiff) -> str:
    if row.problems:
        return "; ".join(_problem(problem) for problem in row.problems)
    return "; ".join(
        f"{_column(change.field)}: {change.was or _NOTHING} → {change.becomes or _NOTHING}" for change in row.changes
    )


def _problem(problem: Problem) -> str:
    """The sentence, with the column before it where it does not name it itself."""
    named = problem.error.code.startswith("alarm.field.")
    return str(problem.error) if named else f"{_column(problem.field)}: {problem.error}"


def _column(name: str) -> str:
    """The title of a field, or of a column of the database."""
    name = _FIELD_OF.get(name, name)
    titles = {**PART_TITLES, **{field.name: field.title for field in FIELDS}, "priority": N_("Priority")}
    return tr(titles[name]) if name in titles else name


def _changed(entry: HistoryEntry) -> str:
    if not entry.before:
        return tr("created")
    return "; ".join(
        f"{_column(name)}: {_value(entry.before, name)} → {_value(entry.after, name)}" for name in entry.after
    )


def _value(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value in (None, "", {}):
        return _NOTHING
    if isinstance(value, dict):
        return " / ".join(str(text) for text in value.values())
    return value if isinstance(value, str) else json.dumps(value)
