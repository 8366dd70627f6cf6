"""Columns of the alarm lists: texts that depend on the time, on the newest readings of the tags, or on neither."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.areas import area_title
from ksys_core.domain.alarms.rows import AlarmRow
from ksys_core.domain.alarms.units import limit_decimals, limit_unit
from ksys_core.domain.quality import CODE_NAMES, GOOD, UNCERTAIN
from ksys_core.domain.times import HOUR, SECOND
from ksys_core.i18n import N_, tr
from ksys_core.store.alarms_live import NewestReading
from ksys_hmi.alarm_words import kind_word, short_state_word, state_word
from ksys_hmi.formats import (
    NO_VALUE,
    format_age,
    format_clock,
    format_countdown,
    format_day_time,
    format_exact_moment,
    format_value,
)
from ksys_hmi.models.alarm_book import DeskRow, Heading
from ksys_hmi.models.rows import Column

Now = Callable[[], int]
Readings = Callable[[], Mapping[int, NewestReading | None]]
Columns = tuple[Column[DeskRow], ...]
SYMBOL_COLUMN: Final = 0
TAG: Final = N_("Tag")
SPARK: Final = N_("Last hour")
_NONE: Final = ""
_NOT_READ: Final = "…"
_CLOCK_WITHIN: Final = 20 * HOUR
_AN_HOUR: Final = 3599.0
"""In seconds: long to read."""
_WIDEST_VALUE: Final = "-9 999.99"


def heading_text(row: Heading) -> str:
    """The line above an area's alarms."""
    name = area_title(row.area) or tr("Without area")
    text = tr("{area}: {unacknowledged} unacknowledged of {total}", area=name, unacknowledged=row.unacknowledged,
              total=row.total)  # fmt: skip
    sign = "▾" if row.opened or not row.folded else "▸"
    folded = tr("{n} of P3 and P4 folded, Enter opens", n=row.folded) if row.folded else ""
    return f"{sign} {text}   {folded}".rstrip()


class AlarmColumns:
    """Makes the columns of each list. `now` stands still while the view is frozen; `first_out` began the flood."""

    def __init__(
        self, zone: ZoneInfo, now: Now, readings: Readings, first_out: Callable[[], int | None] = lambda: None
    ) -> None:
        self._zone = zone
        self._now = now
        self._readings = readings
        self._first_out = first_out

    def active(self) -> Columns:
        return (
            _SYMBOL,
            _column(
                N_("Since"),
                lambda row: self._since(row.active_since),
                moving=True,
                tooltip=self._crossed_and_detected,
            ),
            _column(N_("Age"), self._age, numeric=True, ticking=True, widest=lambda: format_age(_AN_HOUR)),
            _column(
                N_("To respond"), self._left_to_respond, numeric=True, ticking=True, widest=lambda: _late(_AN_HOUR)
            ),
            *self._identity(),
            _column(SPARK, lambda _row: _NONE, tooltip=lambda _row: tr("Last hour and limit")),
            _column(N_("At alarm"), lambda row: _number(row.value, row.decimals), numeric=True, hidden=True),
            _column(N_("Count"), lambda row: f"×{row.occurrence}", numeric=True),
            _column(N_("Quality"), self.quality, hidden=True, moving=True),
            _column(N_("State"), self._state, moving=True, tooltip=self._handled_at),
            _column(N_("Area"), lambda row: area_title(row.area)),
            _column(N_("Handled by"), self._handled, hidden=True, tooltip=self._handled_at),
        )

    def shelved(self) -> Columns:
        """With the time that is left."""
        return (
            _SYMBOL,
            _column(
                N_("Left"), lambda row: self._left(row.shelved_until), numeric=True, ticking=True, widest=_longest_left
            ),
            _column(N_("Until"), lambda row: self._moment(row.shelved_until)),
            *self._identity(),
            _column(N_("Who"), lambda row: row.shelved_by or _NONE),
            _column(N_("Reason"), lambda row: row.shelved_reason),
        )

    def suppressed(self) -> Columns:
        """With the rule's reason."""
        return (
            _SYMBOL,
            *self._identity(),
            _column(N_("Area"), lambda row: area_title(row.area)),
            _column(N_("Reason"), lambda row: row.suppressed_reason),
        )

    def out_of_service(self) -> Columns:
        """With permit and date of review."""
        return (
            _SYMBOL,
            _column(
                N_("Left"), lambda row: self._left(row.oos_review), numeric=True, ticking=True, widest=_longest_left
            ),
            _column(N_("Review"), lambda row: self._moment(row.oos_review)),
            *self._identity(),
            _column(N_("Who"), lambda row: row.oos_by or _NONE),
            _column(N_("Permit"), lambda row: row.oos_permit),
            _column(N_("Reason"), lambda row: row.oos_reason),
        )

    def quality(self, row: AlarmRow) -> str:
        """GOOD, UNCERTAIN, STALE or the code of what is bad; by the newest reading where that is known."""
        reading = self._readings().get(row.sensor_id)
        if row.quality in ("BAD", "STALE") or reading is None:
            return row.quality
        if reading.stale:
            return "STALE"
        if reading.quality >= GOOD:
            return row.quality
        return "UNCERTAIN" if reading.quality >= UNCERTAIN else CODE_NAMES.get(reading.quality, "BAD")

    def held(self, row: AlarmRow) -> bool:
        """Whether the row is held, not judged: the tag's value can't be used."""
        return self.quality(row).startswith(("BAD", "STALE"))

    def overdue(self, row: AlarmRow) -> bool:
        left = row.response_left_s(self._now())
        return left is not None and left < 0

    def _identity(self) -> Columns:
        return (
            _column(TAG, lambda row: row.tag),
            _column(N_("Description"), lambda row: tr.pick(dict(row.description))),
            _column(N_("Kind"), lambda row: row.kind, tooltip=lambda row: kind_word(row.kind)),
            _column(
                N_("Now"),
                self._present,
                numeric=True,
                ticking=True,
                tooltip=self._read_at,
                widest=lambda: _WIDEST_VALUE,
            ),
            _column(N_("Limit"), _limit, numeric=True),
        )

    def _since(self, ns: int | None) -> str:
        """The clock alone within the last 20 hours: it can't be mistaken, and leaves room."""
        if ns is None:
            return _NONE
        recent = self._now() - ns < _CLOCK_WITHIN
        return format_clock(ns, self._zone) if recent else format_day_time(ns, self._zone)

    def _moment(self, ns: int | None) -> str:
        return _NONE if ns is None else format_day_time(ns, self._zone)

    def _crossed_and_detected(self, row: AlarmRow) -> str:
        """When the limit was crossed and, where it had a delay, when that was over."""
        if row.active_since is None:
            return _NONE
        said = [format_exact_moment(row.active_since, self._zone)]
        if row.detected is not None and row.detected != row.active_since:
            said.append(tr("Detected after its delay: {time}", time=format_exact_moment(row.detected, self._zone)))
        return "\n".join(said)

    def _age(self, row: AlarmRow) -> str:
        seconds = row.age_s(self._now())
        return _NONE if seconds is None else format_age(seconds)

    def _left_to_respond(self, row: AlarmRow) -> str:
        left = row.response_left_s(self._now())
        if left is None:
            return _NONE
        return format_countdown(left) if left >= 0 else _late(-left)

    def _left(self, until: int | None) -> str:
        if until is None:
            return _NONE
        left = (until - self._now()) / SECOND
        return format_countdown(left) if left >= 0 else _late(-left)

    def _present(self, row: AlarmRow) -> str:
        readings = self._readings()
        if row.sensor_id not in readings:
            return _NOT_READ
        reading, quality = readings[row.sensor_id], self.quality(row)
        if reading is None or quality.startswith(("BAD", "STALE")) or math.isnan(reading.value):
            return f"{NO_VALUE} {quality if quality != 'GOOD' else ''}".rstrip()
        return _number(reading.value, row.decimals) + (" ?" if quality == "UNCERTAIN" else "")

    def _read_at(self, row: AlarmRow) -> str:
        reading = self._readings().get(row.sensor_id)
        return self._present(row) if reading is None else f"{self._present(row)}   {self._moment(reading.t)}"

    def _state(self, row: AlarmRow) -> str:
        first = row.first_out or row.alarm_id == self._first_out()
        parts = (
            tr("first out") if first else "",
            short_state_word(row.isa),
            _who(row),
            tr("confirmed") if row.confirmed else "",
            tr("note") if row.comment else "",
        )
        return ", ".join(part for part in parts if part)

    def _handled(self, row: AlarmRow) -> str:
        return "   ".join(part for part in (_who(row), row.comment) if part)

    def _handled_at(self, row: AlarmRow) -> str:
        said = [state_word(row.isa)]
        if not row.unacknowledged and row.acked_at is not None:
            said.append(f"{row.acked_by}  {self._moment(row.acked_at)}")
        return "\n".join((*said, row.comment)).rstrip()


def _column(
    title: str,
    text: Callable[[AlarmRow], str],
    *,
    numeric: bool = False,
    hidden: bool = False,
    moving: bool = False,
    ticking: bool = False,
    widest: Callable[[], str] = lambda: _NONE,
    tooltip: Callable[[AlarmRow], str] | None = None,
) -> Column[DeskRow]:
    """A column that is empty beside a heading, but for the tag: there the heading says what it is."""
    beside = heading_text if title == TAG else lambda _heading: _NONE

    def of(text_of: Callable[[AlarmRow], str]) -> Callable[[DeskRow], str]:
        return lambda row: beside(row) if isinstance(row, Heading) else text_of(row)

    return Column(title, of(text), numeric, of(tooltip) if tooltip else None, hidden, moving, ticking, widest)


def _who(row: AlarmRow) -> str:
    """Who acknowledged it; nobody while it asks for that again."""
    return "" if row.unacknowledged else row.acked_by or ""


def _late(seconds: float) -> str:
    return "⚠ " + tr("late {age}", age=format_age(seconds))


def _longest_left() -> str:
    return format_countdown(23 * _AN_HOUR)


def _limit(row: AlarmRow) -> str:
    if row.limit is None:
        return NO_VALUE
    return (
        f"{format_value(row.limit, limit_decimals(row.kind, row.decimals))} {limit_unit(row.kind, row.unit)}".rstrip()
    )


def _symbol_tip(row: AlarmRow) -> str:
    return tr("Priority {n}, {state}", n=row.priority, state=state_word(row.isa))


def _number(value: float | None, decimals: int) -> str:
    return NO_VALUE if value is None else format_value(value, decimals)


_SYMBOL: Final = _column(N_("P"), lambda row: str(row.priority), tooltip=_symbol_tip)
