"""Rows and columns of the alarm system's key figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.areas import area_title
from ksys_core.domain.alarms.kpis import Maturity
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms_figures import MATURITY, VERDICTS, Figure
from ksys_hmi.alarm_words import kind_word
from ksys_hmi.formats import format_age, format_day_time, format_value
from ksys_hmi.models.rows import Column, RowsModel

_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class ActorRow:
    """One of the most frequent alarms; `share` and `summed` (with those before it) in percent."""

    place: int
    alarm_id: int
    tag: str
    kind: str
    label: str
    area: str
    count: int
    share: float
    summed: float
    max_shelve_s: float | None


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
    """One priority: percent of the annunciations and of the configured alarms, times in seconds (None: there were
    none), the 95 % of the acknowledgements also in percent of the time to respond."""

    priority: int
    share: float
    configured: float
    target: str
    ack_median: float | None
    ack_high: float | None
    ack_share: float | None
    return_median: float | None
    return_high: float | None


@dataclass(frozen=True, slots=True)
class NuisanceRow:
    """An alarm that is stale, chatters or is fleeting; `text` with `n` says how much (both English, to translate)."""

    what: str
    alarm_id: int
    tag: str
    kind: str
    label: str
    n: int
    text: str
    owner: str
    max_shelve_s: float | None


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two alarms that come in the same five minutes; `lift` 1 is chance."""

    tag: str
    first: str
    other_tag: str
    second: str
    both: int
    lift: float


def maturity_word(maturity: Maturity) -> str:
    """The class after EEMUA 191 in the person's language."""
    return tr(MATURITY[maturity])


def figure_model() -> RowsModel[Figure]:
    columns: tuple[Column[Figure], ...] = (
        Column(N_("Key figure"), lambda row: tr(row.title)),
        Column(N_("Value"), lambda row: "–" if row.value is None else format_value(row.value, row.decimals), True),
        Column(N_("Acceptable"), lambda row: row.target.text, numeric=True),
        Column(N_("Manageable"), lambda row: row.target.manageable_text, numeric=True),
        Column(N_("Verdict"), lambda row: tr(VERDICTS[row.verdict])),
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
        Column(N_("Configured, %"), lambda row: format_value(row.configured, 1), numeric=True),
        Column(N_("Target, %"), lambda row: row.target, numeric=True),
        Column(N_("Ack. 50 %"), lambda row: _minutes(row.ack_median), numeric=True),
        Column(N_("Ack. 95 %"), lambda row: _minutes(row.ack_high), numeric=True),
        Column(
            N_("of response"),
            lambda row: "" if row.ack_share is None else f"{format_value(row.ack_share, 0)} %",
            numeric=True,
            tooltip=lambda _row: tr(_OF_RESPONSE),
        ),
        Column(N_("Return 50 %"), lambda row: _minutes(row.return_median), numeric=True),
        Column(N_("Return 95 %"), lambda row: _minutes(row.return_high), numeric=True),
    )
    return RowsModel(columns, key=lambda row: row.priority)


def nuisance_model() -> RowsModel[NuisanceRow]:
    columns: tuple[Column[NuisanceRow], ...] = (
        Column(N_("Nuisance"), lambda row: tr(row.what)),
        Column(N_("Tag"), lambda row: row.tag),
        Column(N_("Kind"), lambda row: row.kind, tooltip=lambda row: kind_word(row.kind)),
        Column(N_("How much"), lambda row: tr(row.text, n=format_value(row.n, 0))),
        Column(N_("Owner"), lambda row: row.owner),
    )
    return RowsModel(columns, key=lambda row: (row.what, row.alarm_id))


def pair_model() -> RowsModel[PairRow]:
    columns: tuple[Column[PairRow], ...] = (
        Column(N_("Alarm"), lambda row: row.first),
        Column(N_("comes with"), lambda row: row.second),
        Column(N_("Together"), lambda row: format_value(row.both, 0), numeric=True),
        Column(N_("Lift"), lambda row: format_value(row.lift, 1), numeric=True, tooltip=lambda _row: tr(_LIFT)),
    )
    return RowsModel(columns, key=lambda row: (row.first, row.second))


_OF_RESPONSE: Final = N_("95 % of the acknowledgements took at most this share of the response time (< 10 %).")
_LIFT: Final = N_("How many times as often as by chance they come within the same 5 minutes: consider a group.")


def _minutes(seconds: float | None) -> str:
    return "" if seconds is None else tr("{n} min", n=format_value(seconds / _MINUTE_S, 1))
