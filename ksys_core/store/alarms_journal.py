"""The alarm journal: what the engine writes into it, and pages of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.isa import ISA_STATES
from ksys_core.domain.alarms.transitions import EVENTS, Transitions
from ksys_core.domain.times import to_datetime, to_ns
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
_PAGE: Final = """
select event_id, alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, recorded_at, actor, station,
       reason, value, limit_value, priority, occurrence, isa_from, isa_to
  from alarm_events
 where ($1::timestamptz is null or (source_ts, event_id) < ($1, $2::bigint))
   and ($3::timestamptz is null or source_ts >= $3) and ($4::timestamptz is null or source_ts < $4)
   and ($5::int[] is null or alarm_id = any($5)) and ($6::int[] is null or sensor_id = any($6))
   and ($7::text is null or area = $7 or starts_with(area, $7 || '/')) and ($8::int[] is null or priority = any($8))
   and ($9::text[] is null or kind = any($9)) and ($10::text is null or actor = $10)
   and ($11::text is null or position(lower($11) in lower(tag || ' ' || reason || ' ' || actor)) > 0)
 order by source_ts desc, event_id desc limit $12
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
Key = tuple[int, int]
"""(source time in ns, event id): where a page ends and the next begins."""


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which entries to show; None means any. Times in ns, `stop` exclusive; `area` includes what lies below it."""

    start: int | None = None
    stop: int | None = None
    alarm_ids: Sequence[int] | None = None
    sensor_ids: Sequence[int] | None = None
    area: str | None = None
    priorities: Sequence[int] | None = None
    kinds: Sequence[str] | None = None
    actor: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One transition. Times in ns: `source` at the plant, `detected` after the delay, `recorded` in the database."""

    event_id: int
    alarm_id: int
    sensor_id: int
    tag: str
    area: str
    alarm_kind: str
    kind: str
    source: int
    detected: int
    recorded: int
    actor: str
    station: str
    reason: str
    value: float | None
    limit: float | None
    priority: int
    occurrence: int
    isa_from: str
    isa_to: str


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


async def page(db: Database, before: Key | None, limit: int, only: JournalFilter) -> list[JournalEntry]:
    """The newest `limit` entries that come before the key, newest first."""
    rows = await db.fetch(
        _PAGE,
        *((None, None) if before is None else (to_datetime(before[0]), before[1])),
        *(None if t is None else to_datetime(t) for t in (only.start, only.stop)),
        *(None if ids is None else list(ids) for ids in (only.alarm_ids, only.sensor_ids)),
        only.area,
        None if only.priorities is None else list(only.priorities),
        None if only.kinds is None else list(only.kinds),
        only.actor,
        only.text,
        limit,
    )
    return [_entry(row) for row in rows]


async def journal_breaks(db: Database) -> list[int]:
    """Alarms whose journal does not lead, entry by entry, to their present state. Empty: nothing was lost."""
    return [row["alarm_id"] for row in await db.fetch(_BREAKS)]


def _entry(row: Any) -> JournalEntry:
    values = list(row)
    for place in (7, 8, 9):
        values[place] = to_ns(values[place])
    return JournalEntry(*values)
