"""Virtual tags: their formulas, and the readings these are computed from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import BAD, UNCERTAIN
from ksys_core.domain.series import Series
from ksys_core.domain.times import MINUTE, to_datetime, to_ns
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True)
class VirtualSensor:
    """A tag with a formula; `newest_ns` is the time of its newest value, None when it has none."""

    sensor_id: int
    tag: str
    expression: str
    gap_limit_s: float
    newest_ns: int | None


_ALL: Final = """
select sensor_id, s.tag, v.expression, v.gap_limit_s, l.ts
from virtual_sensors v join sensors s using (sensor_id) left join sensor_latest l using (sensor_id)
where s.enabled order by s.tag
"""

_RAW: Final = """
select sensor_id, ts, value, quality from sensor_readings
where sensor_id = any ($1::int[]) and ts > $2::timestamptz and ts <= $3::timestamptz order by sensor_id, ts
"""

_MINUTES: Final = """
select sensor_id, bucket, case when n_good > 0 then sum / n_good else 'NaN' end, n, n_good, quality::int2
from sensor_readings_1m
where sensor_id = any ($1::int[]) and bucket >= $2::timestamptz and bucket < $3::timestamptz and n > 0
order by sensor_id, bucket
"""

_OLDEST: Final = """
select min(first.ts) from unnest($1::int[]) wanted (id),
lateral (select ts from sensor_readings where sensor_id = wanted.id order by ts limit 1) first
"""

_RAW_COLUMNS: Final = [("id", ">i4"), ("t", ">i8"), ("v", ">f8"), ("quality", ">i2")]
_DEFINE: Final = """
insert into virtual_sensors (sensor_id, expression, gap_limit_s) values ($1, $2, $3)
on conflict (sensor_id) do update set expression = $2, gap_limit_s = $3
"""


async def virtual_sensors(db: Database) -> list[VirtualSensor]:
    """Every enabled virtual tag."""
    return [
        VirtualSensor(
            row["sensor_id"], row["tag"], row["expression"], row["gap_limit_s"], row["ts"] and to_ns(row["ts"])
        )
        for row in await db.fetch(_ALL)
    ]


async def define(db: Database, sensor_id: int, expression: str, gap_limit_s: float) -> None:
    """Give a sensor of origin ``virtual`` its formula."""
    await db.execute(_DEFINE, sensor_id, expression, gap_limit_s)
    await db.execute("select ksys_notify('sensors', array[$1::int])", sensor_id)


async def sensor_ids(db: Database, tags: Collection[str]) -> dict[str, int]:
    """Ids of those of `tags` that exist."""
    rows = await db.fetch("select tag, sensor_id from sensors where tag = any ($1::text[])", list(tags))
    return {row["tag"]: row["sensor_id"] for row in rows}


async def all_tags(db: Database) -> list[str]:
    """Names of every tag."""
    return [row["tag"] for row in await db.fetch("select tag from sensors")]


async def oldest_reading(db: Database, ids: Collection[int]) -> int | None:
    """Time of the oldest reading of these sensors, ns."""
    oldest = await db.fetchval(_OLDEST, list(ids))
    return None if oldest is None else to_ns(oldest)


async def readings(db: Database, ids: Collection[int], start_ns: int, stop_ns: int) -> Mapping[int, Series]:
    """Raw readings with ``start < t <= stop`` of each sensor."""
    window = to_datetime(start_ns), to_datetime(stop_ns)
    rows = await db.fetch_columns(_RAW, list(ids), *window, dtype=_RAW_COLUMNS)
    return _by_sensor(ids, rows["id"], to_unix_ns(rows["t"]), rows["v"], rows["quality"])


async def minute_means(db: Database, ids: Collection[int], start_ns: int, stop_ns: int) -> Mapping[int, Series]:
    """Means of whole minutes, each at the middle of its minute, from the roll-up.

    A minute with BAD readings among usable ones is UNCERTAIN, one with only BAD readings BAD.
    """
    window = to_datetime(start_ns // MINUTE * MINUTE), to_datetime(stop_ns // MINUTE * MINUTE)
    columns = [("id", ">i4"), ("t", ">i8"), ("v", ">f8"), ("n", ">i8"), ("n_good", ">i8"), ("quality", ">i2")]
    rows = await db.fetch_columns(_MINUTES, list(ids), *window, dtype=columns)
    mixed = (rows["n_good"] > 0) & (rows["n_good"] < rows["n"])
    quality = np.where(mixed, UNCERTAIN, np.where(rows["n_good"] == 0, BAD, rows["quality"]))
    return _by_sensor(ids, rows["id"], to_unix_ns(rows["t"]) + MINUTE // 2, rows["v"], quality)


def _by_sensor(
    ids: Collection[int],
    owner: npt.NDArray[np.int32],
    t: npt.NDArray[np.int64],
    v: npt.NDArray[np.float64],
    quality: npt.NDArray[np.integer],
) -> dict[int, Series]:
    """Rows in order of sensor and time, cut into a series a sensor."""
    found = {}
    for sensor_id in ids:
        i, j = np.searchsorted(owner, [sensor_id, sensor_id + 1])
        found[sensor_id] = Series.of(t[i:j], v[i:j], quality[i:j])
    return found
