"""Instances of the scheduler service: heartbeat, and which one leads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Literal
from uuid import UUID

import asyncpg

from ksys_core.store.pool import Database

InstanceState = Literal["starting", "standby", "leading", "stopping", "stopped"]
LEADER_LOCK: Final = 0x4B53_5953_0001
"""Key of the advisory lock whose holder leads."""

_BEAT: Final = """
insert into service_instances as s (instance_id, host, pid, version, state, is_leader, info)
values ($1, $2, $3, $4, $5, $6, $7::text::jsonb)
on conflict (instance_id) do update
set heartbeat_at = clock_timestamp(), state = $5, is_leader = $6, info = $7::text::jsonb
"""

_DECLARE_LOST: Final = """
update service_instances set state = 'lost', is_leader = false
where instance_id <> $1 and (
  is_leader or (state not in ('stopped', 'lost') and heartbeat_at < clock_timestamp() - interval '15 s'))
"""

_END_SILENT_LEADER: Final = """
select pg_terminate_backend(l.pid) from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.objsubid = 1
  and l.database = (select oid from pg_database where datname = current_database())
  and (l.classid::bigint << 32) | l.objid::bigint = $1 and l.pid <> pg_backend_pid() and a.usename = current_user
  and not exists (
    select from service_instances where is_leader and heartbeat_at > clock_timestamp() - make_interval(secs => $2))
  and a.backend_start < clock_timestamp() - make_interval(secs => $2)
"""


async def beat(
    db: Database,
    *,
    instance: UUID,
    host: str,
    pid: int,
    version: str,
    state: InstanceState,
    leader: bool,
    info: Mapping[str, object],
) -> None:
    """Note that an instance lives; `info` is shown on the Service page."""
    await db.execute(_BEAT, instance, host, pid, version, state, leader, json.dumps(info))


async def announce(db: Database) -> None:
    """Tell the screens that an instance came, went or changed its state."""
    await db.execute("select ksys_notify('service')")


async def try_lead(connection: asyncpg.Connection[asyncpg.Record]) -> bool:
    """Try to become the leader; the lock lasts as long as `connection`."""
    gained: bool = await connection.fetchval("select pg_try_advisory_lock($1)", LEADER_LOCK)
    return gained


async def declare_others_lost(connection: asyncpg.Connection[asyncpg.Record], leader: UUID) -> None:
    """Called by the new leader: whoever else says it leads, or is silent, is lost."""
    await connection.execute(_DECLARE_LOST, leader)


async def end_silent_leader(connection: asyncpg.Connection[asyncpg.Record], silent_s: float) -> bool:
    """Cut the lock holder's connection when no leader has given a heartbeat for `silent_s` (it hangs)."""
    return bool(await connection.fetch(_END_SILENT_LEADER, LEADER_LOCK, silent_s))


async def forget_old(db: Database, days: int) -> int:
    """Delete instances silent for `days`; returns how many."""
    query = "delete from service_instances where heartbeat_at < clock_timestamp() - make_interval(days => $1)"
    return int((await db.execute(query, days)).rpartition(" ")[2])
