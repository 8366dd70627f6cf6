"""Training that nobody has to ask for: at night, spread over hours, and early where a model has drifted."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.domain.times import DAY, HOUR, to_datetime, to_ns
from ksys_core.forecasting.registry import SPECS
from ksys_core.services.models import HISTORY_DAYS
from ksys_core.services.training import TIME_LIMIT_S, TrainingRequest
from ksys_core.store import retraining as store
from ksys_core.store import training
from ksys_core.store.pool import Database
from ksys_core.store.retraining import Candidate
from ksys_core.store.training import NewJob

NIGHT: Final = time(2)
"""Plant time at which the first job of a night may begin."""
SPREAD: Final = 4 * HOUR
"""The jobs of a night begin within so long."""
EVERY_DAYS: Final = {"auto_arima": 3, "auto_ets": 7, "auto_theta": 7, "mstl": 7, "ensemble": 7}
"""How often an engine is fitted anew, where that is not every day."""
CHALLENGERS: Final = ("ridge",)
"""Tried beside every champion."""
SLACK: Final = 6 * HOUR
"""A model may be younger by so much and still be due: nights are staggered, and fits take time."""
NIGHT_FOLDS: Final = 96
"""Tests at most: two thirds count, more than the gate needs, and a thousand sensors have to be done by morning."""
DRIFT_PAUSE: Final = 6 * HOUR
"""No sensor is retrained for drift more often."""
MOST_TAGS: Final = 1000
"""In one job."""
TAG_LIMIT_S: Final = 60.0
LONGEST_S: Final = 86_400.0
"""A job of a shared model may take so much longer for each further tag, but no longer than a day."""
_MIXER: Final = 2_654_435_761
"""Knuth's multiplicative hash: neighbouring numbers come to lie far apart."""


async def nightly(db: Database, *, now_ns: int, zone: ZoneInfo) -> int:
    """File the jobs of this night that are not filed yet, one a sensor, one for all tags of a shared model; how many.

    Run as often as you like: a night has one job a sensor. After an outage over night the jobs come late, not never.
    """
    local = to_datetime(now_ns).astimezone(zone)
    if local.time() < NIGHT:
        return 0
    begin = to_ns(datetime.combine(local.date(), NIGHT, zone))
    batch = local.date().isoformat()
    filed = 0
    for pool in pools(await store.of_night(db, batch)):
        algorithms = tuple(name for name in _tried(pool) if _due(pool, name, now_ns))
        if algorithms and not any(member.busy for member in pool):
            job = _job(pool, algorithms, "nightly", batch, begin + offset(pool[0].sensor_id))
            filed += await training.file(db, job) is not None
    return filed


async def after_drift(db: Database, *, now_ns: int) -> int:
    """File a job for every sensor (or shared model) whose champion has drifted, at most one in six hours; how many.

    What the findings led to is noted with them, also where it is nothing.
    """
    filed = 0
    for pool in pools(await store.of_now(db, now_ns - DRIFT_PAUSE)):
        findings = [finding for member in pool for finding in member.findings]
        algorithms = _tried(pool)
        if not findings:
            continue
        if any(member.busy for member in pool):
            await store.lead_to(db, findings, "paused")
        elif not algorithms:
            await store.lead_to(db, findings, "on_trial")
        else:
            await store.lead_to(db, findings, "retraining", await training.file(db, _job(pool, algorithms, "drift")))
            filed += 1
    return filed


def pools(candidates: Sequence[Candidate]) -> list[Sequence[Candidate]]:
    """Champions that are trained together: those that have ever had one model between them, set up alike.

    A tag that could not be trained one night thus finds back to the others; one that shares none is a pool of its own.
    """
    keys = {candidate.sensor_id: _keys(candidate) for candidate in candidates}
    sharing: defaultdict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        for key in keys[candidate.sensor_id]:
            sharing[key].append(candidate)
    found: list[list[Candidate]] = []
    seen: set[int] = set()
    for candidate in candidates:
        pool, reached = [], [candidate]
        while reached:
            member = reached.pop()
            if member.sensor_id not in seen:
                seen.add(member.sensor_id)
                pool.append(member)
                reached += [other for key in keys[member.sensor_id] for other in sharing.pop(key, ())]
        found.append(sorted(pool, key=lambda member: member.sensor_id))
    return [pool[i : i + MOST_TAGS] for pool in found for i in range(0, len(pool), MOST_TAGS)]


def _keys(candidate: Candidate) -> list[tuple[str, str]]:
    """A key for each shared model of this setup that the sensor has had."""
    c = candidate
    setup = json.dumps([c.algorithm, c.interval_s, c.horizon, c.season, c.params], sort_keys=True)
    return [(setup, fingerprint) for fingerprint in c.shared]


def offset(sensor_id: int) -> int:
    """How long after the night's beginning a sensor's job begins, ns: the same every night, evenly spread."""
    return sensor_id * _MIXER % 2**32 * SPREAD >> 32


def _tried(pool: Sequence[Candidate]) -> tuple[str, ...]:
    """The champion's own kind, unless there is nothing to fit, and the usual challengers that are not in shadow yet."""
    names = dict.fromkeys((pool[0].algorithm, *CHALLENGERS))
    return tuple(
        name
        for name in names
        if name in SPECS and not SPECS[name].instant and any(name not in member.in_shadow for member in pool)
    )


def _due(pool: Sequence[Candidate], algorithm: str, now_ns: int) -> bool:
    oldest = min(member.newest_ns.get(algorithm, 0) for member in pool)
    return now_ns - oldest >= EVERY_DAYS.get(algorithm, 1) * DAY - SLACK


def _job(
    pool: Sequence[Candidate],
    algorithms: tuple[str, ...],
    origin: str,
    batch: str | None = None,
    not_before_ns: int | None = None,
) -> NewJob:
    """The champions' grid, horizon, season and parameters, over the newest data."""
    first = pool[0]
    request = TrainingRequest(
        algorithms,
        first.interval_s,
        first.horizon,
        first.season,
        max(HISTORY_DAYS, *((member.data_to_ns - member.data_from_ns) / DAY for member in pool)),
        NIGHT_FOLDS,
        params={first.algorithm: first.params},
        after="gate",
    )
    return NewJob(
        [member.sensor_id for member in pool],
        algorithms,
        request.plain(),
        time_limit_s=min(TIME_LIMIT_S + TAG_LIMIT_S * (len(pool) - 1), LONGEST_S),
        origin=origin,
        batch=batch,
        not_before_ns=not_before_ns,
    )
