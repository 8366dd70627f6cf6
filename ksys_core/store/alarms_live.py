"""What a list of alarms reads often: which rows have changed, and the newest readings of the tags that are in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ksys_core.store.alarms_state import STALE_INTERVALS
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.pool import Database

# A row's xmin is the transaction that wrote it: another one, another content.
_VERSIONS: Final = """
select a.alarm_id, a.xmin::text::bigint, d.xmin::text::bigint, s.xmin::text::bigint
  from alarms a join alarm_definitions d using (alarm_id) join sensors s using (sensor_id)
 where a.isa_state = any($1::text[]) and a.isa_state <> 'NORM'
 order by d.priority, a.isa_state in ('ACKED', 'LACKED'), a.active_since desc nulls last, a.alarm_id
"""
_READINGS: Final = """
select l.sensor_id, l.ts, l.value, l.quality, coalesce(l.ts < now() - make_interval(secs => $2 * s.interval_s), false)
  from sensor_latest l join sensors s using (sensor_id) where l.sensor_id = any($1::int[])
"""
Version = tuple[int, int, int]
_VERSION_LAYOUT: Final = [("alarm_id", ">i4"), ("state", ">i8"), ("definition", ">i8"), ("tag", ">i8")]
_READING_LAYOUT: Final = [("sensor_id", ">i4"), ("t", ">i8"), ("value", ">f8"), ("quality", ">i2"), ("stale", "?")]


@dataclass(frozen=True, slots=True)
class NewestReading:
    """Newest reading of a tag: time (ns), value (NaN: none), quality byte, whether it is older than it should be."""

    t: int
    value: float
    quality: int
    stale: bool


async def versions(db: Database, states: Sequence[str]) -> dict[int, Version]:
    """Alarms in `states` in the order of their list, with figures that differ when a row does."""
    rows = await db.fetch_columns(_VERSIONS, list(states), dtype=_VERSION_LAYOUT)
    figures = zip(*(rows[name].tolist() for name in ("state", "definition", "tag")), strict=True)
    return dict(zip(rows["alarm_id"].tolist(), figures, strict=True))


async def newest_readings(db: Database, sensor_ids: Sequence[int]) -> dict[int, NewestReading]:
    """The newest reading of each of these tags that has one."""
    rows = await db.fetch_columns(_READINGS, list(sensor_ids), float(STALE_INTERVALS), dtype=_READING_LAYOUT)
    columns = (to_unix_ns(rows["t"]), rows["value"], rows["quality"], rows["stale"])
    readings = (NewestReading(*each) for each in zip(*(column.tolist() for column in columns), strict=True))
    return dict(zip(rows["sensor_id"].tolist(), readings, strict=True))
