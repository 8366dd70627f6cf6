"""Presenter of the alarm analytics: key figures of a period as rows, with targets and verdicts."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ksys_core.domain.alarms.kpis import Bar, Flood, Maturity
from ksys_core.domain.times import SECOND
from ksys_core.i18n import N_
from ksys_core.services import alarms
from ksys_core.services.alarms_figures import MIX_TARGETS, Figure, figures
from ksys_core.services.alarms_kpis import AlarmKpis, AlarmName, alarm_kpis, alarm_names
from ksys_core.services.alarms_report import alarms_of, too_little
from ksys_hmi.models.kpi_rows import ActorRow, FloodRow, NuisanceRow, PairRow, PriorityRow
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

DAY_S: Final = 86_400
Names = Mapping[int, AlarmName]


@dataclass(frozen=True, slots=True, kw_only=True)
class KpisState(PageState):
    """Attributes:
    span_s: length of the period that ends now; area: only this one (None: all).
    start, stop: the period that is shown (ns). count: annunciations in it.
    too_little: a sentence while the journal is too short for means.
    maturity: class after EEMUA 191; None until it is known.
    """

    span_s: int = DAY_S
    area: str | None = None
    start: int = 0
    stop: int = 0
    count: int = 0
    too_little: str = ""
    maturity: Maturity | None = None
    bars: tuple[Bar, ...] = ()
    figures: tuple[Figure, ...] = ()
    actors: tuple[ActorRow, ...] = ()
    floods: tuple[FloodRow, ...] = ()
    priorities: tuple[PriorityRow, ...] = ()
    nuisances: tuple[NuisanceRow, ...] = ()
    pairs: tuple[PairRow, ...] = ()


class KpisPresenter(Presenter[KpisState]):
    """Computes again every minute while it is shown: the figures move slowly, and a month of journal takes a while."""

    kinds = frozenset({"labels"})
    period_s = 60.0

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, KpisState())

    @property
    def areas(self) -> tuple[str, ...]:
        """Areas that have tags, with those above them."""
        paths = {sensor.area for sensor in self.runtime.sensors.values() if sensor.area}
        return tuple(sorted({"/".join(path.split("/")[: n + 1]) for path in paths for n in range(path.count("/") + 1)}))

    def choose(self, span_s: int, area: str | None) -> None:
        """Show the last `span_s` seconds of one area (None: all)."""
        self.publish(KpisState(span_s=span_s, area=area, stale_since=self.state.stale_since))
        self.refresh()

    def shelve(self, alarm_id: int, tag: str, reason: str, seconds: int | None) -> None:
        """Hide an alarm for `seconds`, or until it returns to normal."""
        until = None if seconds is None else self.runtime.now_ns() + seconds * SECOND

        async def work() -> None:
            (outcome,) = await alarms.shelve(self.runtime.db, [alarm_id], platform.node(), reason, until)
            self.runtime.events.message.emit(f"{tag}: {alarms.describe(outcome)}")

        self.runtime.spawn(work(), "shelve")

    async def load(self) -> KpisState:
        span_s, area, stop = self.state.span_s, self.state.area, self.runtime.now_ns()
        start, zone = stop - span_s * SECOND, self.runtime.zone
        found = await alarm_kpis(self.runtime.db, start=start, stop=stop, area=area, zone=zone)
        names = await alarm_names(self.runtime.db, alarms_of(found))
        if (span_s, area) != (self.state.span_s, self.state.area):
            return self.state  # another period was chosen meanwhile; its load is under way
        return replace(
            self.state,
            loading=False,
            error="",
            start=start,
            stop=stop,
            count=found.rates.count,
            too_little=too_little(found),
            maturity=found.maturity,
            bars=found.bars,
            figures=figures(found),
            actors=_actors(found, names),
            floods=tuple(_flood(each, names, stop) for each in reversed(found.floods)),
            priorities=_priorities(found),
            nuisances=_nuisances(found, names, stop),
            pairs=_pairs(found, names),
        )


def _named(names: Names, alarm: int) -> AlarmName:
    return names.get(alarm, AlarmName(str(alarm), "", "", ""))


def _actors(found: AlarmKpis, names: Names) -> tuple[ActorRow, ...]:
    rows, summed = [], 0.0
    for place, actor in enumerate(found.bad_actors, 1):
        summed += actor.share
        name = _named(names, actor.alarm)
        kind = (name.kind, name.label, name.area)
        numbers = (actor.count, actor.share, summed)
        rows.append(ActorRow(place, actor.alarm, name.tag, *kind, *numbers, name.max_shelve_s))
    return tuple(rows)


def _flood(flood: Flood, names: Names, now: int) -> FloodRow:
    return FloodRow(
        start=flood.start,
        end=flood.end,
        seconds=((flood.end or now) - flood.start) / SECOND,
        count=flood.count,
        peak=flood.peak,
        first_out=_named(names, flood.first_out).short,
        top=", ".join(f"{_named(names, alarm).short} ×{count}" for alarm, count in flood.top),
    )


def _priorities(found: AlarmKpis) -> tuple[PriorityRow, ...]:
    rows = []
    for priority, target in MIX_TARGETS.items():
        ack, back = found.to_acknowledge[priority], found.to_return[priority]
        shares = (found.priority_mix[priority], found.configured_mix[priority])
        times = (ack.p50, ack.p95, found.ack_share[priority].p95, back.p50, back.p95)
        rows.append(PriorityRow(priority, *shares, target, *times))
    return tuple(rows)


def _nuisances(found: AlarmKpis, names: Names, now: int) -> tuple[NuisanceRow, ...]:
    """Stale ones first, then by how often."""
    stale = sorted(found.stale_now.items(), key=lambda item: item[1])
    rows = [(N_("Stale"), alarm, (now - since) / SECOND / 3600, N_("{n} h active")) for alarm, since in stale]
    for kind, counts, text in (
        (N_("Chattering"), found.chattering, N_("{n} within a minute")),
        (N_("Fleeting"), found.fleeting, N_("{n} times under 10 s")),
    ):
        rows += [(kind, alarm, n, text) for alarm, n in sorted(counts.items(), key=lambda item: -item[1])]
    made = []
    for kind, alarm, n, text in rows:
        name = _named(names, alarm)
        called = (name.tag, name.kind, name.label)
        made.append(NuisanceRow(kind, alarm, *called, int(n), text, name.owner, name.max_shelve_s))
    return tuple(made)


def _pairs(found: AlarmKpis, names: Names) -> tuple[PairRow, ...]:
    return tuple(
        PairRow(_named(names, p.first).tag, _named(names, p.first).short, _named(names, p.second).tag,
                _named(names, p.second).short, p.both, p.lift)
        for p in found.together
    )  # fmt: skip
