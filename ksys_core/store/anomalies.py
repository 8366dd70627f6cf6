"""Anomalies: begun, gone on, over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True)
class Sign:
    """One anomaly as a run saw it; times in ns UTC.

    Attributes:
        sensor_id: None for the unit as a whole.
        since_ns: None: it began in an earlier run.
        until_ns: None: it goes on.
        score: the highest so far, in limits.
        shares: of a unit, each tag's share by sensor_id.
    """

    kind: str
    sensor_id: int | None
    since_ns: int | None
    until_ns: int | None
    score: float
    shares: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run of one detector found, what it remembers, and up to where it has judged."""

    group_id: int
    signs: Sequence[Sign]
    stream: str
    seen_ns: int
    anew: bool


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One anomaly as lists show it. `tag` empty: the unit as a whole; `shares` by tag, the largest first."""

    anomaly_id: int
    group: str
    tag: str
    kind: str
    since_ns: int
    until_ns: int | None
    score: float
    shares: tuple[tuple[str, float], ...]


_OVER_BY_RESTART: Final = """
update anomalies set until = greatest(since, $2::timestamptz) where group_id = $1 and until is null
"""
_BEGUN: Final = """
insert into anomalies (group_id, sensor_id, kind, since, until, score, shares) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (group_id, kind, (coalesce(sensor_id, 0))) where until is null do nothing
"""
_WENT_ON: Final = """
update anomalies set until = case when $4::timestamptz is not null then greatest(since, $4) end,
  score = greatest(score, $5), shares = case when $5 > score then $6::jsonb else shares end
where group_id = $1 and kind = $3 and sensor_id is not distinct from $2 and until is null
"""
_REMEMBER: Final = """
update anomaly_detectors set stream = $2, seen_to = $3 where group_id = $1
"""
_LIST: Final = """
select a.anomaly_id, g.name, coalesce(s.tag, '') as tag, a.kind, a.since, a.until, a.score,
       coalesce((select jsonb_agg(jsonb_build_array(t.tag, e.value) order by e.value::float8 desc)
                 from jsonb_each(a.shares) e join sensors t on t.sensor_id = e.key::int), '[]') as shares
from anomalies a join anomaly_groups g using (group_id) left join sensors s on s.sensor_id = a.sensor_id
where (a.until is null or a.until >= $1) and (not $2 or a.until is null)
order by (a.until is null) desc, (a.until is null and a.kind = 'unit') desc, a.since desc, a.anomaly_id desc
limit $3
"""
_UNIT_TIMES: Final = """
select group_id, since, until from anomalies where kind = 'unit' and coalesce(until, since) >= $1
"""
_PRUNE: Final = "delete from anomalies where until < $1"


async def keep(db: Database, seen: Sequence[Seen]) -> int:
    """Store what runs found, at once or not at all; how many anomalies began or ended."""
    changed = 0
    async with db.transaction() as connection:
        for one in seen:
            if one.anew:
                await connection.execute(_OVER_BY_RESTART, one.group_id, to_datetime(one.seen_ns))
            for sign in one.signs:
                await _keep_sign(connection, one.group_id, sign)
                changed += (sign.since_ns is not None) + (sign.until_ns is not None)
            await connection.execute(_REMEMBER, one.group_id, one.stream, to_datetime(one.seen_ns))
        touched = sorted({one.group_id for one in seen if one.signs or one.anew})
        if touched:
            await connection.execute("select ksys_notify('anomalies', $1)", touched)
    return changed


async def _keep_sign(connection: Connection, group_id: int, sign: Sign) -> None:
    until = None if sign.until_ns is None else to_datetime(sign.until_ns)
    shares = json.dumps(sign.shares)
    if sign.since_ns is None:
        await connection.execute(_WENT_ON, group_id, sign.sensor_id, sign.kind, until, sign.score, shares)
    else:
        since = to_datetime(sign.since_ns)
        await connection.execute(_BEGUN, group_id, sign.sensor_id, sign.kind, since, until, sign.score, shares)


async def listed(db: Database, *, since_ns: int, active_only: bool = False, most: int = 1000) -> list[Anomaly]:
    """Anomalies that show now or were over at `since_ns` or later, those that show now first (units before
    tags), the newest first."""
    return [
        Anomaly(
            row["anomaly_id"],
            row["name"],
            row["tag"],
            row["kind"],
            to_ns(row["since"]),
            None if row["until"] is None else to_ns(row["until"]),
            row["score"],
            tuple((tag, float(share)) for tag, share in json.loads(row["shares"])),
        )
        for row in await db.fetch(_LIST, to_datetime(since_ns), active_only, most)
    ]


async def unit_times(db: Database, since_ns: int) -> dict[int, list[tuple[int, int | None]]]:
    """When units showed anomalies since `since_ns`, by group: begin and end (None: still), ns UTC."""
    found: dict[int, list[tuple[int, int | None]]] = {}
    for row in await db.fetch(_UNIT_TIMES, to_datetime(since_ns)):
        until = None if row["until"] is None else to_ns(row["until"])
        found.setdefault(row["group_id"], []).append((to_ns(row["since"]), until))
    return found


async def prune(db: Database, before_ns: int) -> int:
    """Forget anomalies that were over before `before_ns`; how many."""
    return int((await db.execute(_PRUNE, to_datetime(before_ns))).split()[-1])
