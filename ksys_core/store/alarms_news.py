"""Readings that the alarm engine has not seen."""

from __future__ import annotations

from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.state import State
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import HOUR, MINUTE, to_datetime, to_ns
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.pool import Database

WIDEST_NS: Final = 6 * HOUR
_ROWS: Final = 1_000_000
_LAYOUT: Final = [("sensor_id", ">i4"), ("ts", ">i8"), ("value", ">f8"), ("quality", ">i2")]

_NEWER: Final = """
select l.sensor_id, p.ts as after from sensor_latest l
  join unnest($1::int[], $2::timestamptz[]) as p(sensor_id, ts) on l.sensor_id = p.sensor_id and l.ts > p.ts
"""
_FIRST: Final = """
select min(r.ts) from unnest($1::int[], $2::timestamptz[]) as p(sensor_id, ts)
  cross join lateral (select ts from sensor_readings r where r.sensor_id = p.sensor_id and r.ts > p.ts
                       order by ts limit 1) r
"""
_READINGS: Final = """
select r.sensor_id, r.ts, r.value, r.quality from unnest($1::int[], $2::timestamptz[]) as p(sensor_id, ts)
  join sensor_readings r on r.sensor_id = p.sensor_id and r.ts > p.ts
 where r.ts >= $3::timestamptz and r.ts < $4::timestamptz
"""


async def next_batch(db: Database, definitions: Definitions, state: State) -> ReadingBatch | None:
    """The oldest readings not seen, of all tags for one span of time; None when there are none."""
    newer = await db.fetch(_NEWER, definitions.sensor_id.tolist(), [to_datetime(t) for t in state.last_t.tolist()])
    if not newer:
        return None
    ids, after = [row["sensor_id"] for row in newer], [row["after"] for row in newer]
    first = await db.fetchval(_FIRST, ids, after)
    if first is None:
        return None
    width = max(MINUTE, min(WIDEST_NS, _ROWS * 10 * 1_000_000_000 // len(ids)))
    stop = to_datetime(to_ns(first) + width)
    rows = await db.fetch_columns(_READINGS, ids, after, first, stop, dtype=_LAYOUT)
    return ReadingBatch.of(
        rows["sensor_id"], to_unix_ns(rows["ts"]), rows["value"].astype(np.float64), rows["quality"].astype(np.uint8)
    )
