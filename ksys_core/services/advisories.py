"""Advisories: limits that forecasts will cross, forecasts that no longer fit; never alarms, never mixed with them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ksys_core.domain.crossing import CLOSES, HIGH, OPENS, crossing
from ksys_core.domain.forecasts import ForecastBand
from ksys_core.domain.times import DAY
from ksys_core.store import advisories as store
from ksys_core.store import drift_advisories, forecasts
from ksys_core.store.advisories import Advisory, AdvisoryScores, CloseReason, NewAdvisory, Watched
from ksys_core.store.drift_advisories import DriftAdvisory
from ksys_core.store.pool import Database

__all__ = ["Advisory", "AdvisoryScores", "AnyAdvisory", "DriftAdvisory"]

AnyAdvisory = Advisory | DriftAdvisory

STALE_INTERVALS: Final = 3
"""A forecast older than so many of its intervals tells nothing of now."""
SCORED_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Round:
    """What one look at the forecasts changes."""

    opened: list[NewAdvisory] = field(default_factory=list)
    updated: list[NewAdvisory] = field(default_factory=list)
    closed: list[tuple[int, CloseReason]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AdvisoryPageData:
    """Everything of the page: open ones, those of the past, and how good those of limits were in the last 30 days."""

    current: tuple[AnyAdvisory, ...]
    past: tuple[AnyAdvisory, ...]
    scores: AdvisoryScores


async def run(db: Database, *, now_ns: int) -> int:
    """Open, update and close advisories by the newest forecasts and findings of drift, and settle what has come true.

    Gives the rows that changed.

    Doing it again without a new forecast changes nothing, but for what was crossed or went stale meanwhile.
    """
    limits = await store.watched(db)
    bands = await forecasts.latest(db, sorted({each.sensor_id for each in limits}))
    found = await asyncio.to_thread(judged, limits, bands, now_ns)
    changed = await store.save(db, opened=found.opened, updated=found.updated, closed=found.closed, now=now_ns)
    return changed + await store.score(db, now_ns) + await drift_advisories.follow(db, now_ns)


async def load_page(db: Database, now_ns: int) -> AdvisoryPageData:
    """What the page shows: the nearest crossing first, then forecasts that no longer fit; the newest of the past."""
    past: list[AnyAdvisory] = [*await store.past(db), *await drift_advisories.past(db)]
    return AdvisoryPageData(
        (*await store.current(db), *await drift_advisories.current(db)),
        tuple(sorted(past, key=lambda one: (one.closed or 0, one.advisory_id), reverse=True)),
        await store.scores(db, now_ns - SCORED_DAYS * DAY, now_ns),
    )


async def mark_seen(db: Database, advisory_ids: Sequence[int]) -> int:
    """Mark advisories of either kind as seen; how many had not been seen by anyone."""
    return await store.mark_seen(db, advisory_ids)


async def open_advisories(db: Database, sensor_id: int) -> list[Advisory]:
    """Those of the limits of one tag, the nearest crossing first."""
    return await store.of_sensor(db, sensor_id)


def judged(limits: Sequence[Watched], bands: Mapping[int, ForecastBand], now: int) -> Round:
    """Hold each limit against its tag's newest forecast."""
    found = Round()
    for each in limits:
        band = bands.get(each.sensor_id)
        reason = _closes(each, band, now)
        if reason is not None:
            if each.open_id is not None:
                found.closed.append((each.open_id, reason))
            continue
        assert band is not None
        if each.open_id is not None and each.open_issue == band.issue_ns and each.open_limit == each.limit:
            continue  # this forecast has been judged
        _judge(found, each, band, now)
    return found


def _judge(found: Round, each: Watched, band: ForecastBand, now: int) -> None:
    new = _advisory(each, band, now)
    if each.open_id is None:
        if new is not None and new.found.probability >= OPENS and each.closed_issue != band.issue_ns:
            found.opened.append(new)
    elif new is None or new.found.probability < CLOSES:
        found.closed.append((each.open_id, "receded"))
    else:
        found.updated.append(new)


def _closes(each: Watched, band: ForecastBand | None, now: int) -> CloseReason | None:
    """Why there can be no advisory now; None: there may be."""
    if each.limit is None:
        return "limit"
    if not each.deployed:
        return "no_model"
    if each.newest is not None and (each.newest > each.limit if each.kind in HIGH else each.newest < each.limit):
        return "crossed"
    if band is None or each.newest is None or band.age_ns(now) > STALE_INTERVALS * band.interval_ns:
        return "stale"
    return None


def _advisory(each: Watched, band: ForecastBand, now: int) -> NewAdvisory | None:
    """None when no step of the forecast lies ahead."""
    assert each.limit is not None
    assert each.newest is not None
    ahead = band.t > now
    if not ahead.any():
        return None
    crossed = crossing(
        band.t[ahead],
        band.value[ahead],
        band.lo80[ahead],
        band.hi80[ahead],
        each.limit,
        each.kind,
        now=now,
        newest=each.newest,
    )
    end = int(band.t[-1])
    return NewAdvisory(each.sensor_id, each.kind, each.limit, band.model_id, band.source, band.issue_ns, crossed, end)
