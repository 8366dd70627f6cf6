"""Training jobs and their steps as lists and screens show them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from ksys_core.domain.times import to_ns
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True)
class JobRow:
    """A training job; times in ns UTC. `error` is an English sentence with the fields `error_params`."""

    job_id: int
    tags: tuple[str, ...]
    algorithms: tuple[str, ...]
    request: dict[str, Any]
    origin: str
    status: str
    phase: str
    progress: float
    detail: dict[str, Any]
    requested_by: str
    requested_ns: int
    not_before_ns: int
    started_ns: int | None
    finished_ns: int | None
    cancel_requested: bool
    repeat_of: int | None
    error: str
    error_params: dict[str, Any]
    steps: int

    @property
    def open(self) -> bool:
        """It waits or runs."""
        return self.status in ("queued", "running")


@dataclass(frozen=True, slots=True)
class StepRow:
    """A finished step of a job."""

    sensor_id: int
    tag: str
    algorithm: str
    status: str
    error: str
    error_params: dict[str, Any]
    model_id: int | None
    season: int | None
    artefact_sha256: str | None
    facts: dict[str, Any]
    scores: dict[str, Any] | None
    p: float | None
    passed: bool | None
    outcome: str


_JOBS: Final = """
select j.job_id, array(select s.tag from sensors s where s.sensor_id = any (j.sensor_ids) order by s.tag) as tags,
       j.algorithms, j.request, j.origin, j.status, j.phase, j.progress, coalesce(j.result, '{}') as detail,
       j.requested_by, j.requested_at, j.not_before, j.started_at, j.finished_at, j.cancel_requested, j.repeat_of,
       j.error, j.error_params,
       (select count(*)::int from training_results r where r.job_id = j.job_id) as steps
from training_jobs j
where ($1::bigint is null or j.job_id = $1)
order by j.status = 'running' desc, j.status = 'queued' desc,
         case when j.status = 'queued' then j.not_before end, j.requested_at desc, j.job_id desc
limit $2
"""

_STEPS: Final = """
select r.sensor_id, s.tag, r.algorithm, r.status, r.error, r.error_params, r.model_id, r.season, r.artefact_sha256,
       r.facts, r.scores, r.p, r.passed, r.outcome
from training_results r join sensors s using (sensor_id)
where r.job_id = $1
order by s.tag, (r.scores -> 'scores' ->> 'mae')::float8, r.algorithm
"""

_LOG: Final = "select log from training_jobs where job_id = $1"


async def jobs(db: Database, *, job_id: int | None = None, newest: int = 200) -> list[JobRow]:
    """What runs, what waits, then the `newest` others; or only `job_id`."""
    return [_job(row) for row in await db.fetch(_JOBS, job_id, newest)]


def _job(row: asyncpg.Record) -> JobRow:
    values = dict(row)
    for name in ("request", "detail", "error_params"):
        values[name] = json.loads(values[name])
    for name in ("tags", "algorithms"):
        values[name] = tuple(values[name])
    values["requested_ns"] = to_ns(values.pop("requested_at"))
    values["not_before_ns"] = to_ns(values.pop("not_before"))
    for name in ("started", "finished"):
        moment = values.pop(f"{name}_at")
        values[f"{name}_ns"] = None if moment is None else to_ns(moment)
    return JobRow(**values)


async def steps(db: Database, job_id: int) -> Sequence[StepRow]:
    """The finished steps of a job, by tag, least MAE first."""
    found = []
    for row in await db.fetch(_STEPS, job_id):
        values = dict(row)
        for name in ("facts", "scores", "error_params"):
            values[name] = None if values[name] is None else json.loads(values[name])
        found.append(StepRow(**values))
    return found


async def log_of(db: Database, job_id: int) -> str:
    """The job's log; empty when there is none."""
    text: str | None = await db.fetchval(_LOG, job_id)
    return text or ""
