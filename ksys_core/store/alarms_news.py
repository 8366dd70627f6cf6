"""Readings that the alarm engine has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.alarms.columns import Definitions, IndexArray, IntArray, NsArray
from ksys_core.domain.alarms.state import State
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import HOUR, MINUTE, SECOND, to_datetime, to_ns
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.pool import Database

WIDEST_NS: Final = 6 * HOUR
NEAR_NS: Final = 2 * MINUTE
"""Unseen readings that lie this near to each other are read by one scan of the tags' newest part."""
FEW: Final = 32
"""Unseen readings of a tag up to which they are all taken at once."""
FEW_TAGS: Final = 1000
"""Tags that may lag behind without those that don't being read the slow way."""
_ROWS: Final = 1_000_000
_LAYOUT: Final = [("sensor_id", ">i4"), ("ts", ">i8"), ("value", ">f8"), ("quality", ">i2")]

_NEWEST: Final = "select sensor_id, ts from sensor_latest where ts > $1::timestamptz"
_NEAR: Final = """
select sensor_id, ts, value, quality from sensor_readings
 where sensor_id = any($1::int[]) and ts > $2::timestamptz and ts <= $3::timestamptz
"""
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
    newest, behind = await _behind(db, definitions, state)
    if not len(behind):
        return News(ReadingBatch.of([], [], []), False)
    ids, last = definitions.sensor_id, state.last_t
    start = int(last[behind].max()) - NEAR_NS
    near = (last[behind] >= start) & (newest <= start + 2 * NEAR_NS)
    lagging = behind[~near]
    if len(lagging) > FEW_TAGS:
        return await _slowly(db, ids[behind], last[behind])
    few = await _few_each(db, ids[lagging], last[lagging])
    if few is None:
        return await _slowly(db, ids[behind], last[behind])
    rows = [few]
    if near.any():
        tags = behind[near]
        span = to_datetime(int(last[tags].min())), to_datetime(int(newest[near].max()))
        rows.append(await db.fetch_columns(_NEAR, ids[tags].tolist(), *span, dtype=_LAYOUT))
    return News(_batch(np.concatenate(rows)), False)


async def _behind(db: Database, definitions: Definitions, state: State) -> tuple[NsArray, IndexArray]:
    """Tags (by index) with readings later than the newest seen, and the times (ns) of their newest readings."""
    if not len(definitions.sensor_id):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    layout = [("sensor_id", ">i4"), ("ts", ">i8")]
    rows = await db.fetch_columns(_NEWEST, to_datetime(int(state.last_t.min())), dtype=layout)
    tags = np.searchsorted(definitions.sensor_id, rows["sensor_id"])
    tags = np.minimum(tags, len(definitions.sensor_id) - 1)
    newest = to_unix_ns(rows["ts"])
    unseen = (definitions.sensor_id[tags] == rows["sensor_id"]) & (newest > state.last_t[tags])
    return newest[unseen], tags[unseen]


async def _few_each(db: Database, ids: IntArray, last: NsArray) -> npt.NDArray[np.void] | None:
    """All unseen readings of some tags, None when there are many of one."""
    if not len(ids):
        return np.empty(0, np.dtype(_LAYOUT))
    rows = await db.fetch_columns(_FEW_EACH, ids.tolist(), (last // 1000).tolist(), dtype=_LAYOUT)
    return rows if np.unique(rows["sensor_id"], return_counts=True)[1].max(initial=0) < FEW else None


async def _slowly(db: Database, ids: IntArray, last: NsArray) -> News:
    """One span of time of all tags, the oldest."""
    positions = ids.tolist(), (last // 1000).tolist()
    few = await _few_each(db, ids, last)
    if few is not None:
        return News(_batch(few), False)
    first = await db.fetchval(_FIRST, *positions)
    width = max(MINUTE, min(WIDEST_NS, _ROWS * 10 * SECOND // len(ids)))
    stop = to_datetime(to_ns(first) + width)
    return News(_batch(await db.fetch_columns(_SPAN, *positions, first, stop, dtype=_LAYOUT)), True)


def _batch(rows: npt.NDArray[np.void]) -> ReadingBatch:
    return ReadingBatch.of(rows["sensor_id"], to_unix_ns(rows["ts"]), rows["value"], rows["quality"])
