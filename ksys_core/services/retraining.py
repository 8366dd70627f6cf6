"""Training that nobody has to ask for: at night, spread over hours, and early where a model has drifted."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.domain.times import DAY, HOUR, to_datetime, to_ns
from ksys_core.forecasting.pooled_work import PooledEngine
from ksys_core.forecasting.registry import SPECS
from ksys_core.services.models import HISTORY_DAYS
from ksys_core.services.training import TrainingRequest
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
_MIXER: Final = 2_654_435_761
"""Knuth's multiplicative hash: neighbouring numbers come to lie far apart."""


async def nightly(db: Database, *, now_ns: int, zone: ZoneInfo) -> int:
    """File the jobs of this night that are not filed yet, one a sensor; how many.

    Run as often as you like: a night has one job a sensor. After an outage over night the jobs come late, not never.
    """
    local = to_datetime(now_ns).astimezone(zone)
    if local.time() < NIGHT:
        return 0
    begin = to_ns(datetime.combine(local.date(), NIGHT, zone))
    batch = local.date().isoformat()
    filed = 0
    for candidate in await store.of_night(db, batch):
        algorithms = tuple(name for name in _tried(candidate) if _due(candidate, name, now_ns))
        if algorithms:
            job = _job(candidate, algorithms, "nightly", batch, begin + offset(candidate.sensor_id))
            filed += await training.file(db, job) is not None
    return filed


async def after_drift(db: Database, *, now_ns: int) -> int:
    """File a job for every sensor whose champion has drifted, at most one in six hours; how many."""
    filed = 0
    for candidate in await store.drifted(db, now_ns - DRIFT_PAUSE):
        algorithms = _tried(candidate)
        if not algorithms:
            continue
        job_id = await training.file(db, _job(candidate, algorithms, "drift"))
        assert job_id is not None
        await store.lead_to(db, candidate.findings, job_id)
        filed += 1
    return filed


def offset(sensor_id: int) -> int:
    """How long after the night's beginning a sensor's job begins, ns: the same every night, evenly spread."""
    return sensor_id * _MIXER % 2**32 * SPREAD >> 32


def _tried(candidate: Candidate) -> tuple[str, ...]:
    """The champion's own kind, unless there is nothing to fit, and the usual challengers that are not in shadow yet.

    A model of several tags is left as it is: fitted to one tag alone it would be another one.
    """
    names = dict.fromkeys((candidate.algorithm, *CHALLENGERS))
    return tuple(name for name in names if name in SPECS and _fitted_alone(name) and name not in candidate.in_shadow)


def _fitted_alone(algorithm: str) -> bool:
    spec = SPECS[algorithm]
    return not spec.instant and not isinstance(spec.engine, PooledEngine)


def _due(candidate: Candidate, algorithm: str, now_ns: int) -> bool:
    newest = candidate.newest_ns.get(algorithm)
    return newest is None or now_ns - newest >= EVERY_DAYS.get(algorithm, 1) * DAY - SLACK


def _job(
    candidate: Candidate,
    algorithms: tuple[str, ...],
    origin: str,
    batch: str | None = None,
    not_before_ns: int | None = None,
) -> NewJob:
    """The champion's grid, horizon, season and parameters, over the newest data."""
    request = TrainingRequest(
        algorithms,
        candidate.interval_s,
        candidate.horizon,
        candidate.season,
        max(HISTORY_DAYS, (candidate.data_to_ns - candidate.data_from_ns) / DAY),
        NIGHT_FOLDS,
        params={candidate.algorithm: candidate.params},
        after="gate",
    )
    return NewJob(
        [candidate.sensor_id], algorithms, request.plain(), origin=origin, batch=batch, not_before_ns=not_before_ns
    )
