"""One stored alarm with what a replay of its tag's history needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from ksys_core.domain.alarms.definition import AlarmKind
from ksys_core.store.alarms_state import STALE_INTERVALS
from ksys_core.store.pool import Database

_ALARM: Final = """
select d.alarm_id, s.sensor_id, s.tag, s.unit, s.decimals, s.span_high - s.span_low as span, d.kind,
       coalesce(l.value, d.setting, 'NaN') as "limit",
       case d.dead_band_unit when 'span' then coalesce(d.dead_band / 100 * (s.span_high - s.span_low), 0)
                             else d.dead_band end as dead_band,
       d.on_delay_s, d.off_delay_s, d.count, d.reference_sensor_id as reference_id, d.response_s,
       s.interval_s, r.interval_s as reference_interval_s
  from alarm_definitions d join sensors s using (sensor_id)
  left join sensors r on r.sensor_id = d.reference_sensor_id
  left join sensor_limits l on l.sensor_id = d.sensor_id and l.kind = d.kind and l.valid_to is null
 where s.tag = $1 and d.kind = $2 and d.label = $3
"""
_OF_TAG: Final = """
select d.kind, d.label from alarm_definitions d join sensors s using (sensor_id)
 where s.tag = $1 and d.kind <> 'SOURCE' order by array_position(array['HH', 'H', 'L', 'LL'], d.kind), d.kind, d.label
"""


@dataclass(frozen=True, slots=True)
class StoredAlarm:
    """An alarm as it is defined at present.

    Attributes:
        span: of the tag, in its unit; None: unknown. response_s: maximum time to respond; None: not set.
        limit: the limit in force, or the setting of other kinds; NaN: none. dead_band: in the tag's unit.
        reference_id: the set-point's tag of a deviation; None: none.
        stale_after_s: by sensor id, of the tag and its reference.
    """

    alarm_id: int
    sensor_id: int
    tag: str
    unit: str
    decimals: int
    span: float | None
    kind: AlarmKind
    limit: float
    dead_band: float
    on_delay_s: float
    off_delay_s: float
    count: int
    reference_id: int | None
    response_s: float | None
    stale_after_s: Mapping[int, float]


async def stored_alarm(db: Database, tag: str, kind: AlarmKind, label: str) -> StoredAlarm | None:
    """The alarm of a tag, enabled or not; None when there is none."""
    row = await db.fetchrow(_ALARM, tag, kind, label)
    if row is None:
        return None
    intervals = {row["sensor_id"]: row["interval_s"], row["reference_id"]: row["reference_interval_s"]}
    stale = {k: STALE_INTERVALS * (v or math.nan) for k, v in intervals.items() if k is not None}
    own = {f.name: row[f.name] for f in fields(StoredAlarm) if f.name != "stale_after_s"}
    return StoredAlarm(**own, stale_after_s=stale)


async def alarms_of_tag(db: Database, tag: str) -> list[tuple[AlarmKind, str]]:
    """Kind and label of each alarm of a tag whose history can be replayed, HH first."""
    return [(row["kind"], row["label"]) for row in await db.fetch(_OF_TAG, tag)]
