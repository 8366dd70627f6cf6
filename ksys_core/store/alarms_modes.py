"""Floods and maintenance of areas, as the database keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
import numpy as np

from ksys_core.domain.alarms.columns import IntArray, NsArray
from ksys_core.domain.alarms.kpis import Flood
from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.alarms_desk import checked_reason, checked_text
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database

_NEWEST: Final = "select started_at, ended_at from alarm_floods order by started_at desc limit 1"
_TOLD: Final = """
select alarm_id, detected_ts from alarm_events
 where kind = 'ACT' and isa_to not in ('SHLVD', 'DSUPR', 'OOSRV') and detected_ts > $1::timestamptz
 order by detected_ts, event_id
"""
_RECORD: Final = """
insert into alarm_floods as f (started_at, ended_at, first_alarm_id, peak_count, annunciations)
select * from unnest($1::timestamptz[], $2::timestamptz[], $3::int[], $4::int[], $5::int[])
on conflict (started_at) do update
   set ended_at = excluded.ended_at, peak_count = excluded.peak_count, annunciations = excluded.annunciations
 where f.ended_at is null
   and (f.ended_at, f.peak_count, f.annunciations)
       is distinct from (excluded.ended_at, excluded.peak_count, excluded.annunciations)
"""
_NOW: Final = """
with flood as (select started_at, first_alarm_id from alarm_floods where ended_at is null),
     told as (select e.alarm_id, count(*) as n from flood f join alarm_events e
                on e.kind = 'ACT' and e.isa_to not in ('SHLVD', 'DSUPR', 'OOSRV')
               and e.detected_ts > f.started_at - interval '10 minutes' group by 1)
select f.started_at, f.first_alarm_id, t.alarm_id, t.n, s.tag, d.kind, s.area,
       sum(t.n) over () as total
  from flood f cross join told t left join alarm_definitions d on d.alarm_id = t.alarm_id
  left join sensors s using (sensor_id)
 order by t.alarm_id = f.first_alarm_id desc, t.n desc, t.alarm_id limit 6
"""
_MAINTENANCE: Final = """
select maintenance_id, area, started_at, until_at, started_by, reason from alarm_maintenance
 where ended_at is null and until_at > coalesce($1::timestamptz, clock_timestamp()) order by area
"""
_UNDER_MAINTENANCE: Final = """
select m.maintenance_id, m.area, m.started_at, m.until_at, m.started_by, m.reason, array(
         select d.alarm_id from alarm_definitions d join sensors s using (sensor_id)
          where (s.area = m.area or starts_with(s.area, m.area || '/'))
            and d.priority > 1 and d.class <> 'safety') as ids
  from alarm_maintenance m where m.ended_at is null order by m.maintenance_id
"""
_LAYOUT: Final = [("alarm", ">i4"), ("t", ">i8")]


@dataclass(frozen=True, slots=True)
class FloodAlarm:
    """An alarm of a flood with how often it was annunciated in it."""

    alarm_id: int
    tag: str
    kind: str
    area: str
    count: int


@dataclass(frozen=True, slots=True)
class FloodNow:
    """The flood that lasts.

    Attributes:
        since_ns: when the sliding count reached its start.
        count: annunciations, with those that led to the start.
        first_out: the alarm that came first. top: up to five, most frequent first.
    """

    since_ns: int
    count: int
    first_out: FloodAlarm
    top: tuple[FloodAlarm, ...]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """An area under maintenance, with everything below it; times in ns."""

    maintenance_id: int
    area: str
    since: int
    until: int
    by: str
    reason: str


async def newest_flood(db: Database) -> tuple[int, int | None] | None:
    """Start and end (ns; None while it lasts) of the newest flood on record."""
    row = await db.fetchrow(_NEWEST)
    return None if row is None else (to_ns(row["started_at"]), row["ended_at"] and to_ns(row["ended_at"]))


async def annunciations(db: Database, after: int) -> tuple[NsArray, IntArray]:
    """Times (ns, rising) later than `after` and alarms of what operators were told."""
    rows = await db.fetch_columns(_TOLD, to_datetime(after), dtype=_LAYOUT)
    return to_unix_ns(rows["t"]), rows["alarm"].astype(np.int32)


async def record_floods(db: Database, floods: Sequence[Flood]) -> bool:
    """Keep new floods and the progress of the one that lasts; tells who listens, and whether anything changed."""
    async with db.transaction() as connection:
        done = await connection.execute(
            _RECORD,
            [to_datetime(flood.start) for flood in floods],
            [None if flood.end is None else to_datetime(flood.end) for flood in floods],
            [flood.first_out for flood in floods],
            [flood.peak for flood in floods],
            [flood.count for flood in floods],
        )
        changed = not done.endswith(" 0")
        if changed:
            await connection.execute("select ksys_notify('alarm_modes')")
    return changed


async def current_flood(db: Database) -> FloodNow | None:
    """The flood that lasts; None when there is none."""
    rows = await db.fetch(_NOW)
    if not rows:
        return None
    alarms = [
        FloodAlarm(row["alarm_id"], row["tag"] or "", row["kind"] or "", row["area"] or "", row["n"]) for row in rows
    ]
    top = sorted(alarms, key=lambda alarm: (-alarm.count, alarm.alarm_id))[:5]
    return FloodNow(to_ns(rows[0]["started_at"]), int(rows[0]["total"]), alarms[0], tuple(top))


async def maintenance(db: Database, now: int | None = None) -> tuple[Maintenance, ...]:
    """Areas under maintenance at `now` (ns; None: the database's clock), by area."""
    rows = await db.fetch(_MAINTENANCE, None if now is None else to_datetime(now))
    return tuple(_maintenance(row) for row in rows)


async def alarms_under_maintenance(connection: Connection) -> list[tuple[Maintenance, list[int]]]:
    """What has not ended, with the alarms it hides: all of the area but priority 1 and class safety."""
    return [(_maintenance(row), row["ids"]) for row in await connection.fetch(_UNDER_MAINTENANCE)]


def _maintenance(row: asyncpg.Record) -> Maintenance:
    return Maintenance(
        row["maintenance_id"],
        row["area"],
        to_ns(row["started_at"]),
        to_ns(row["until_at"]),
        row["started_by"],
        row["reason"],
    )


async def start_maintenance(db: Database, area: str, seconds: float, reason: str, station: str) -> int:
    """Suppress the alarms of an area for a time (60 s to a day); one that runs gets the new end. Gives its number."""
    given = checked_text(area), seconds, checked_reason(reason), checked_text(station)
    return int(await db.fetchval("select alarm_maintenance_start($1, $2, $3, $4)", *given))


async def end_maintenance(db: Database, maintenance_id: int, station: str, reason: str = "") -> bool:
    """End it early; False when it has ended already."""
    given = maintenance_id, checked_text(station), checked_text(reason)
    return bool(await db.fetchval("select alarm_maintenance_end($1, $2, $3)", *given))


async def close_over(db: Database, now: int) -> int:
    """Close, with a trace, what is over at `now` (ns)."""
    return int(await db.fetchval("select alarm_maintenance_close($1)", to_datetime(now)))
