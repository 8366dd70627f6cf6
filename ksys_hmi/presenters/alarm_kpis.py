"""Presenter of the alarm analytics: key figures of a period as rows, with targets and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ksys_core.domain.alarms.kpis import Flood, Maturity
from ksys_core.domain.times import SECOND
from ksys_core.i18n import N_
from ksys_core.services.alarms_kpis import AlarmKpis, AlarmName, alarm_kpis, alarm_names
from ksys_hmi.models.kpi_rows import ActorRow, FigureRow, FloodRow, PriorityRow, Verdict
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

DAY_S: Final = 86_400
_MIX_TARGETS: Final = {1: "5", 2: "15", 3: "80 (3 + 4)", 4: ""}


@dataclass(frozen=True, slots=True)
class Target:
    """Up to `acceptable` (below it when `strict`) is good, up to `manageable` is manageable."""

    acceptable: float
    manageable: float | None = None
    strict: bool = False

    @property
    def text(self) -> str:
        if not self.acceptable:
            return "0"
        return f"{'<' if self.strict else '≤'} {self.acceptable:g}"

    def verdict(self, value: float) -> Verdict:
        if value < self.acceptable or (value == self.acceptable and not self.strict):
            return "good"
        return "manageable" if self.manageable is not None and value <= self.manageable else "above"


@dataclass(frozen=True, slots=True, kw_only=True)
class KpisState(PageState):
    """Attributes:
    span_s: length of the period that ends now. count: annunciations in it.
    maturity: class after EEMUA 191; None until it is known.
    """

    span_s: int = DAY_S
    count: int = 0
    maturity: Maturity | None = None
    figures: tuple[FigureRow, ...] = ()
    actors: tuple[ActorRow, ...] = ()
    floods: tuple[FloodRow, ...] = ()
    priorities: tuple[PriorityRow, ...] = ()


class KpisPresenter(Presenter[KpisState]):
    """Computes again every minute while it is shown: the figures move slowly, and a month of journal takes a while."""

    period_s = 60.0

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, KpisState())

    def set_span(self, span_s: int) -> None:
        """Show the last `span_s` seconds."""
        self.publish(KpisState(span_s=span_s, stale_since=self.state.stale_since))
        self.refresh()

    async def load(self) -> KpisState:
        span_s, stop = self.state.span_s, self.runtime.now_ns()
        found = await alarm_kpis(self.runtime.db, start=stop - span_s * SECOND, stop=stop)
        names = await alarm_names(self.runtime.db, _alarms_of(found))
        if span_s != self.state.span_s:
            return self.state  # another period was chosen meanwhile; its load is under way
        return replace(
            self.state,
            loading=False,
            error="",
            count=found.rates.count,
            maturity=found.maturity,
            figures=_figures(found),
            actors=_actors(found, names),
            floods=tuple(_flood(each, names, stop) for each in reversed(found.floods)),
            priorities=_priorities(found),
        )


def _figures(found: AlarmKpis) -> tuple[FigureRow, ...]:
    rates = found.rates
    given = (
        (N_("Annunciations a day"), rates.per_day, 1, Target(150, 300)),
        (N_("Annunciations an hour"), rates.per_hour, 2, Target(6, 12)),
        (N_("Annunciations in 10 minutes"), rates.per_10min, 2, Target(1, 2)),
        (N_("Hours with more than 30, %"), rates.hours_over_30, 2, Target(1, strict=True)),
        (N_("10 minutes with more than 10, %"), rates.buckets_over_10, 2, Target(1, strict=True)),
        (N_("Most in 10 minutes"), rates.peak, 0, Target(10)),
        (N_("Most in an hour"), rates.peak_hour, 0, Target(15)),
        (N_("Most in a minute"), rates.peak_minute, 0, Target(2)),
        (N_("Floods"), len(found.floods), 0, Target(0)),
        (N_("Time in floods, %"), found.in_flood, 2, Target(1, strict=True)),
        (N_("Due to the ten most frequent, %"), found.top_load, 1, Target(5)),
        (N_("Chattering alarms"), len(found.chattering), 0, Target(0)),
        (N_("Fleeting alarms"), len(found.fleeting), 0, Target(0)),
        (N_("Stale alarms, most on a day"), found.stale, 0, Target(5, strict=True)),
        (N_("Standing alarms, mean"), found.standing, 1, Target(10, strict=True)),
        (N_("Shelved alarms, mean"), found.shelved, 1, Target(30, strict=True)),
    )
    return tuple(
        FigureRow(title, float(value), decimals, target.text, target.verdict(value))
        for title, value, decimals, target in given
    )


def _actors(found: AlarmKpis, names: Mapping[int, AlarmName]) -> tuple[ActorRow, ...]:
    rows, summed = [], 0.0
    for place, actor in enumerate(found.bad_actors, 1):
        summed += actor.share
        name = names.get(actor.alarm, AlarmName(str(actor.alarm), "", "", ""))
        rows.append(ActorRow(place, actor.alarm, name.tag, name.kind, name.area, actor.count, actor.share, summed))
    return tuple(rows)


def _flood(flood: Flood, names: Mapping[int, AlarmName], now: int) -> FloodRow:
    def named(alarm: int) -> str:
        return names[alarm].short if alarm in names else str(alarm)

    return FloodRow(
        start=flood.start,
        end=flood.end,
        seconds=((flood.end or now) - flood.start) / SECOND,
        count=flood.count,
        peak=flood.peak,
        first_out=named(flood.first_out),
        top=", ".join(f"{named(alarm)} ×{count}" for alarm, count in flood.top),
    )


def _priorities(found: AlarmKpis) -> tuple[PriorityRow, ...]:
    rows = []
    for priority, target in _MIX_TARGETS.items():
        ack, back = found.to_acknowledge[priority], found.to_return[priority]
        share = found.priority_mix[priority]
        rows.append(PriorityRow(priority, share, target, ack.p50, ack.p95, back.p50, back.p95))
    return tuple(rows)


def _alarms_of(found: AlarmKpis) -> list[int]:
    """Alarms that are shown by name."""
    ids = {actor.alarm for actor in found.bad_actors}
    for flood in found.floods:
        ids |= {flood.first_out, *(alarm for alarm, _ in flood.top)}
    return sorted(ids)
