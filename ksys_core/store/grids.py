"""Sums of usable readings on a regular grid, read from the roll-up that fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.times import to_datetime
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.pool import Database

# Coarsest first; a level fits when its buckets divide the step.
LEVELS: Final[tuple[tuple[int, str], ...]] = (
    (86_400, "sensor_readings_1d"),
    (3_600, "sensor_readings_1h"),
    (600, "sensor_readings_10m"),
    (60, "sensor_readings_1m"),
)

_SUMS: Final = """
select w.sensor_id, b.t, b.total, b.n
from unnest($1::int[], $2::timestamptz[]) as w(sensor_id, since)
cross join lateral (
  select date_bin(make_interval(secs => $4::int), r.bucket, '1970-01-01 00:00:00+00') as t,
         sum(r.sum) as total, sum(r.n_good)::float8 as n
  from {level} r
  where r.sensor_id = w.sensor_id and r.bucket >= w.since and r.bucket < $3::timestamptz and r.n_good > 0
  group by 1
) b
"""
_DTYPE: Final = [("sensor_id", ">i4"), ("t", ">i8"), ("total", ">f8"), ("n", ">f8")]


def level_of(step_s: int) -> str:
    """The coarsest roll-up whose buckets divide a step of `step_s` seconds (a multiple of 60)."""
    for width, relation in LEVELS:
        if step_s % width == 0:
            return relation
    raise ValueError(f"a step of {step_s} s is not a multiple of a minute")


async def sums(
    db: Database, sensor_ids: Sequence[int], since_ns: Sequence[int], stop_ns: int, step_s: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Columns sensor_id, t (left edge, ns), sum and count of usable readings of every interval that has any.

    Args:
        since_ns: for each sensor where its window begins.
    """
    rows: npt.NDArray[Any] = await db.fetch_columns(
        _SUMS.format(level=level_of(step_s)),
        list(sensor_ids),
        [to_datetime(since) for since in since_ns],
        to_datetime(stop_ns),
        step_s,
        dtype=_DTYPE,
    )
    return (
        rows["sensor_id"].astype(np.int32),
        to_unix_ns(rows["t"]),
        rows["total"].astype(np.float64),
        rows["n"].astype(np.float64),
    )
