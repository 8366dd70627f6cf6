"""Columns of the alarm journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.areas import area_title
from ksys_core.domain.alarms.reasons import journal_words
from ksys_core.domain.alarms.units import limit_decimals, own_limit_unit
from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import MILLISECOND
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms import JournalEntry
from ksys_hmi.alarm_words import event_word, kind_word, short_state_word, state_word
from ksys_hmi.formats import format_exact_clock, format_exact_moment, format_value
from ksys_hmi.models.rows import Column, RowsModel

Sensors = Callable[[], Mapping[int, Sensor]]
_NONE: Final = ""
_CLOCK_SIGN: Final = " ⚠"
_WIDEST_MOMENT: Final = "2000-00-00 00:00:00.000"
_DECIMALS: Final = 2
"""Of a tag that is no more."""


class JournalColumns:
    """Writes the entries of the journal; `sensors` say with how many decimals."""

    def __init__(self, zone: ZoneInfo, sensors: Sensors) -> None:
        self._zone = zone
        self._sensors = sensors

    def model(self) -> RowsModel[JournalEntry]:
        """The journal, newest first."""
        columns: tuple[Column[JournalEntry], ...] = (
            Column(N_("Time"), self._time, tooltip=self._times, widest=lambda: _WIDEST_MOMENT + _CLOCK_SIGN),
            Column(
                N_("Detected"), self._detected, tooltip=self._times, widest=lambda: _WIDEST_MOMENT.partition(" ")[2]
            ),
            Column(N_("P"), lambda entry: str(entry.priority), numeric=True),
            Column(N_("Event"), lambda entry: event_word(entry.kind)),
            Column(N_("Tag"), lambda entry: entry.tag),
            Column(N_("Kind"), lambda entry: entry.alarm_kind, tooltip=lambda e: kind_word(e.alarm_kind)),
            Column(N_("Area"), lambda entry: area_title(entry.area)),
            Column(N_("Value"), self._value, numeric=True),
            Column(N_("Limit"), self._limit, numeric=True),
            Column(N_("State"), lambda e: short_state_word(e.isa_to), tooltip=lambda e: state_word(e.isa_to)),
            Column(N_("Who"), lambda entry: entry.actor),
            Column(N_("Station"), lambda entry: entry.station),
            Column(N_("Reason"), lambda entry: journal_words(entry.kind, entry.reason)),
        )
        return RowsModel(columns, key=lambda entry: entry.event_id)

    def _time(self, entry: JournalEntry) -> str:
        return format_exact_moment(entry.source, self._zone) + (_CLOCK_SIGN if entry.clocks_disagree else _NONE)

    def _detected(self, entry: JournalEntry) -> str:
        """Where it differs as it is written; else it would say the time twice."""
        differs = entry.detected // MILLISECOND != entry.source // MILLISECOND
        return format_exact_clock(entry.detected, self._zone) if differs else _NONE

    def _times(self, entry: JournalEntry) -> str:
        said = [format_exact_moment(entry.source, self._zone)]
        if self._detected(entry):
            said.append(tr("Detected after its delay: {time}", time=format_exact_moment(entry.detected, self._zone)))
        if entry.clocks_disagree:
            recorded = format_exact_moment(entry.recorded, self._zone)
            said.append(
                tr("⚠ Recorded at {time}, before it happened: the clock of its source is wrong.", time=recorded)
            )
        return "\n".join(said)

    def _value(self, entry: JournalEntry) -> str:
        return _NONE if entry.value is None else format_value(entry.value, self._decimals(entry))

    def _limit(self, entry: JournalEntry) -> str:
        if entry.limit is None:
            return _NONE
        decimals = limit_decimals(entry.alarm_kind, self._decimals(entry))
        return f"{format_value(entry.limit, decimals)} {own_limit_unit(entry.alarm_kind)}".rstrip()

    def _decimals(self, entry: JournalEntry) -> int:
        sensor = self._sensors().get(entry.sensor_id)
        return _DECIMALS if sensor is None else sensor.decimals
