"""Key figures of the alarm system for a period and an area, from the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

import numpy as np

from ksys_core.domain.alarms import kpi_periods, kpis
from ksys_core.domain.alarms.columns import NsArray
from ksys_core.domain.alarms.kpi_periods import JournalColumns, Percentiles
from ksys_core.domain.alarms.kpis import BadActor, Bar, Flood, Maturity, Rates, Together
from ksys_core.domain.times import DAY, HOUR, to_datetime, to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store import alarms_register
from ksys_core.store.alarms_kpis import AlarmName, alarm_names, journal_columns
from ksys_core.store.alarms_register import Register, Unauthorised
from ksys_core.store.pool import Database

__all__ = ["AlarmKpis", "AlarmName", "Around", "alarm_kpis", "alarm_names", "compute"]

ENOUGH_DAYS: Final = 30
"""Days of journal that means need to say much."""
_HOURLY: Final = 3 * DAY
_PAIRS: Final = 20
_RELATED: Final = 2.0
"""Lift from which on two alarms count as related."""


@dataclass(frozen=True, slots=True)
class Around:
    """What belongs to the figures and is not in the period's journal.

    Attributes:
        begin: oldest entry of the whole journal (ns); None: there is none. upsets: int64[k] begins, in the period.
    """

    register: Register = field(default_factory=lambda: Register({}, {}))
    unauthorised: Unauthorised = field(default_factory=lambda: Unauthorised(0, 0))
    begin: int | None = None
    upsets: NsArray = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class AlarmKpis:
    """See `ksys_core.domain.alarms.kpis` and `kpi_periods` for what each figure means. Alarms by id.

    Attributes:
        days: days of the period that the journal covers: what is told per time is told of them.
        bars: these days by hours (up to three days) or local days.
        in_flood: percent of them. top_load: percent of annunciations due to the ten bad actors.
        stale: most alarms stale on any day; `stale_now`: stale at the end, with since when (ns).
        standing, shelved: means over them.
        priority_mix, configured_mix: percent by priority of the annunciations and of the enabled alarms.
        after_upset: most annunciations in the ten minutes after one of the `upsets`; None without any.
        ack_share: time to acknowledge in percent of the alarm's maximum time to respond.
    """

    days: float
    bars: tuple[Bar, ...]
    rates: Rates
    floods: tuple[Flood, ...]
    in_flood: float
    bad_actors: tuple[BadActor, ...]
    top_load: float
    chattering: Mapping[int, int]
    fleeting: Mapping[int, int]
    stale: int
    stale_now: Mapping[int, int]
    standing: float
    shelved: float
    priority_mix: Mapping[int, float]
    configured_mix: Mapping[int, float]
    unauthorised: Unauthorised
    upsets: int
    after_upset: int | None
    to_acknowledge: Mapping[int, Percentiles]
    ack_share: Mapping[int, Percentiles]
    to_return: Mapping[int, Percentiles]
    maturity: Maturity
    together: tuple[Together, ...]

    @property
    def enough(self) -> bool:
        """Whether there are days enough for means."""
        return self.days >= ENOUGH_DAYS


async def alarm_kpis(db: Database, *, start: int, stop: int, area: str | None = None, zone: tzinfo = UTC) -> AlarmKpis:
    """Key figures of ``[start, stop)`` (ns); computed beside the event loop. Means need some 30 days to say much.

    Raises:
        KnownError: the period is empty.
    """
    if stop <= start:
        raise KnownError("alarm.period", N_("The period ends before it begins."))
    around = Around(
        await alarms_register.configured(db, area),
        await alarms_register.unauthorised(db, start, stop, area),
        await alarms_register.journal_begin(db),
        await alarms_register.upsets(db, start, stop, area),
    )
    journal = await journal_columns(db, start, stop, area)
    return await asyncio.to_thread(compute, journal, start, stop, around, zone)


def compute(journal: JournalColumns, start: int, stop: int, around: Around, zone: tzinfo = UTC) -> AlarmKpis:
    """All key figures of the journal's entries.

    Before the journal began nobody counted: that no alarm is known of then says nothing. Of a period without journal
    the figures are zero, and of no days.
    """
    begin = stop if around.begin is None else min(max(around.begin, start), stop)
    days = (stop - begin) / DAY
    start = begin if days else start
    upsets = around.upsets[around.upsets > start - kpis.WINDOW]  # what comes after one may be the first of the journal
    shown = journal.annunciated
    inside = shown.only((shown.t >= start) & (shown.t < stop))
    rates = kpis.rates(inside.t, start, stop)
    floods = kpis.floods(inside.t, inside.alarm, stop)
    actors = kpis.bad_actors(inside.alarm)
    active = kpi_periods.active_periods(journal, stop)
    configured = np.array(list(around.register.priority.values()), np.int32)
    return AlarmKpis(
        days=days,
        bars=tuple(_bars(inside, active, period_edges(start, stop, zone))),
        rates=rates,
        floods=tuple(floods),
        in_flood=kpis.flood_share(floods, start, stop),
        bad_actors=tuple(actors),
        top_load=sum(actor.share for actor in actors),
        chattering=kpi_periods.chattering(journal),
        fleeting=kpi_periods.fleeting(journal, stop),
        stale=int(kpi_periods.stale(active, start, stop).max(initial=0)),
        stale_now=kpi_periods.stale_now(active, stop),
        standing=kpi_periods.mean_at_once(active, start, stop),
        shelved=kpi_periods.mean_at_once(kpi_periods.shelved_periods(journal, stop), start, stop),
        priority_mix=kpis.priority_mix(inside.priority),
        configured_mix=kpis.priority_mix(configured),
        unauthorised=around.unauthorised,
        upsets=len(upsets),
        after_upset=int(kpis.after_upsets(inside.t, upsets).max()) if len(upsets) else None,
        to_acknowledge=kpi_periods.time_to_acknowledge(journal, start, stop),
        ack_share=kpi_periods.share_of_response(journal, start, stop, around.register.response_s),
        to_return=kpi_periods.time_to_return(journal, stop),
        maturity=kpis.maturity(rates.per_10min, rates.peak, rates.buckets_over_10),
        together=tuple(
            pair for pair in kpis.together(inside.t, inside.alarm, start, stop)[:_PAIRS] if pair.lift >= _RELATED
        ),
    )


def period_edges(start: int, stop: int, zone: tzinfo) -> NsArray:
    """int64[k]: `start`, then full hours (up to three days) or midnights of `zone`, then `stop`."""
    if stop - start <= _HOURLY:
        inner = range((start // HOUR + 1) * HOUR, stop, HOUR)
        return np.array([start, *inner, stop], np.int64)
    day = to_datetime(start).astimezone(zone).date()
    inner_days = []
    while (midnight := to_ns(datetime.combine(day := day + timedelta(days=1), time(), zone))) < stop:
        inner_days.append(midnight)
    return np.array([start, *inner_days, stop], np.int64)


def _bars(shown: JournalColumns, active: kpi_periods.Periods, edges: NsArray) -> list[Bar]:
    counts = kpis.counts_between(shown.t, edges).tolist()
    spans = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return [
        Bar(begin, end, count, kpi_periods.mean_at_once(active, begin, end))
        for (begin, end), count in zip(spans, counts, strict=True)
    ]
