"""What the Service page and ``ksys-scheduler status`` show, in four queries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from ksys_core.domain.times import to_ns
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True)
class Instance:
    """A service instance; ages are by the database's clock, seconds."""

    instance_id: str
    host: str
    pid: int
    version: str
    started_ns: int
    heartbeat_age_s: float
    leader: bool
    state: str
    info: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobState:
    """A job and how it goes; times are ns UTC.

    Attributes:
        interval_s: None for a job that runs as long as the service leads.
        last_status: of the newest run that has ended: succeeded, failed, cancelled.
        durations_s: of the newest runs that succeeded, oldest first.
    """

    job_id: int
    name: str
    title: str
    schedule: str
    active: bool
    interval_s: float | None
    timeout_s: float | None
    next_run_ns: int | None
    requested_ns: int | None
    running_since_ns: int | None
    last_status: str | None
    last_ok_ns: int | None
    last_ok_rows: int | None
    last_error_ns: int | None
    last_error: str | None
    durations_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """The server; `timescale` None: plain PostgreSQL."""

    version: str
    timescale: str | None
    size_bytes: int
    connections: int
    started_ns: int
    now_ns: int


_INSTANCES: Final = """
select *, extract(epoch from clock_timestamp() - heartbeat_at)::float8 as age
from service_instances where state not in ('stopped', 'lost') or heartbeat_at > clock_timestamp() - interval '1 h'
order by is_leader desc, heartbeat_at desc limit 20
"""

_JOBS: Final = """
select j.*, running.start_time as running_since, ended.status as last_status,
       ok.end_time as ok_at, ok.rows as ok_rows, bad.end_time as bad_at, bad.return_message as bad_message,
       trend.durations
from scheduler.job j
left join lateral (select start_time from scheduler.job_run_details d
  where d.jobid = j.jobid and status = 'running' order by start_time desc limit 1) running on true
left join lateral (select status from scheduler.job_run_details d
  where d.jobid = j.jobid and status <> 'running' order by start_time desc limit 1) ended on true
left join lateral (select end_time, rows from scheduler.job_run_details d
  where d.jobid = j.jobid and status = 'succeeded' order by start_time desc limit 1) ok on true
left join lateral (select end_time, return_message from scheduler.job_run_details d
  where d.jobid = j.jobid and status = 'failed' order by start_time desc limit 1) bad on true
left join lateral (select array_agg(seconds order by start_time) as durations from (
  select start_time, extract(epoch from end_time - start_time)::float8 as seconds from scheduler.job_run_details d
  where d.jobid = j.jobid and status = 'succeeded' order by start_time desc limit 30) newest) trend on true
where j.offered order by j.jobid
"""

_DATABASE: Final = """
select current_setting('server_version') as version, pg_database_size(current_database()) as size,
       (select count(*) from pg_stat_activity where datname = current_database()) as connections,
       pg_postmaster_start_time() as started, clock_timestamp() as now
"""


async def instances(db: Database) -> tuple[Instance, ...]:
    """The instances that live, and those that ended within the last hour."""
    return tuple(
        Instance(
            str(row["instance_id"]),
            row["host"],
            row["pid"],
            row["version"],
            to_ns(row["started_at"]),
            row["age"],
            row["is_leader"],
            row["state"],
            json.loads(row["info"]),
        )
        for row in await db.fetch(_INSTANCES)
    )


async def jobs(db: Database) -> tuple[JobState, ...]:
    """Every job offered, in order of its number."""
    return tuple(_job(row) for row in await db.fetch(_JOBS))


async def database_info(db: Database) -> DatabaseInfo:
    """The server behind `db`."""
    row = await db.fetchrow(_DATABASE)
    assert row is not None
    return DatabaseInfo(
        row["version"],
        db.capabilities.timescale,
        row["size"],
        row["connections"],
        to_ns(row["started"]),
        to_ns(row["now"]),
    )


def _job(row: asyncpg.Record) -> JobState:
    return JobState(
        job_id=row["jobid"],
        name=row["jobname"],
        title=row["title"],
        schedule=row["schedule"],
        active=row["active"],
        interval_s=row["interval_s"],
        timeout_s=row["timeout_s"],
        next_run_ns=_ns(row["next_run"]),
        requested_ns=_ns(row["requested_at"]),
        running_since_ns=_ns(row["running_since"]),
        last_status=row["last_status"],
        last_ok_ns=_ns(row["ok_at"]),
        last_ok_rows=row["ok_rows"],
        last_error_ns=_ns(row["bad_at"]),
        last_error=row["bad_message"],
        durations_s=tuple(row["durations"] or ()),
    )


def _ns(moment: datetime | None) -> int | None:
    return None if moment is None else to_ns(moment)
