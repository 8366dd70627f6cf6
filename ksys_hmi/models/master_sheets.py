"""Columns of an import's differences and of an alarm's history."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.domain.alarms.change_words import change_words, field_title
from ksys_core.domain.alarms.master import MasterRecord, Problem
from ksys_core.domain.alarms.master_diff import RowDiff
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms_master import HistoryEntry
from ksys_hmi.formats import format_moment
from ksys_hmi.models.rows import Column, RowsModel

_STATUS: Final = {
    "added": N_("added"),
    "changed": N_("changed"),
    "unchanged": N_("unchanged"),
    "wrong": N_("wrong"),
}
_NOTHING: Final = "-"
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
        f"{field_title(change.field)}: {change.was or _NOTHING} → {change.becomes or _NOTHING}"
        for change in row.changes
    )


def _problem(problem: Problem) -> str:
    """The sentence, with the column before it where it does not name it itself."""
    named = problem.error.code.startswith("alarm.field.")
    return str(problem.error) if named else f"{field_title(problem.field)}: {problem.error}"


def _changed(entry: HistoryEntry) -> str:
    return change_words(entry.before, entry.after) if entry.before else tr("created")
