"""What the evaluator writes of the alarms' state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import UNSEEN, Definitions, IndexArray, NsArray
from ksys_core.domain.alarms.state import CONDITIONS, QUALITIES, State
from ksys_core.domain.times import to_datetime
from ksys_core.store.connection import Connection

_SAVE: Final = """
update alarms a
   set cond = n.cond, since = n.since, changed_at = n.changed_at, occurrence = n.occurrence,
       latched_occurrence = n.latched, released_shelf = n.released, suppressed = n.suppressed, first_out = n.first_out,
       quality = n.quality, active_since = n.active_since, detected_at = n.detected_at,
       value = nullif(n.value, 'NaN'), limit_value = nullif(n.limit_value, 'NaN'),
       pending_value = nullif(n.pending, 'NaN'),
       entries = array(select u from unnest(array[{entries}]) u where u is not null)
  from unnest($1::int[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::int[], $7::int[], $8::bool[],
              $9::bool[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::float8[], $14::float8[],
              $15::float8[]{arguments})
    as n(alarm_id, cond, since, changed_at, occurrence, latched, released, suppressed, first_out, quality,
         active_since, detected_at, value, limit_value, pending{names})
 where a.alarm_id = n.alarm_id
"""
_SAVE_POSITIONS: Final = """
insert into alarm_positions as p (sensor_id, ts) select * from unnest($1::int[], $2::timestamptz[])
on conflict (sensor_id) do update set ts = excluded.ts where p.ts < excluded.ts
"""
_SET_BACK: Final = "update alarm_positions set ts = $2 where sensor_id = any($1::int[]) and ts > $2"
_SAVE_ANCHORS: Final = """
insert into alarm_anchors as a (alarm_id, upto, ts, value)
select * from unnest($1::int[], $2::timestamptz[], $3::timestamptz[], $4::float8[])
on conflict (alarm_id) do update set upto = excluded.upto, ts = excluded.ts, value = excluded.value
 where a.upto <> excluded.upto
"""
_RETIRE: Final = """
with over as (
       select a.alarm_id, a.isa_state, d.kind, d.priority, a.occurrence, s.sensor_id, s.tag, s.area,
              case when a.cond in ('A', 'PEND_OFF') then 'RTN' when a.suppressed then 'UNSUPR' end as event
         from alarms a join alarm_definitions d using (alarm_id) join sensors s using (sensor_id)
        where not (d.enabled and s.enabled) and (a.cond <> 'N' or a.suppressed){only}
        order by a.alarm_id for update of a),
     retired as (update alarms a set cond = 'N', since = now(), suppressed = false, suppressed_reason = '',
                                     first_out = false
                   from over where a.alarm_id = over.alarm_id
                 returning a.alarm_id, a.isa_state, over.isa_state as before, over.kind, over.priority, over.event,
                           over.occurrence, over.sensor_id, over.tag, over.area, alarm_regions(a) as regions),
     told as (
       insert into alarm_events (alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, reason,
                                 priority, occurrence, isa_from, isa_to, regions)
       select alarm_id, sensor_id, tag, area, kind, event, now(), now(), '{{"ended": "disabled"}}', priority,
              occurrence, before, isa_state, regions
         from retired where event is not null)
select alarm_id from retired
"""


_SAVE_REASONS: Final = """
update alarms a set suppressed_reason = n.reason from unnest($1::int[], $2::text[]) as n(alarm_id, reason)
 where a.alarm_id = n.alarm_id
"""
_FORGET_SPELLS: Final = "delete from alarm_spells where alarm_id = any($1::int[])"
_SAVE_SPELLS: Final = """
insert into alarm_spells (alarm_id, active_from, active_to)
select * from unnest($1::int[], $2::timestamptz[], $3::timestamptz[])
"""


async def retire_disabled(connection: Connection, alarm_ids: Sequence[int] | None = None) -> list[int]:
    """Return to normal, in the journal, what is active but not evaluated any more (of `alarm_ids`); gives their ids."""
    if alarm_ids is None:
        found = await connection.fetch(_RETIRE.format(only=""))
    else:
        found = await connection.fetch(_RETIRE.format(only=" and a.alarm_id = any($1::int[])"), alarm_ids)
    retired = [row["alarm_id"] for row in found]
    if retired:
        await connection.execute("select ksys_notify('alarms', $1::int[])", retired)
    return retired


async def save(connection: Connection, definitions: Definitions, state: State, rows: IndexArray) -> None:
    """Write the engine's columns of `rows`."""
    entries = [f"e{k}" for k in range(state.entries.shape[1])]
    statement = _SAVE.format(
        entries=", ".join(f"n.{name}" for name in entries) or "null::timestamptz",
        arguments="".join(f", ${16 + k}::timestamptz[]" for k in range(len(entries))),
        names="".join(f", {name}" for name in entries),
    )
    await connection.execute(
        statement,
        definitions.alarm_id[rows].tolist(),
        [CONDITIONS[c] for c in state.cond[rows].tolist()],
        moments(state.since[rows]),
        moments(state.changed[rows]),
        *(column[rows].tolist() for column in (state.occurrence, state.latched, state.released)),
        *(column[rows].tolist() for column in (state.suppressed, state.first_out)),
        [QUALITIES[q] for q in state.quality[rows].tolist()],
        moments(state.active_since[rows]),
        moments(state.detected[rows]),
        *(column[rows].tolist() for column in (state.value, state.limit, state.pending)),
        *(moments(state.entries[rows, k]) for k in range(len(entries))),
    )


async def save_reasons(connection: Connection, reasons: Mapping[int, str]) -> None:
    """Write why alarms are suppressed, by alarm id."""
    await connection.execute(_SAVE_REASONS, list(reasons), list(reasons.values()))


async def save_spells(connection: Connection, definitions: Definitions, state: State, returned: IndexArray) -> None:
    """Write the spells of all groups of which an alarm has `returned` (rows)."""
    groups = np.unique(definitions.group[returned])
    groups = groups[groups >= 0]
    if not len(groups):
        return
    members = np.flatnonzero(np.isin(definitions.group, groups))
    spells = state.spells.only(np.isin(state.spells.row, members))
    await connection.execute(_FORGET_SPELLS, definitions.alarm_id[members].tolist())
    await connection.execute(
        _SAVE_SPELLS, definitions.alarm_id[spells.row].tolist(), moments(spells.start), moments(spells.end)
    )


async def save_positions(connection: Connection, definitions: Definitions, state: State) -> None:
    """Write up to which reading each tag is evaluated, and where FLAT alarms saw it move last by then."""
    seen = state.last_t != UNSEEN
    await connection.execute(_SAVE_POSITIONS, definitions.sensor_id[seen].tolist(), moments(state.last_t[seen]))
    rows = np.flatnonzero(state.flat_t != UNSEEN)
    upto = moments(state.last_t[definitions.sensor[rows]])
    anchors = (moments(state.flat_t[rows]), state.flat_v[rows].tolist())
    await connection.execute(_SAVE_ANCHORS, definitions.alarm_id[rows].tolist(), upto, *anchors)


async def set_back_positions(connection: Connection, sensor_ids: Sequence[int], now: int) -> None:
    """These tags are evaluated up to `now` (ns) and not, as it was written, further."""
    await connection.execute(_SET_BACK, sensor_ids, to_datetime(now))


def moments(times: NsArray) -> list[datetime | None]:
    """Datetimes of ns; None for what has not happened."""
    return [None if t == UNSEEN else to_datetime(t) for t in times.tolist()]
