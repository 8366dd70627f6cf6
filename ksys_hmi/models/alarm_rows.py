"""Columns of the alarm list and of the alarm journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.areas import area_title
from ksys_core.domain.times import SECOND
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms import AlarmRow, JournalEntry
from ksys_hmi.alarm_words import event_word, kind_word, state_word
from ksys_hmi.formats import NO_VALUE, format_age, format_day_time, format_moment, format_value
from ksys_hmi.models.rows import Column, RowsModel

Now = Callable[[], int]
SYMBOL_COLUMN: Final = 0
_NONE: Final = ""


Columns = tuple[Column[AlarmRow], ...]


def active_columns(zone: ZoneInfo, now: Now) -> Columns:
    """The list of active alarms; column `SYMBOL_COLUMN` is painted by its delegate."""

    def since(row: AlarmRow) -> str:
        return _NONE if row.active_since is None else format_day_time(row.active_since, zone)

    def age(row: AlarmRow) -> str:
        seconds = row.age_s(now())
        return _NONE if seconds is None else format_age(seconds)

    return (
        _SYMBOL,
        Column(N_("Since"), since),
        Column(N_("Age"), age, numeric=True),
        *_IDENTITY,
        Column(N_("At alarm"), lambda row: _number(row.value, row.decimals), numeric=True),
        Column(N_("Unit"), lambda row: row.unit),
        Column(N_("State"), lambda row: state_word(row.isa)),
        Column(N_("Area"), lambda row: area_title(row.area)),
        Column(N_("Ack. by"), lambda row: row.acked_by or _NONE if not row.unacknowledged else _NONE),
    )


def shelved_columns(zone: ZoneInfo, now: Now) -> Columns:
    """Shelved alarms with the time that is left."""

    def left(row: AlarmRow) -> str:
        return _NONE if row.shelved_until is None else format_age((row.shelved_until - now()) / SECOND)

    return (
        _SYMBOL,
        Column(N_("Left"), left, numeric=True),
        Column(N_("Until"), lambda row: _moment(row.shelved_until, zone)),
        *_IDENTITY,
        Column(N_("Who"), lambda row: row.shelved_by or _NONE),
        Column(N_("Reason"), lambda row: row.shelved_reason),
    )


def suppressed_columns(zone: ZoneInfo, now: Now) -> Columns:
    """Alarms that a rule suppresses, with its reason."""
    return (_SYMBOL, *_IDENTITY, Column(N_("Reason"), lambda row: row.suppressed_reason))


def out_of_service_columns(zone: ZoneInfo, now: Now) -> Columns:
    """Alarms out of service, with permit and date of review."""
    return (
        _SYMBOL,
        Column(N_("Review"), lambda row: _moment(row.oos_review, zone)),
        *_IDENTITY,
        Column(N_("Who"), lambda row: row.oos_by or _NONE),
        Column(N_("Permit"), lambda row: row.oos_permit),
        Column(N_("Reason"), lambda row: row.oos_reason),
    )


def alarm_model(columns: Columns) -> RowsModel[AlarmRow]:
    """A list of alarms with these columns."""
    return RowsModel(columns, key=lambda row: row.alarm_id)


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
        Column(N_("Reason"), lambda entry: entry.reason),
    )
    return RowsModel(columns, key=lambda entry: entry.event_id)


def _symbol_tip(row: AlarmRow) -> str:
    return tr("Priority {n}, {state}", n=row.priority, state=state_word(row.isa))


def _present(row: AlarmRow) -> str:
    if row.quality in ("BAD", "STALE"):
        return f"{NO_VALUE} {row.quality}"
    return _number(row.now_value, row.decimals) + (" ?" if row.quality == "UNCERTAIN" else "")


def _number(value: float | None, decimals: int) -> str:
    return NO_VALUE if value is None else format_value(value, decimals)


def _plain(value: float | None) -> str:
    return _NONE if value is None else format_value(value, 2)


def _moment(ns: int | None, zone: ZoneInfo) -> str:
    return _NONE if ns is None else format_day_time(ns, zone)


_SYMBOL: Final[Column[AlarmRow]] = Column(N_("P"), lambda row: str(row.priority), tooltip=_symbol_tip)
_IDENTITY: Final[Columns] = (
    Column(N_("Tag"), lambda row: row.tag),
    Column(N_("Description"), lambda row: tr.pick(dict(row.description))),
    Column(N_("Kind"), lambda row: row.kind, tooltip=lambda row: kind_word(row.kind)),
    Column(N_("Now"), _present, numeric=True),
    Column(N_("Limit"), lambda row: _number(row.limit, row.decimals), numeric=True),
)
