"""Key figures of the alarm system for a period and an area, from the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from ksys_core.domain.alarms import kpi_periods, kpis
from ksys_core.domain.alarms.kpi_periods import JournalColumns, Percentiles
from ksys_core.domain.alarms.kpis import BadActor, Flood, Maturity, Rates, Together
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store.alarms_kpis import AlarmName, alarm_names, journal_columns
from ksys_core.store.pool import Database

__all__ = ["AlarmKpis", "AlarmName", "alarm_kpis", "alarm_names", "compute"]


@dataclass(frozen=True, slots=True)
class AlarmKpis:
    """See `ksys_core.domain.alarms.kpis` and `kpi_periods` for what each figure means. Alarms by id.

    Attributes:
        in_flood: percent of the period. top_load: percent of annunciations due to the ten bad actors.
        stale: most alarms stale on any day. standing, shelved: means over the period.
    """

    rates: Rates
    floods: tuple[Flood, ...]
    in_flood: float
    bad_actors: tuple[BadActor, ...]
    top_load: float
    chattering: Mapping[int, int]
    fleeting: Mapping[int, int]
    stale: int
    standing: float
    shelved: float
    priority_mix: Mapping[int, float]
    to_acknowledge: Mapping[int, Percentiles]
    to_return: Mapping[int, Percentiles]
    maturity: Maturity
    together: tuple[Together, ...]


async def alarm_kpis(db: Database, *, start: int, stop: int, area: str | None = None) -> AlarmKpis:
    """Key figures of ``[start, stop)`` (ns); computed beside the event loop. Means need some 30 days to say much.

    Raises:
        KnownError: the period is empty.
    """
    if stop <= start:
        raise KnownError("alarm.period", N_("The period ends before it begins."))
    return await asyncio.to_thread(compute, await journal_columns(db, start, stop, area), start, stop)


def compute(journal: JournalColumns, start: int, stop: int) -> AlarmKpis:
    """All key figures of the journal's entries."""
    shown = journal.annunciated
    inside = shown.only((shown.t >= start) & (shown.t < stop))
    rates = kpis.rates(inside.t, start, stop)
    floods = kpis.floods(inside.t, inside.alarm, stop)
    actors = kpis.bad_actors(inside.alarm)
    active = kpi_periods.active_periods(journal, stop)
    return AlarmKpis(
        rates=rates,
        floods=tuple(floods),
        in_flood=kpis.flood_share(floods, start, stop),
        bad_actors=tuple(actors),
        top_load=sum(actor.share for actor in actors),
        chattering=kpi_periods.chattering(journal),
        fleeting=kpi_periods.fleeting(journal, stop),
        stale=int(kpi_periods.stale(active, start, stop).max(initial=0)),
        standing=kpi_periods.mean_at_once(active, start, stop),
        shelved=kpi_periods.mean_at_once(kpi_periods.shelved_periods(journal, stop), start, stop),
        priority_mix=kpis.priority_mix(inside.priority),
        to_acknowledge=kpi_periods.time_to_acknowledge(journal, stop),
        to_return=kpi_periods.time_to_return(journal, stop),
        maturity=kpis.maturity(rates.per_10min, rates.peak, rates.buckets_over_10),
        together=tuple(kpis.together(inside.t, inside.alarm, start, stop)[:20]),
    )
