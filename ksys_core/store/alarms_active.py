"""What the alarm desk shows: the list, the summary for the banner, and the state of each tag."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import asyncpg

from ksys_core.domain.alarms.rows import LISTED, UNACKNOWLEDGED, AlarmRow
from ksys_core.domain.times import to_ns
from ksys_core.store.alarms_live import Version
from ksys_core.store.alarms_state import STALE_INTERVALS
from ksys_core.store.pool import Database

_ROWS: Final = """
select a.alarm_id, a.occurrence, d.sensor_id, s.tag, s.description, s.area, s.unit, s.decimals, d.kind, d.label,
       d.priority, d.class, a.isa_state, a.value, a.limit_value, a.active_since, a.detected_at,
       case when l.ts < now() - make_interval(secs => $3 * s.interval_s) then 'STALE' else a.quality end as quality,
       case when l.quality >= 64 then l.value end as now_value, l.ts as now_ts,
       d.latching, a.first_out, d.group_name, a.silenced_occurrence >= a.occurrence as silenced,
       a.acked_by, a.acked_at, a.comment, a.shelved_until, a.shelved_by, a.shelved_reason, a.suppressed_reason,
       a.oos_by, a.oos_reason, a.oos_permit, a.oos_review,
       d.cause, d.consequence, d.action, d.confirmation, d.response_s, d.rationalised, d.owner,
       case when d.shelvable then d.max_shelve_s end as max_shelve_s,
       a.occurrence > 0 and a.confirmed_occurrence >= a.occurrence as confirmed,
       a.xmin::text::bigint, d.xmin::text::bigint, s.xmin::text::bigint
  from alarms a join alarm_definitions d using (alarm_id) join sensors s using (sensor_id)
  left join sensor_latest l using (sensor_id)
 where a.isa_state = any($1::text[]) and a.isa_state <> 'NORM' and ($2::int[] is null or a.alarm_id = any($2))
 order by d.priority, a.isa_state in ('ACKED', 'LACKED'), a.active_since desc nulls last, a.alarm_id
"""
_COUNTS: Final = """
select d.priority, a.isa_state, count(*) as n,
       count(*) filter (where a.isa_state in ('UNACK', 'LUNACK') and a.silenced_occurrence < a.occurrence) as sounding
  from alarms a join alarm_definitions d using (alarm_id) where a.isa_state <> 'NORM' group by 1, 2
"""
_NEWEST: Final = """
select a.alarm_id from alarms a join alarm_definitions d using (alarm_id)
 where a.isa_state = any($1::text[]) and a.isa_state <> 'NORM'
 order by d.priority, a.active_since desc nulls last, a.alarm_id limit 3
"""
_OF_SENSORS: Final = """
select distinct on (d.sensor_id) d.sensor_id, d.priority, a.isa_state, d.kind, a.alarm_id
  from alarms a join alarm_definitions d using (alarm_id)
 where a.isa_state <> 'NORM'
 order by d.sensor_id, a.isa_state in ('SHLVD', 'DSUPR', 'OOSRV'), d.priority,
          a.isa_state in ('ACKED', 'LACKED'), a.active_since desc nulls last
"""


@dataclass(frozen=True, slots=True)
class AlarmTable:
    """Alarms by priority, the unacknowledged of each first, newest first; the version of each by its id."""

    rows: tuple[AlarmRow, ...]
    versions: Mapping[int, Version]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class AlarmSummary:
    """What the banner says.

    Attributes:
        counts: alarms by (priority, ISA state).
        sounding: unsilenced unacknowledged active alarms by priority.
        newest: the three newest unacknowledged of the highest priority there is, then of the next.
    """

    counts: Mapping[tuple[int, str], int]
    sounding: Mapping[int, int]
    newest: tuple[AlarmRow, ...]

    def count(self, *states: str, priority: int | None = None) -> int:
        """Alarms in these states (of one priority)."""
        return sum(n for (p, state), n in self.counts.items() if state in states and priority in (None, p))


@dataclass(frozen=True, slots=True)
class SensorAlarm:
    """The alarm that a tag's tile shows: shown before hidden, then by priority, then unacknowledged first."""

    sensor_id: int
    priority: int
    isa: str
    kind: str
    alarm_id: int


async def load_active(
    db: Database,
    *,
    states: Sequence[str] = LISTED,
    alarm_ids: Sequence[int] | None = None,
) -> AlarmTable:
    """Alarms in `states`; only those of `alarm_ids` when given (to refresh after a message)."""
    ids = None if alarm_ids is None else list(alarm_ids)
    rows = await db.fetch(_ROWS, list(states), ids, float(STALE_INTERVALS))
    made = tuple(_row(row) for row in rows)
    return AlarmTable(made, {row.alarm_id: _version(read) for row, read in zip(made, rows, strict=True)})


async def summary(db: Database) -> AlarmSummary:
    """Counts by priority and state, and the three alarms for the banner."""
    counts = await db.fetch(_COUNTS)
    named = [row["alarm_id"] for row in await db.fetch(_NEWEST, list(UNACKNOWLEDGED))]
    newest = await load_active(db, states=UNACKNOWLEDGED, alarm_ids=named)
    sounding: dict[int, int] = {}
    for row in counts:
        if row["sounding"]:
            sounding[row["priority"]] = sounding.get(row["priority"], 0) + row["sounding"]
    return AlarmSummary(
        {(row["priority"], row["isa_state"]): row["n"] for row in counts},
        sounding,
        newest.rows,
    )


async def alarm_states_for_sensors(db: Database) -> dict[int, SensorAlarm]:
    """The most important alarm of each tag that has one, by sensor_id."""
    return {row["sensor_id"]: SensorAlarm(*row) for row in await db.fetch(_OF_SENSORS)}


_VERSION_PARTS: Final = 3
_TEXTS: Final = frozenset({"description", "cause", "consequence", "action", "confirmation"})
_TIMES: Final = frozenset({"active_since", "detected_at", "now_ts", "acked_at", "shelved_until", "oos_review"})


@lru_cache(maxsize=4096)
def _places(columns: tuple[str, ...], names: frozenset[str]) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(columns) if name in names)


@lru_cache(maxsize=65_536)
def _texts(written: str) -> Mapping[str, str]:
    """Texts by language; many alarms share the same."""
    return MappingProxyType(json.loads(written))


def _version(row: asyncpg.Record) -> Version:
    state, definition, tag = tuple(row)[-_VERSION_PARTS:]
    return state, definition, tag


def _row(row: asyncpg.Record) -> AlarmRow:
    columns, values = tuple(row.keys())[:-_VERSION_PARTS], list(row)[:-_VERSION_PARTS]
    for place in _places(columns, _TEXTS):
        values[place] = _texts(values[place])
    for place in _places(columns, _TIMES):
        if values[place] is not None:
            values[place] = to_ns(values[place])
    return AlarmRow(*values)
