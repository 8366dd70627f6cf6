"""The alarm journal: what the engine writes into it, and whether it leads to the present state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.isa import ISA_STATES
from ksys_core.domain.alarms.transitions import EVENTS, Transitions
from ksys_core.store.alarms_saving import moments
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database

_WRITE: Final = """
insert into alarm_events (alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, reason, value,
                          limit_value, priority, occurrence, isa_from, isa_to, regions)
select e.alarm_id, s.sensor_id, s.tag, s.area, d.kind, e.kind, e.source_ts, e.detected_ts, e.reason,
       nullif(e.value, 'NaN'), nullif(e.limit_value, 'NaN'), d.priority, e.occurrence, e.isa_from, e.isa_to, e.regions
  from unnest($1::int[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::float8[], $6::float8[], $7::int[],
              $8::text[], $9::text[], $10::smallint[], $11::text[])
       with ordinality as e(alarm_id, kind, source_ts, detected_ts, value, limit_value, occurrence, isa_from, isa_to,
                            regions, reason, place)
  join alarm_definitions d using (alarm_id) join sensors s on s.sensor_id = d.sensor_id
 order by e.place
"""
_BREAKS: Final = """
with entries as (
  select alarm_id, event_id, isa_from, isa_to, regions, occurrence,
         lag(isa_to, 1, 'NORM') over one as was, lead(event_id) over one is null as last
    from alarm_events window one as (partition by alarm_id order by event_id))
select distinct a.alarm_id from alarms a left join entries e using (alarm_id)
 where e.isa_from is distinct from e.was
    or (e.alarm_id is null and a.isa_state <> 'NORM')
    or (e.last and (e.isa_to, e.regions, e.occurrence) is distinct from (a.isa_state, alarm_regions(a), a.occurrence))
 order by 1
"""


async def write(
    connection: Connection, definitions: Definitions, transitions: Transitions, reasons: Sequence[str] | None = None
) -> None:
    """Append what the engine found, in its order; `reasons`: one for each transition."""
    await connection.execute(
        _WRITE,
        definitions.alarm_id[transitions.row].tolist(),
        [EVENTS[event] for event in transitions.event.tolist()],
        moments(transitions.source),
        moments(transitions.detected),
        transitions.value.tolist(),
        transitions.limit.tolist(),
        transitions.occurrence.tolist(),
        [ISA_STATES[code] for code in transitions.isa_from.tolist()],
        [ISA_STATES[code] for code in transitions.isa_to.tolist()],
        transitions.regions.tolist(),
        [""] * len(transitions) if reasons is None else reasons,
    )


async def journal_breaks(db: Database) -> list[int]:
    """Alarms whose journal does not lead, entry by entry, to their present state. Empty: nothing was lost."""
    return [row["alarm_id"] for row in await db.fetch(_BREAKS)]
