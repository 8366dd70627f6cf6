"""Rows and columns of the alarm system's key figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

from ksys_core.areas import area_title
from ksys_core.i18n import N_, tr
from ksys_hmi.alarm_words import kind_word
from ksys_hmi.formats import format_age, format_day_time, format_value
from ksys_hmi.models.rows import Column, RowsModel

Verdict = Literal["good", "manageable", "above"]
_VERDICTS: Final = {"good": N_("Good"), "manageable": N_("Manageable"), "above": N_("Above the target")}
_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One key figure. `title` is English, marked for translation; `target` is written as it is (``≤ 150``)."""

    title: str
    value: float
    decimals: int
    target: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ActorRow:
    """One of the most frequent alarms; `share` and `summed` (with those before it) in percent."""

    place: int
    alarm_id: int
    tag: str
    kind: str
    area: str
    count: int
    share: float
    summed: float


@dataclass(frozen=True, slots=True)
class FloodRow:
    """One flood (ns; `end` None: it lasts); `top`: the most frequent alarms with their numbers."""

    start: int
    end: int | None
    seconds: float
    count: int
    peak: int
    first_out: str
    top: str


@dataclass(frozen=True, slots=True)
class PriorityRow:
    """One priority: percent of the annunciations, times in seconds (None: there were none)."""

    priority: int
    share: float
    target: str
    ack_median: float | None
    ack_high: float | None
    return_median: float | None
    return_high: float | None


def figure_model() -> RowsModel[FigureRow]:
    columns: tuple[Column[FigureRow], ...] = (
        Column(N_("Key figure"), lambda row: tr(row.title)),
        Column(N_("Value"), lambda row: format_value(row.value, row.decimals), numeric=True),
        Column(N_("Acceptable"), lambda row: row.target, numeric=True),
        Column(N_("Verdict"), lambda row: tr(_VERDICTS[row.verdict])),
    )
    return RowsModel(columns, key=lambda row: row.title)


def actor_model() -> RowsModel[ActorRow]:
    columns: tuple[Column[ActorRow], ...] = (
        Column(N_("No."), lambda row: str(row.place), numeric=True),
        Column(N_("Tag"), lambda row: row.tag),
        Column(N_("Kind"), lambda row: row.kind, tooltip=lambda row: kind_word(row.kind)),
        Column(N_("Area"), lambda row: area_title(row.area)),
        Column(N_("Annunciations"), lambda row: format_value(row.count, 0), numeric=True),
        Column(N_("Share, %"), lambda row: format_value(row.share, 1), numeric=True),
        Column(N_("Summed, %"), lambda row: format_value(row.summed, 1), numeric=True),
    )
    return RowsModel(columns, key=lambda row: row.alarm_id)


def flood_model(zone: ZoneInfo) -> RowsModel[FloodRow]:
    columns: tuple[Column[FloodRow], ...] = (
        Column(N_("Begin"), lambda row: format_day_time(row.start, zone)),
        Column(N_("Length"), lambda row: tr("lasts") if row.end is None else format_age(row.seconds), numeric=True),
        Column(N_("Number"), lambda row: format_value(row.count, 0), numeric=True),
        Column(N_("Peak in 10 min"), lambda row: format_value(row.peak, 0), numeric=True),
        Column(N_("First out"), lambda row: row.first_out),
        Column(N_("Most frequent"), lambda row: row.top),
    )
    return RowsModel(columns, key=lambda row: row.start)


def priority_model() -> RowsModel[PriorityRow]:
    columns: tuple[Column[PriorityRow], ...] = (
        Column(N_("Priority"), lambda row: str(row.priority)),
        Column(N_("Share, %"), lambda row: format_value(row.share, 1), numeric=True),
        Column(N_("Target, %"), lambda row: row.target, numeric=True),
        Column(N_("Ack. 50 %"), lambda row: _minutes(row.ack_median), numeric=True),
        Column(N_("Ack. 95 %"), lambda row: _minutes(row.ack_high), numeric=True),
        Column(N_("Return 50 %"), lambda row: _minutes(row.return_median), numeric=True),
        Column(N_("Return 95 %"), lambda row: _minutes(row.return_high), numeric=True),
    )
    return RowsModel(columns, key=lambda row: row.priority)


def _minutes(seconds: float | None) -> str:
    return "" if seconds is None else tr("{n} min", n=format_value(seconds / _MINUTE_S, 1))
