"""From challenger to champion and back: what the database's functions do, and what decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True)
class Trial:
    """A challenger in shadow, or a new champion beside the one it replaced.

    Attributes:
        model_id: the younger of the two, which is judged; other_id: the model it is compared with.
        since_ns: when the comparison began. batch, p: of the job that trained it.
    """

    model_id: int
    other_id: int
    sensor_id: int
    since_ns: int
    kept_until_ns: int | None
    batch: str | None
    p: float | None


_DO: Final = {
    "champion": "select deploy_model($1, 'champion', $2)",
    "challenger": "select deploy_model($1, 'challenger', $2)",
    "refreshed": "select promote_model($1, $2, '', interval '6 hours')",
}

_CHALLENGERS: Final = """
select d.model_id, c.model_id as other_id, d.sensor_id, d.deployed_from as since, d.kept_until, j.batch, r.p
from deployed_models d
join deployed_models c on c.sensor_id = d.sensor_id and c.is_active and c.role = 'champion'
left join training_results r on r.model_id = d.model_id
left join training_jobs j on j.job_id = r.job_id
where d.is_active and d.role = 'challenger' and d.kept_until is null
order by d.deployment_id
"""

_SUCCESSORS: Final = """
select c.model_id, k.model_id as other_id, c.sensor_id, c.deployed_from as since, k.kept_until, null as batch, null as p
from deployed_models k
join deployed_models c on c.sensor_id = k.sensor_id and c.is_active and c.role = 'champion'
where k.is_active and k.role = 'challenger' and k.kept_until is not null
order by k.deployment_id
"""

_ON_TRIAL: Final = """
select distinct m.algorithm from deployed_models d join trained_models m using (model_id)
where d.sensor_id = $1 and d.is_active and d.role = 'challenger' and d.kept_until is null
"""

_BATCH: Final = """
select r.model_id, r.p from training_results r join training_jobs j using (job_id)
where j.batch = $1 and r.p is not null and r.model_id is not null
"""

# The champion before an active one stays, so that one can go back to it.
_FORGET: Final = """
delete from trained_models m using training_jobs j
where j.job_id = m.job_id and j.origin <> 'person' and m.created_at < $1
  and not exists (select from deployed_models d where d.model_id = m.model_id and d.is_active)
  and not exists (select from deployed_models d join deployed_models c on c.replaces = d.deployment_id
                  where d.model_id = m.model_id and c.is_active)
"""
_FORGET_JOBS: Final = "delete from training_jobs where finished_at < $1"

# Only what both forecast themselves, for the same issue and target times.
_PAIRS: Final = """
select a.step, count(*)::float8 as n, sum(abs(a.value - a.actual)) as own, sum(abs(b.value - b.actual)) as other,
       count(*) filter (where a.actual between a.lo80 and a.hi80)::float8 as hits80,
       count(*) filter (where a.actual between a.lo95 and a.hi95)::float8 as hits95
from forecast_results a
join forecast_results b on b.model_id = $2 and b.issue_ts = a.issue_ts and b.target_ts = a.target_ts
where a.model_id = $1 and a.target_ts > $3 and a.target_ts <= $4 and a.issue_ts >= $5
  and a.source = 'model' and b.source = 'model' and a.actual_state = 'matched' and b.actual_state = 'matched'
group by 1 order by 1
"""
_DTYPE: Final = [("step", ">i4"), *((name, ">f8") for name in ("n", "own", "other", "hits80", "hits95"))]


async def act_on(connection: Connection, model_id: int, outcome: str, reason: str) -> None:
    """Deploy a model as its `outcome` says; "kept" does nothing."""
    if outcome in _DO:
        await connection.fetchval(_DO[outcome], model_id, reason)


async def in_shadow(connection: Connection, sensor_id: int) -> list[str]:
    """Algorithms of a sensor's challengers that are on trial."""
    return [row["algorithm"] for row in await connection.fetch(_ON_TRIAL, sensor_id)]


async def promote(db: Database, model_id: int, *, reason: str, station: str = "") -> int:
    """Make a model the champion; the former one stays in shadow for a day. The deployment's number."""
    made: int = await db.fetchval("select promote_model($1, $2, $3)", model_id, reason, station)
    return made


async def rollback(db: Database, sensor_id: int, *, reason: str, station: str = "") -> int:
    """Bring the champion before back; the number of its model."""
    model_id: int = await db.fetchval("select rollback_model($1, $2, $3)", sensor_id, reason, station)
    return model_id


async def challengers(db: Database) -> list[Trial]:
    """Challengers in shadow beside a champion."""
    return [_trial(dict(row)) for row in await db.fetch(_CHALLENGERS)]


async def successors(db: Database) -> list[Trial]:
    """Champions beside the one they replaced, which is still watched."""
    return [_trial(dict(row)) for row in await db.fetch(_SUCCESSORS)]


def _trial(row: dict[str, Any]) -> Trial:
    kept = row.pop("kept_until")
    return Trial(since_ns=to_ns(row.pop("since")), kept_until_ns=None if kept is None else to_ns(kept), **row)


async def batch_p(db: Database, batch: str) -> dict[int, float]:
    """The p-values of every model that was tested in a batch."""
    return {row["model_id"]: row["p"] for row in await db.fetch(_BATCH, batch)}


async def pairs(
    db: Database, model_id: int, other_id: int, *, start_ns: int, stop_ns: int, issued_ns: int
) -> npt.NDArray[Any]:
    """Sums by step (step, n, own, other, hits80, hits95) over target times in ``(start, stop]`` issued since then."""
    rows = await db.fetch_columns(
        _PAIRS, model_id, other_id, to_datetime(start_ns), to_datetime(stop_ns), to_datetime(issued_ns), dtype=_DTYPE
    )
    return np.asarray(rows)


async def forget(db: Database, *, models_before_ns: int, jobs_before_ns: int) -> int:
    """Forget models that the service made before then and that are not needed, and old jobs; how many."""
    models = await db.execute(_FORGET, to_datetime(models_before_ns))
    jobs = await db.execute(_FORGET_JOBS, to_datetime(jobs_before_ns))
    return int(models.split()[-1]) + int(jobs.split()[-1])
