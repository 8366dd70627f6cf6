"""Trends: one query for all pens, from the readings or the roll-up that fits the width of the plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import usable
from ksys_core.domain.times import DAY, SECOND, to_datetime
from ksys_core.domain.trend import Level, TrendSeries, fold
from ksys_core.domain.trend_gaps import learned_interval, with_gaps
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.pool import Database
from ksys_core.store.rollups import WIDTHS, RollupLevel

__all__ = ["TrendSeries", "choose_level", "trend"]

_FEW_ROWS: Final = 100_000
_BUCKETS_PER_PIXEL: Final = 2
_ROWS_PER_PIXEL: Final[dict[RollupLevel, float]] = {"1m": 4, "10m": 4, "1h": 12}
"""Rows that are still read at a level; hours may be many, since the next level is 24 times as coarse."""


async def trend(
    db: Database, sensor_ids: Sequence[int], start_ns: int, stop_ns: int, pixels: int
) -> dict[int, TrendSeries]:
    """What to draw of each tag between two instants on a plot `pixels` wide: at most two buckets a pixel.

    Readings of BAD quality and times without readings are NaN rows. A tag without readings gets an empty series.
    """
    ids = list(dict.fromkeys(sensor_ids))
    if not ids or stop_ns <= start_ns:
        return dict.fromkeys(ids, _EMPTY)
    intervals, level = await _look(db, ids, start_ns, stop_ns, pixels)
    table = await (
        _readings(db, ids, start_ns, stop_ns) if level == "raw" else _rollup(db, level, ids, start_ns, stop_ns)
    )
    pens = _split(table, ids)
    widest = -(-(stop_ns - start_ns) // max(_BUCKETS_PER_PIXEL * pixels, 1))
    return {i: _drawn(_series(pens[i], level), widest, pixels, intervals.get(i)) for i in ids}


def choose_level(rows: int, most_rows: int, span_ns: int, pixels: int) -> Level:
    """The level to read: `rows` readings of all pens, `most_rows` of the fullest one in a window of `span_ns`."""
    if rows <= _FEW_ROWS or most_rows <= _BUCKETS_PER_PIXEL * pixels:
        return "raw"
    for level, limit in _ROWS_PER_PIXEL.items():
        if span_ns / WIDTHS[level] <= limit * pixels:
            return level
    return "1d"


async def _look(
    db: Database, ids: list[int], start_ns: int, stop_ns: int, pixels: int
) -> tuple[dict[int, float | None], Level]:
    """The tags' expected intervals in ns (None: not known), and the level to read."""
    span = stop_ns - start_ns
    if len(ids) * span <= _FEW_ROWS * SECOND:  # not many, even at a reading a second
        rows = await db.fetch("select sensor_id, interval_s, 0 from sensors where sensor_id = any($1::int[])", ids)
    else:
        query = _COUNT_DAYS if span > 3 * DAY else _COUNT_HOURS
        rows = await db.fetch(query, ids, to_datetime(start_ns), to_datetime(stop_ns))
    counts = [row[2] for row in rows]
    intervals = {row[0]: None if row[1] is None else row[1] * SECOND for row in rows}
    return intervals, choose_level(sum(counts), max(counts, default=0), span, pixels)


async def _readings(db: Database, ids: list[int], start_ns: int, stop_ns: int) -> npt.NDArray[np.void]:
    return await db.fetch_columns(_READINGS, ids, to_datetime(start_ns), to_datetime(stop_ns), dtype=_RAW_LAYOUT)


async def _rollup(
    db: Database, level: RollupLevel, ids: list[int], start_ns: int, stop_ns: int
) -> npt.NDArray[np.void]:
    first = to_datetime(start_ns // WIDTHS[level] * WIDTHS[level])
    return await db.fetch_columns(_ROLLUP[level], ids, first, to_datetime(stop_ns), dtype=_ROLLUP_LAYOUT)


def _split(table: npt.NDArray[np.void], ids: list[int]) -> dict[int, npt.NDArray[np.void]]:
    """The rows of each tag by rising time."""
    owner, t = table["sensor_id"].astype(np.int32), table["t"].astype(np.int64)
    if not ((owner[1:] > owner[:-1]) | ((owner[1:] == owner[:-1]) & (t[1:] > t[:-1]))).all():
        order = np.lexsort((t, owner))
        table, owner = table[order], owner[order]
    return {i: table[slice(*np.searchsorted(owner, [i, i + 1]))] for i in ids}


def _series(rows: npt.NDArray[np.void], level: Level) -> TrendSeries:
    t, quality = to_unix_ns(rows["t"]), rows["quality"].astype(np.uint8)
    if level == "raw":
        values = np.where(usable(quality), rows["value"], np.nan)
        return TrendSeries.raw(t, values, quality)
    columns = {name: _native(rows[name]) for name in ("min", "max", "first", "last", "sum")}
    n = rows["n_good"].astype(np.int64)
    columns["mean"] = columns.pop("sum") / np.maximum(n, 1)
    return TrendSeries(t=t, n=n, quality=quality, level=level, step_ns=WIDTHS[level], **columns)


def _drawn(series: TrendSeries, widest_ns: int, pixels: int, interval_ns: float | None) -> TrendSeries:
    interval = learned_interval(series) if interval_ns is None else interval_ns
    if len(series) > _BUCKETS_PER_PIXEL * pixels:
        step = max(series.step_ns, 1)
        series = fold(series, -(-widest_ns // step) * step, series.level)
    return with_gaps(series, interval)


def _native(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return values.astype(np.float64)


_EMPTY: Final = TrendSeries.raw([], [])
_RAW_LAYOUT: Final = [("sensor_id", ">i4"), ("t", ">i8"), ("value", ">f8"), ("quality", ">i2")]
_ROLLUP_LAYOUT: Final = [
    ("sensor_id", ">i4"), ("t", ">i8"), ("n_good", ">i8"), ("sum", ">f8"), ("min", ">f8"), ("max", ">f8"),
    ("first", ">f8"), ("last", ">f8"), ("quality", ">i2"),
]  # fmt: skip
_READINGS: Final = """
select sensor_id, ts, value, quality from sensor_readings
where sensor_id = any($1::int[]) and ts >= $2::timestamptz and ts < $3::timestamptz
"""
_ROLLUP_QUERY: Final = """
select sensor_id, bucket, n_good, coalesce(sum, 'NaN'), coalesce(min, 'NaN'), coalesce(max, 'NaN'),
       coalesce(first, 'NaN'), coalesce(last, 'NaN'), quality
from sensor_readings_{level}
where sensor_id = any($1::int[]) and bucket >= $2::timestamptz and bucket < $3::timestamptz
"""
_ROLLUP: Final = {level: _ROLLUP_QUERY.format(level=level) for level in WIDTHS}
_COUNT: Final = """
select s.sensor_id, s.interval_s, coalesce(sum(r.n), 0)::bigint
from sensors s left join sensor_readings_{level} r
  on r.sensor_id = s.sensor_id and r.bucket > $2::timestamptz - interval '{width}' and r.bucket < $3::timestamptz
where s.sensor_id = any($1::int[])
group by s.sensor_id
"""
_COUNT_HOURS: Final = _COUNT.format(level="1h", width="1 hour")
_COUNT_DAYS: Final = _COUNT.format(level="1d", width="1 day")
