"""Jobs and their runs (schema ``scheduler``). A slot of a job is begun once, whoever begins it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg

from ksys_core.store.pool import Database

RunStatus = Literal["running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class JobDefinition:
    """What the service knows of a job and keeps in ``scheduler.job``; `interval_s` None: runs while it leads."""

    name: str
    title: str
    schedule: str
    command: str
    interval_s: float | None
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A person's wish for a run; its slot is the time of the wish."""

    name: str
    slot: datetime
    requested_by: str


_DEFINE: Final = """
insert into scheduler.job as j (jobname, title, schedule, command, interval_s, timeout_s)
values ($1, $2, $3, $4, $5, $6)
on conflict (jobname) do update
set title = $2, schedule = $3, command = $4, interval_s = $5, timeout_s = $6, offered = true
where not j.offered or (j.title, j.schedule, j.command) is distinct from ($2, $3, $4)
   or j.interval_s is distinct from $5 or j.timeout_s is distinct from $6
"""

_WITHDRAW: Final = """
update scheduler.job set offered = false, next_run = null, requested_at = null, requested_by = null
where offered and not jobname = any ($1::text[])
"""

_BEGIN: Final = """
insert into scheduler.job_run_details (jobid, job_pid, command, slot, instance_id)
select jobid, $3, command, $2, $4 from scheduler.job where jobname = $1 and active and offered
on conflict (jobid, slot) do nothing
returning runid
"""

_FINISH: Final = """
update scheduler.job_run_details
set status = $2, return_message = $3, rows = coalesce($4, rows), end_time = greatest(clock_timestamp(), start_time)
where runid = $1 and status = 'running'
"""

_CLOSE_ABANDONED: Final = """
update scheduler.job_run_details
set status = 'failed', return_message = $1, end_time = greatest(clock_timestamp(), start_time)
where status = 'running'
"""

_TAKE_REQUESTS: Final = """
update scheduler.job j set requested_at = null, requested_by = null
from (select jobid, requested_at, requested_by from scheduler.job where requested_at is not null for update) asked
where j.jobid = asked.jobid
returning j.jobname, asked.requested_at, asked.requested_by
"""

_TRIM: Final = """
delete from scheduler.job_run_details d
where d.status <> 'running' and d.start_time < clock_timestamp() - make_interval(days => $1)
  and d.runid < (select max(runid) - 1000 from scheduler.job_run_details)
"""


async def define_jobs(db: Database, jobs: Sequence[JobDefinition]) -> None:
    """Make ``scheduler.job`` say what `jobs` says; the others are kept with their runs, but not offered."""
    async with db.connection() as connection, connection.transaction():
        await connection.execute(_WITHDRAW, [job.name for job in jobs])
        await connection.executemany(
            _DEFINE, [(job.name, job.title, job.schedule, job.command, job.interval_s, job.timeout_s) for job in jobs]
        )


async def begin_run(db: Database, *, name: str, slot: datetime, pid: int, instance: UUID) -> int | None:
    """The number of a new run of the job's `slot`, or None: the slot has been run before, or the job is inactive."""
    run: int | None = await db.fetchval(_BEGIN, name, slot, pid, instance)
    return run


async def finish_run(db: Database, run: int, status: RunStatus, message: str, rows: int | None) -> None:
    """Close a run; one that is closed already stays as it is."""
    await db.execute(_FINISH, run, status, message[:4000], rows)


async def note_rows(db: Database, run: int, rows: int) -> None:
    """How many rows a continuous job has handled so far."""
    await db.execute(
        "update scheduler.job_run_details set rows = $2 where runid = $1 and status = 'running'", run, rows
    )


async def close_abandoned_runs(connection: asyncpg.Connection[asyncpg.Record], message: str) -> int:
    """Close as failed what is left running; for the new leader, before its first run. Returns how many."""
    return int((await connection.execute(_CLOSE_ABANDONED, message)).rpartition(" ")[2])


async def set_next_runs(db: Database, next_runs: dict[str, datetime | None]) -> None:
    """Note when each job is due next."""
    await db.execute(
        "update scheduler.job j set next_run = n.due from unnest($1::text[], $2::timestamptz[]) n (name, due) "
        "where j.jobname = n.name and j.next_run is distinct from n.due",
        list(next_runs),
        list(next_runs.values()),
    )


async def take_requests(db: Database) -> list[RunRequest]:
    """The runs that were asked for, which are thereby taken on."""
    rows = await db.fetch(_TAKE_REQUESTS)
    return [RunRequest(row["jobname"], row["requested_at"], row["requested_by"]) for row in rows]


async def request_run(db: Database, job_id: int) -> datetime:
    """Ask for a run now; its slot. Raises `DeniedError` for who may not."""
    asked: datetime = await db.fetchval("select scheduler.request_run($1)", job_id)
    return asked


async def trim_runs(db: Database, days: int) -> int:
    """Forget closed runs older than `days`, but never the newest thousand; returns how many."""
    return int((await db.execute(_TRIM, days)).rpartition(" ")[2])


@dataclass(frozen=True, slots=True)
class Run:
    """How a run stands."""

    status: RunStatus
    message: str
    rows: int | None


async def job_id(db: Database, name: str) -> int:
    """The number of a job."""
    found: int = await db.fetchval("select jobid from scheduler.job where jobname = $1", name)
    return found


async def run_of_slot(db: Database, job: int, slot: datetime) -> Run | None:
    """The run of a job's slot, None while it has not begun."""
    query = "select status, return_message, rows from scheduler.job_run_details where jobid = $1 and slot = $2"
    row = await db.fetchrow(query, job, slot)
    return None if row is None else Run(row["status"], row["return_message"], row["rows"])
