"""Training jobs: filed, claimed by one instance, kept alive by its heartbeat, finished step by step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import asyncpg

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.connection import Connection
from ksys_core.store.model_artefacts import share
from ksys_core.store.models import NewModel, add_model
from ksys_core.store.pool import Database

Status = Literal["queued", "running", "done", "failed", "cancelled"]
SILENT_S: Final = 10.0
"""A running job whose heartbeat is so old is claimed again."""
ATTEMPTS: Final = 3
"""A job that was begun so often without coming to an end is given up."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is asked for; `request` as `file_training` wants it. Times in ns UTC."""

    sensor_ids: Sequence[int]
    algorithms: Sequence[str]
    request: Mapping[str, Any]
    time_limit_s: float = 3600.0
    memory_limit_mb: int = 4096
    origin: str = "person"
    batch: str | None = None
    not_before_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this claimant has to do now."""

    job_id: int
    sensor_ids: tuple[int, ...]
    algorithms: tuple[str, ...]
    request: dict[str, Any]
    origin: str
    window_to_ns: int
    repeat_of: int | None
    attempts: int
    time_limit_s: float
    memory_limit_mb: int


@dataclass(frozen=True, slots=True)
class NewResult:
    """A finished step to keep; `model` None for the champion's and for a failed one; `shared`: text of a shared one."""

    sensor_id: int
    algorithm: str
    error: str = ""
    error_params: Mapping[str, Any] | None = None
    data_sha256: str | None = None
    backtest: bytes | None = None
    model: NewModel | None = None
    shared: str = ""
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NewVerdict:
    """What was found of a step, and what became of its model."""

    algorithm: str
    season: int
    scores: Mapping[str, Any]
    verdict: Mapping[str, Any] | None
    p: float | None
    passed: bool | None
    outcome: str


_FILE: Final = "select file_training($1, $2, $3::text::jsonb, $4, $5, $6, $7, $8, $9)"

_CLAIM: Final = """
update training_jobs j
set status = 'running', claimed_by = $1, heartbeat_at = clock_timestamp(), attempts = attempts + 1,
    started_at = coalesce(started_at, clock_timestamp()), window_to = coalesce(window_to, $2)
where j.job_id = (
  select job_id from training_jobs
  where ((status = 'queued' and not_before <= clock_timestamp())
         or (status = 'running' and heartbeat_at < clock_timestamp() - make_interval(secs => $3)))
    and ($4::bigint is null or job_id = $4)
  order by origin <> 'person', not_before, job_id
  for update skip locked limit 1)
returning j.job_id, sensor_ids, algorithms, request, origin, window_to, repeat_of, attempts, time_limit_s,
          memory_limit_mb
"""

# Nothing is returned when the job has gone to another claimant.
_BEAT: Final = """
update training_jobs
set heartbeat_at = clock_timestamp(), progress = greatest($3, progress), phase = $4, result = $5::text::jsonb,
    log = right(log || $6, 200000)
where job_id = $1 and claimed_by = $2 and status = 'running'
returning cancel_requested
"""

_HELD: Final = """
select true from training_jobs where job_id = $1 and claimed_by = $2 and status = 'running' for update
"""

_ADD_RESULT: Final = """
insert into training_results (job_id, sensor_id, algorithm, status, error, error_params, model_id, season, data_sha256,
                              artefact_sha256, backtest, facts)
values ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, $10, $11, $12::text::jsonb)
on conflict do nothing
"""

_JUDGE: Final = """
update training_results
set season = coalesce(season, $4), scores = $5::text::jsonb, verdict = $6::text::jsonb, p = $7, passed = $8,
    outcome = $9
where job_id = $1 and sensor_id = $2 and algorithm = $3
"""

_STEPS: Final = """
select algorithm, status, data_sha256, artefact_sha256, backtest, outcome, scores is not null as judged, model_id
from training_results where job_id = $1 and sensor_id = $2
"""

_FORGET: Final = """
delete from training_results where job_id = $1 and sensor_id = $2 and data_sha256 is distinct from $3
"""

_HASH: Final = "select max(data_sha256) from training_results where job_id = $1 and sensor_id = $2"

_TAGS: Final = "select sensor_id, tag from sensors where sensor_id = any ($1::int[])"

_FINISH: Final = """
update training_jobs
set status = $3, finished_at = clock_timestamp(), error = $4, error_params = $5::text::jsonb,
    log = right(log || $6, 200000),
    progress = case when $3 = 'done' then 1 else progress end, phase = '', claimed_by = null
where job_id = $1 and claimed_by = $2 and status = 'running'
"""

_DROP_STEPS: Final = "update training_results set backtest = null where job_id = $1 and backtest is not null"

_RELEASE: Final = """
update training_jobs set status = 'queued', claimed_by = null, attempts = greatest(attempts - 1, 0)
where job_id = $1 and claimed_by = $2 and status = 'running'
"""


async def file(db: Database, job: NewJob, *, station: str = "") -> int | None:
    """File `job`; its number, or None when the sensor has its job of the batch already.

    Raises:
        KnownError: something in it is out of range. DeniedError: the person may not.
    """
    not_before = None if job.not_before_ns is None else to_datetime(job.not_before_ns)
    made: int | None = await db.fetchval(
        _FILE,
        list(job.sensor_ids),
        list(job.algorithms),
        json.dumps(dict(job.request)),
        job.time_limit_s,
        job.memory_limit_mb,
        job.origin,
        job.batch,
        not_before,
        station,
    )
    return made


async def repeat(db: Database, job_id: int, *, station: str = "") -> int:
    """File the same job again over the same window; its number."""
    made: int = await db.fetchval("select repeat_training($1, $2)", job_id, station)
    return made


async def cancel(db: Database, job_id: int, *, reason: str = "", station: str = "") -> bool:
    """Ask for the end of a job; False when it has ended before."""
    asked: bool = await db.fetchval("select cancel_training($1, $2, $3)", job_id, reason, station)
    return asked


async def claim(db: Database, claimant: str, *, now_ns: int, job_id: int | None = None) -> Claimed | None:
    """Take the next job that waits or was left behind (or only `job_id`); None when there is none."""
    row = await db.fetchrow(_CLAIM, claimant, to_datetime(now_ns), SILENT_S, job_id)
    if row is None:
        return None
    await db.execute("select ksys_notify('training', array[$1::integer])", row["job_id"])
    return _claimed(row)


def _claimed(row: asyncpg.Record) -> Claimed:
    values = dict(row)
    values["request"] = json.loads(values["request"])
    values["window_to_ns"] = to_ns(values.pop("window_to"))
    for name in ("sensor_ids", "algorithms"):
        values[name] = tuple(values[name])
    return Claimed(**values)


async def beat(
    db: Database, job_id: int, claimant: str, *, progress: float, phase: str, detail: Mapping[str, Any], log: str
) -> bool | None:
    """Say that the job is being done and how far it is; whether its end is wanted, None when it was taken away."""
    wanted: bool | None = await db.fetchval(_BEAT, job_id, claimant, progress, phase, json.dumps(dict(detail)), log)
    if wanted is not None:
        await db.execute("select ksys_notify('training', array[$1::integer])", job_id)
    return wanted


async def keep(db: Database, job_id: int, claimant: str, result: NewResult) -> bool:
    """Keep a finished step with its model, once; False when the job was taken away."""
    async with db.transaction() as connection:
        if not await connection.fetchval(_HELD, job_id, claimant):
            return False
        if await connection.fetchval(
            "select true from training_results where job_id = $1 and sensor_id = $2 and algorithm = $3",
            job_id,
            result.sensor_id,
            result.algorithm,
        ):
            return True
        await _add(connection, job_id, result)
    return True


async def _add(connection: Connection, job_id: int, result: NewResult) -> None:
    model = result.model
    if model is not None and result.shared:
        await share(connection, model.artefact_sha256, result.shared)
    model_id = None if model is None else await add_model(connection, model, job_id=job_id)
    await connection.execute(
        _ADD_RESULT,
        job_id,
        result.sensor_id,
        result.algorithm,
        "failed" if result.error else "done",
        result.error,
        json.dumps(dict(result.error_params or {}), default=str),
        model_id,
        None if model is None else model.season,
        result.data_sha256,
        None if model is None else model.artefact_sha256,
        result.backtest,
        json.dumps(dict(result.facts or {})),
    )


async def judge(connection: Connection, job_id: int, sensor_id: int, verdicts: Sequence[NewVerdict]) -> None:
    """Write what was found of a sensor's steps."""
    await connection.executemany(
        _JUDGE,
        [
            (
                job_id,
                sensor_id,
                v.algorithm,
                v.season,
                json.dumps(dict(v.scores)),
                None if v.verdict is None else json.dumps(dict(v.verdict)),
                v.p,
                v.passed,
                v.outcome,
            )
            for v in verdicts
        ],
    )


async def held(connection: Connection, job_id: int, claimant: str) -> bool:
    """Whether the job still is this claimant's, for the rest of the transaction."""
    return bool(await connection.fetchval(_HELD, job_id, claimant))


@dataclass(frozen=True, slots=True)
class Step:
    """A finished step as a claimant needs it."""

    algorithm: str
    status: str
    data_sha256: str | None
    artefact_sha256: str | None
    backtest: bytes | None
    outcome: str
    judged: bool
    model_id: int | None


async def steps(db: Database | Connection, job_id: int, sensor_id: int) -> list[Step]:
    """The finished steps of a sensor."""
    return [Step(**dict(row)) for row in await db.fetch(_STEPS, job_id, sensor_id)]


async def finish(
    db: Database,
    job_id: int,
    claimant: str,
    status: Status,
    *,
    error: str = "",
    params: Mapping[str, Any] | None = None,
    log: str = "",
) -> bool:
    """End the job; False when it was taken away."""
    async with db.transaction() as connection:
        given = json.dumps(dict(params or {}), default=str)
        ended = await connection.execute(_FINISH, job_id, claimant, status, error, given, log)
        if ended == "UPDATE 0":
            return False
        await connection.execute(_DROP_STEPS, job_id)
        await connection.execute("delete from training_pools where job_id = $1", job_id)
        await connection.execute("select ksys_notify('training', array[$1::integer])", job_id)
    return True


async def release(db: Database, job_id: int, claimant: str) -> None:
    """Put an unfinished job back for the next claimant; what is finished of it stays."""
    await db.execute(_RELEASE, job_id, claimant)


async def forget_steps(db: Database, job_id: int, sensor_id: int, data_sha256: str) -> None:
    """Forget the steps that were done on other data."""
    await db.execute(_FORGET, job_id, sensor_id, data_sha256)


async def data_of(db: Database, job_id: int, sensor_id: int) -> str | None:
    """The hash of the data that a job used for a sensor."""
    found: str | None = await db.fetchval(_HASH, job_id, sensor_id)
    return found


async def tags(db: Database, sensor_ids: Sequence[int]) -> dict[int, str]:
    """Names of sensors."""
    return {row["sensor_id"]: row["tag"] for row in await db.fetch(_TAGS, list(sensor_ids))}
