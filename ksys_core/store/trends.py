"""Trends: one query for all pens, from the readings or the roll-up that fits the width of the plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import usable
from ksys_core.domain.times import DAY, SECOND, to_datetime, to_ns
from ksys_core.domain.trend import Level, TrendSeries, fold
from ksys_core.domain.trend_gaps import learned_interval, with_gaps
from ksys_core.store.columns import copy_columns, to_unix_ns
from ksys_core.store.connection import Connection
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
    async with db.connection() as connection:
        intervals, level = await _look(connection, ids, start_ns, stop_ns, pixels)
        plain = db.capabilities.timescale is None
        table = _sorted(await _fetch(connection, level, ids, start_ns, stop_ns, plain=plain))
    widest = -(-(stop_ns - start_ns) // max(_BUCKETS_PER_PIXEL * pixels, 1))
    edges = np.searchsorted(table["sensor_id"], [*ids, *(i + 1 for i in ids)]).reshape(2, -1).T
    drawn = _folded(_series(table, level), edges, widest, pixels)
    return {i: _broken(drawn[n], intervals.get(i)) for n, i in enumerate(ids)}


def choose_level(rows: int, most_rows: int, span_ns: int, pixels: int) -> Level:
    """The level to read: `rows` readings of all pens, `most_rows` of the fullest one in a window of `span_ns`."""
    if rows <= _FEW_ROWS or most_rows <= _BUCKETS_PER_PIXEL * pixels:
        return "raw"
    for level, limit in _ROWS_PER_PIXEL.items():
        if span_ns / WIDTHS[level] <= limit * pixels:
            return level
    return "1d"


async def _look(
    connection: Connection, ids: list[int], start_ns: int, stop_ns: int, pixels: int
) -> tuple[dict[int, float | None], Level]:
    """The tags' expected intervals in ns (None: not known), and the level to read.

    Rows are estimated from the intervals; those of tags without one are counted, by the roll-ups.
    """
    span = stop_ns - start_ns
    found = await connection.fetch("select sensor_id, interval_s from sensors where sensor_id = any($1::int[])", ids)
    intervals = {i: None if interval is None else interval * SECOND for i, interval in found}
    rows = [span / interval if interval else 0 for interval in intervals.values()]
    unknown = [i for i, interval in intervals.items() if not interval]
    if unknown and len(unknown) * span > _FEW_ROWS * SECOND:  # may be many, even at a reading a second
        query = _COUNT_DAYS if span > 3 * DAY else _COUNT_HOURS
        rows += [row[0] for row in await connection.fetch(query, unknown, to_datetime(start_ns), to_datetime(stop_ns))]
    return intervals, choose_level(int(sum(rows)), int(max(rows, default=0)), span, pixels)


async def _fetch(
    connection: Connection, level: Level, ids: list[int], start_ns: int, stop_ns: int, *, plain: bool
) -> npt.NDArray[np.void]:
    """Rows of all tags. The window is written into the text: arguments of a COPY cost asyncpg two more round trips."""
    which = ", ".join(str(int(i)) for i in ids)
    if level == "raw":
        window = {"ids": which, "start": to_datetime(start_ns), "stop": to_datetime(stop_ns)}
        return await copy_columns(connection, _READINGS.format(**window), dtype=_RAW_LAYOUT)
    done = await connection.fetchval(_WATERMARK, level) if plain else None
    parts = _sources(level, None if done is None else to_ns(done), start_ns // WIDTHS[level] * WIDTHS[level], stop_ns)
    query = " union all ".join(
        _ROLLUP.format(source=source, ids=which, start=to_datetime(start), stop=to_datetime(stop))
        for source, start, stop in parts
    )
    return await copy_columns(connection, query, dtype=_ROLLUP_LAYOUT)


def _sources(level: RollupLevel, watermark: int | None, start_ns: int, stop_ns: int) -> list[tuple[str, int, int]]:
    """Where to read which part of the window: straight from the table what is in it, the rest from the view."""
    border = start_ns if watermark is None else min(max(watermark, start_ns), stop_ns)
    parts = [(f"rollup_{level}", start_ns, border), (f"sensor_readings_{level}", border, stop_ns)]
    return [part for part in parts if part[1] < part[2]]


def _sorted(table: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """`table` by rising (sensor_id, t)."""
    owner, t = table["sensor_id"], table["t"]
    if ((owner[1:] > owner[:-1]) | ((owner[1:] == owner[:-1]) & (t[1:] > t[:-1]))).all():
        return table
    return table[np.lexsort((t, owner))]


def _series(rows: npt.NDArray[np.void], level: Level) -> TrendSeries:
    """The rows of all tags as one series; its times rise within each tag only."""
    t, quality = to_unix_ns(rows["t"]), rows["quality"].astype(np.uint8)
    if level == "raw":
        values = np.where(usable(quality), rows["value"], np.nan)
        return TrendSeries.raw(t, values, quality)
    columns = {name: rows[name].astype(np.float64) for name in ("min", "max", "first", "last", "sum")}
    n = rows["n_good"].astype(np.int64)
    columns["mean"] = columns.pop("sum") / np.maximum(n, 1)
    return TrendSeries(t=t, n=n, quality=quality, level=level, step_ns=WIDTHS[level], **columns)


def _folded(whole: TrendSeries, edges: npt.NDArray[np.intp], widest_ns: int, pixels: int) -> list[TrendSeries]:
    """Each tag's rows ``edges[n, 0]:edges[n, 1]`` of `whole`, folded where there are more than the plot can show."""
    if not len(whole) or np.diff(edges).max() <= _BUCKETS_PER_PIXEL * pixels:
        return [whole.rows(slice(*edge)) for edge in edges]
    unit = max(whole.step_ns, 1)
    step = -(-widest_ns // unit) * unit
    return [fold(whole.rows(slice(*edge)), step, whole.level) for edge in edges]


def _broken(series: TrendSeries, interval_ns: float | None) -> TrendSeries:
    return with_gaps(series, learned_interval(series) if interval_ns is None else interval_ns)


_EMPTY: Final = TrendSeries.raw([], [])
_RAW_LAYOUT: Final = [("sensor_id", ">i4"), ("t", ">i8"), ("value", ">f8"), ("quality", ">i2")]
_ROLLUP_LAYOUT: Final = [
    ("sensor_id", ">i4"), ("t", ">i8"), ("n_good", ">i8"), ("sum", ">f8"), ("min", ">f8"), ("max", ">f8"),
    ("first", ">f8"), ("last", ">f8"), ("quality", ">i2"),
]  # fmt: skip
_READINGS: Final = """
select sensor_id, ts, value, quality from sensor_readings
where sensor_id in ({ids}) and ts >= '{start}' and ts < '{stop}'
"""
_ROLLUP: Final = """
select sensor_id, bucket, n_good::bigint, coalesce(sum, 'NaN'), coalesce(min, 'NaN'), coalesce(max, 'NaN'),
       coalesce(first, 'NaN'), coalesce(last, 'NaN'), quality
from {source} where sensor_id in ({ids}) and bucket >= '{start}' and bucket < '{stop}'
"""
_WATERMARK: Final = "select nullif(watermark, '-infinity') from rollup_state where level = $1"
_COUNT: Final = """
select sum(n)::bigint from sensor_readings_{level}
where sensor_id = any($1::int[]) and bucket > $2::timestamptz - interval '{width}' and bucket < $3::timestamptz
group by sensor_id
"""
_COUNT_HOURS: Final = _COUNT.format(level="1h", width="1 hour")
_COUNT_DAYS: Final = _COUNT.format(level="1d", width="1 day")
