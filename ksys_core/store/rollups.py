"""Roll-up tables on plain PostgreSQL: what is due, and doing it, each step in a transaction of its own.

Readings before a level's watermark are in its table, later ones are added by its view. Readings that arrive before
`late_before` of the lowest level are logged in `rollup_late` by the batch that brings them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from ksys_core.domain.times import DAY, HOUR, MINUTE, to_datetime, to_ns
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database

RollupLevel = Literal["1m", "10m", "1h", "1d"]
WIDTHS: Final[dict[RollupLevel, int]] = {"1m": MINUTE, "10m": 10 * MINUTE, "1h": HOUR, "1d": DAY}
"""Width of a bucket in nanoseconds; buckets are aligned to the epoch."""

_LATE_ROWS_AT_ONCE: Final = 400
_LOCK_BATCHES, _LOCK_RUN = "(1263754579, 1)", "(1263754579, 3)"
_ORIGIN = "timestamptz '2000-01-01 00:00:00+00'"


@dataclass(frozen=True, slots=True)
class Ranges:
    """Parallel lists: ``start <= t < stop`` of each tag."""

    sensor_ids: list[int]
    starts: list[datetime]
    stops: list[datetime]


async def close_minutes(db: Database, until_ns: int) -> None:
    """From now on readings before `until_ns` are late; waits for the batches that are being stored."""
    async with db.transaction() as connection:
        await connection.execute(f"select pg_advisory_xact_lock{_LOCK_BATCHES}")
        await connection.execute(_CLOSE, to_datetime(until_ns // MINUTE * MINUTE))


async def redo_late(db: Database, sensor_ids: Sequence[int] | None = None) -> int | None:
    """Do the newest part of the late ranges (of `sensor_ids`; None: of all) again.

    Returns the buckets written, None when there was nothing to do. Waits for a run that is at it.
    """
    async with db.transaction() as connection:
        await _prepare(connection)
        only = None if sensor_ids is None else list(sensor_ids)
        rows = await connection.fetch(_TAKE_LATE, _LATE_ROWS_AT_ONCE, only)
        if not rows:
            return None
        late = Ranges(*(list(column) for column in zip(*rows, strict=True)))
        watermarks = await _watermarks(connection)
        done = {level: to_datetime(end) for level, end in watermarks.items() if end is not None}
        return sum([await _compute(connection, level, late, done[level]) for level in WIDTHS if level in done])


async def advance(db: Database, longest_ns: int = DAY) -> int | None:
    """Move the watermarks on, over at most `longest_ns` with readings; returns the buckets written, None: not due."""
    async with db.transaction() as connection:
        await _prepare(connection)
        watermarks = await _watermarks(connection)
        closed = await connection.fetchval(_CLOSED)
        if closed is None or (watermarks["1m"] or -1) >= to_ns(closed):
            return None
        until = to_ns(closed)
        ids = [row[0] for row in await connection.fetch("select sensor_id from sensor_latest")]
        found = await connection.fetchval(_FIRST, None if watermarks["1m"] is None else to_datetime(watermarks["1m"]))
        first = until if found is None else min(to_ns(found), until)
        stop = min((first // longest_ns + 1) * longest_ns, until)
        return sum([await _advance_level(connection, level, ids, watermarks[level] or first, stop) for level in WIDTHS])


async def _advance_level(connection: Connection, level: RollupLevel, ids: list[int], start: int, stop: int) -> int:
    width = WIDTHS[level]
    begin, end = to_datetime(start // width * width), to_datetime(stop // width * width)
    await connection.execute("update rollup_state set watermark = $2 where level = $1", level, end)
    if begin == end:
        return 0
    return await _compute(connection, level, Ranges(ids, [begin] * len(ids), [end] * len(ids)), end)


async def _prepare(connection: Connection) -> None:
    """One run at a time; the plan follows the index of readings, whatever the planner guesses about the ranges."""
    await connection.execute(
        "set local statement_timeout = '600s'; set local work_mem = '64MB'; "
        f"set local enable_hashjoin = off; set local enable_mergejoin = off; select pg_advisory_xact_lock{_LOCK_RUN}"
    )


async def _watermarks(connection: Connection) -> dict[RollupLevel, int | None]:
    rows = await connection.fetch("select level, nullif(watermark, '-infinity') from rollup_state")
    return {level: None if watermark is None else to_ns(watermark) for level, watermark in rows}


async def _compute(connection: Connection, level: RollupLevel, ranges: Ranges, before: datetime) -> int:
    """Do the buckets that touch `ranges` and start before `before` (aligned); returns how many changed."""
    status = await connection.execute(_COMPUTE[level], ranges.sensor_ids, ranges.starts, ranges.stops, before)
    return int(status.rpartition(" ")[2])


_CLOSE = "update rollup_state set late_before = $1 where level = '1m' and late_before < $1"
_TAKE_LATE = """
delete from rollup_late where late_id in (
  select late_id from rollup_late where $2::int[] is null or sensor_id = any ($2::int[])
  order by start desc, late_id limit $1)
returning sensor_id, start, stop
"""
_CLOSED = "select nullif(late_before, '-infinity') from rollup_state where level = '1m'"
_FIRST = """
select min(first.ts) from sensor_latest l cross join lateral (
  select r.ts from sensor_readings r
  where r.sensor_id = l.sensor_id and r.ts >= coalesce($1::timestamptz, '-infinity') order by r.ts limit 1) first
"""
_AGGREGATE = """
with ranges as materialized (
  select sensor_id, lower(r) as start, upper(r) as stop
  from (select sensor_id, unnest(range_agg(tstzrange(
               date_bin('{width}', start, {origin}),
               least(date_bin('{width}', stop - interval '1 us', {origin}) + interval '{width}', $4)))) as r
        from unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) as g(sensor_id, start, stop)
        where start < $4::timestamptz group by sensor_id) merged
)
insert into rollup_{level} as r (sensor_id, bucket, n, n_good, sum, min, max, first, last, quality)
select sensor_id, bucket, n, n_good, sum, min, max, firsts[1], lasts[cardinality(lasts)], quality
from (select s.sensor_id, date_bin('{width}', s.{time}, {origin}) as bucket, {aggregates}, min(s.quality) as quality
      from ranges g join {source} s on s.sensor_id = g.sensor_id and s.{time} >= g.start and s.{time} < g.stop
      group by 1, 2) b
on conflict (sensor_id, bucket) do update
  set n = excluded.n, n_good = excluded.n_good, sum = excluded.sum, min = excluded.min, max = excluded.max,
      first = excluded.first, last = excluded.last, quality = excluded.quality
  where (r.n, r.n_good, r.sum, r.min, r.max, r.first, r.last, r.quality) is distinct from
        (excluded.n, excluded.n_good, excluded.sum, excluded.min, excluded.max, excluded.first, excluded.last,
         excluded.quality)
"""
# An ordered array_agg is the fastest first and last there is: rows come from the index nearly sorted.
_OF_READINGS = """
count(*) as n, count(*) filter (where quality >= 64) as n_good, sum(value) filter (where quality >= 64) as sum,
min(value) filter (where quality >= 64) as min, max(value) filter (where quality >= 64) as max,
array_agg(value order by s.ts) filter (where quality >= 64) as firsts,
array_agg(value order by s.ts) filter (where quality >= 64) as lasts
"""
_OF_BUCKETS = """
sum(n) as n, sum(n_good) as n_good, sum(sum) as sum, min(min) as min, max(max) as max,
array_agg(first order by s.bucket) filter (where n_good > 0) as firsts,
array_agg(last order by s.bucket) filter (where n_good > 0) as lasts
"""
_SOURCES: Final[dict[RollupLevel, tuple[str, str, str, str]]] = {
    "1m": ("1 minute", "sensor_readings", "ts", _OF_READINGS),
    "10m": ("10 minutes", "rollup_1m", "bucket", _OF_BUCKETS),
    "1h": ("1 hour", "rollup_10m", "bucket", _OF_BUCKETS),
    "1d": ("1 day", "rollup_1h", "bucket", _OF_BUCKETS),
}
_COMPUTE: Final = {
    level: _AGGREGATE.format(level=level, width=width, source=source, time=time, aggregates=aggregates, origin=_ORIGIN)
    for level, (width, source, time, aggregates) in _SOURCES.items()
}
