"""The journal as columns, for key figures, and the names of the alarms in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ksys_core.domain.alarms.kpi_periods import JournalColumns
from ksys_core.domain.alarms.transitions import EVENTS
from ksys_core.domain.times import to_datetime
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.pool import Database

# What was active or shelved at the start belongs to the period: the entry that began it is taken along.
_COLUMNS: Final = """
with taken as (
  select event_id, alarm_id, detected_ts, kind, priority, isa_to, area from alarm_events
   where source_ts >= $1::timestamptz and source_ts < $2::timestamptz
  union all
  select e.event_id, e.alarm_id, e.detected_ts, e.kind, e.priority, e.isa_to, e.area
    from alarm_definitions d
    cross join (values (array['ACT', 'RTN']), (array['SHLV', 'UNSHLV', 'SHLVEND'])) as pair(kinds)
    cross join lateral (select * from alarm_events b
                         where b.alarm_id = d.alarm_id and b.source_ts < $1::timestamptz and b.kind = any(pair.kinds)
                         order by b.source_ts desc, b.event_id desc limit 1) e
   where e.kind in ('ACT', 'SHLV'))
select alarm_id, detected_ts, array_position($4::text[], kind) - 1 as event, priority::int as priority,
       (isa_to in ('SHLVD', 'DSUPR', 'OOSRV'))::int as hidden
  from taken where $3::text is null or area = $3 or starts_with(area, $3 || '/')
 order by alarm_id, event_id
"""
_NAMES: Final = """
select d.alarm_id, s.tag, d.kind, d.label, s.area, d.owner, case when d.shelvable then d.max_shelve_s end
  from alarm_definitions d join sensors s using (sensor_id)
 where d.alarm_id = any($1::int[])
"""
_LAYOUT: Final = [("alarm", ">i4"), ("t", ">i8"), ("event", ">i4"), ("priority", ">i4"), ("hidden", ">i4")]


async def journal_columns(db: Database, start: int, stop: int, area: str | None = None) -> JournalColumns:
    """Entries with ``start <= source time < stop`` (ns) of one area (None: all), and what was open at `start`."""
    rows = await db.fetch_columns(_COLUMNS, to_datetime(start), to_datetime(stop), area, list(EVENTS), dtype=_LAYOUT)
    return JournalColumns(
        rows["alarm"].astype(np.int32),
        to_unix_ns(rows["t"]),
        rows["event"].astype(np.uint8),
        rows["priority"].astype(np.int32),
        rows["hidden"].astype(np.bool_),
    )


@dataclass(frozen=True, slots=True)
class AlarmName:
    """What an alarm is called, whose it is, and how long it may be shelved at the longest (None: it may not be)."""

    tag: str
    kind: str
    label: str
    area: str
    owner: str = ""
    max_shelve_s: float | None = None

    @property
    def short(self) -> str:
        """Tag, kind and label in one line."""
        return " ".join(part for part in (self.tag, self.kind, self.label) if part)


async def alarm_names(db: Database, alarm_ids: Sequence[int]) -> dict[int, AlarmName]:
    """Names by alarm id; alarms that no longer exist are missing."""
    return {row["alarm_id"]: AlarmName(*list(row)[1:]) for row in await db.fetch(_NAMES, list(alarm_ids))}
