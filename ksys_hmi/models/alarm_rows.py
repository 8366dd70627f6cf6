"""Columns of the alarm journal."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.areas import area_title
from ksys_core.domain.alarms.reasons import reason_words
from ksys_core.i18n import N_
from ksys_core.services.alarms import JournalEntry
from ksys_hmi.alarm_words import event_word, kind_word, state_word
from ksys_hmi.formats import format_moment, format_value
from ksys_hmi.models.rows import Column, RowsModel

_NONE: Final = ""


def journal_model(zone: ZoneInfo) -> RowsModel[JournalEntry]:
    """The journal, newest first."""
    columns: tuple[Column[JournalEntry], ...] = (
        Column(N_("Time"), lambda entry: format_moment(entry.source, zone)),
        Column(N_("P"), lambda entry: str(entry.priority), numeric=True),
        Column(N_("Event"), lambda entry: event_word(entry.kind)),
        Column(N_("Tag"), lambda entry: entry.tag),
        Column(N_("Kind"), lambda entry: entry.alarm_kind, tooltip=lambda e: kind_word(e.alarm_kind)),
        Column(N_("Area"), lambda entry: area_title(entry.area)),
        Column(N_("Value"), lambda entry: _plain(entry.value), numeric=True),
        Column(N_("Limit"), lambda entry: _plain(entry.limit), numeric=True),
        Column(N_("State"), lambda entry: state_word(entry.isa_to)),
        Column(N_("Who"), lambda entry: entry.actor),
        Column(N_("Station"), lambda entry: entry.station),
        Column(N_("Reason"), lambda entry: reason_words(entry.reason)),
    )
    return RowsModel(columns, key=lambda entry: entry.event_id)


def _plain(value: float | None) -> str:
    return _NONE if value is None else format_value(value, 2)
