"""Readings that the alarm engine has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.state import State
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import HOUR, MINUTE, SECOND, to_datetime, to_ns
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.pool import Database

WIDEST_NS: Final = 6 * HOUR
FEW: Final = 32
"""Unseen readings of a tag up to which they are all taken at once."""
_ROWS: Final = 1_000_000
_LAYOUT: Final = [("sensor_id", ">i4"), ("ts", ">i8"), ("value", ">f8"), ("quality", ">i2")]

# Positions are microseconds since 1970. Factors below 2^53 multiply an interval of 1 us exactly.
_BEHIND: Final = """
unnest($1::int[], $2::bigint[]) as u(sensor_id, us)
  cross join lateral (select timestamptz 'epoch' + us * interval '1 microsecond' as ts) p
  join sensor_latest l on l.sensor_id = u.sensor_id and l.ts > p.ts
"""
_FEW_EACH: Final = f"""
select u.sensor_id, r.ts, r.value, r.quality from {_BEHIND}
  cross join lateral (select ts, value, quality from sensor_readings r
                       where r.sensor_id = u.sensor_id and r.ts > p.ts order by r.ts limit {FEW}) r
"""  # noqa: S608 - constants of this module
_FIRST: Final = f"""
select min(r.ts) from {_BEHIND}
  cross join lateral (select ts from sensor_readings r where r.sensor_id = u.sensor_id and r.ts > p.ts
                       order by ts limit 1) r
"""  # noqa: S608 - constants of this module
_SPAN: Final = f"""
select r.sensor_id, r.ts, r.value, r.quality from {_BEHIND}
  join sensor_readings r on r.sensor_id = u.sensor_id and r.ts > p.ts
 where r.ts >= $3::timestamptz and r.ts < $4::timestamptz
"""  # noqa: S608 - constants of this module


@dataclass(frozen=True, slots=True)
class News:
    """Unseen readings; `more` when there are others after them."""

    batch: ReadingBatch
    more: bool


async def next_batch(db: Database, definitions: Definitions, state: State) -> News:
    """The oldest readings not seen: all there are when they are few, else those of one span of time of all tags."""
    positions = definitions.sensor_id.tolist(), (state.last_t // 1000).tolist()
    rows = await db.fetch(_FEW_EACH, *positions)
    ids = np.array([row[0] for row in rows], np.int32)
    if not len(ids) or np.bincount(ids).max() < FEW:
        times = [to_ns(row[1]) for row in rows]
        return News(_batch(ids, times, [row[2] for row in rows], [row[3] for row in rows]), False)
    first = await db.fetchval(_FIRST, *positions)
    width = max(MINUTE, min(WIDEST_NS, _ROWS * 10 * SECOND // len(np.unique(ids))))
    stop = to_datetime(to_ns(first) + width)
    span = await db.fetch_columns(_SPAN, *positions, first, stop, dtype=_LAYOUT)
    return News(_batch(span["sensor_id"], to_unix_ns(span["ts"]), span["value"], span["quality"]), True)


def _batch(ids: npt.ArrayLike, t: npt.ArrayLike, v: npt.ArrayLike, quality: npt.ArrayLike) -> ReadingBatch:
    return ReadingBatch.of(ids, t, np.asarray(v, np.float64), np.asarray(quality, np.uint8))
