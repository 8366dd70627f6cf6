"""Definitions and state of all alarms between the database's rows and the engine's columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import numpy as np

from ksys_core.domain import quality
from ksys_core.domain.alarms.columns import UNSEEN, Definitions, IndexArray, NsArray
from ksys_core.domain.alarms.state import BAD, CONDITIONS, GOOD, QUALITIES, SHELVES, UNCERTAIN, Desk, State
from ksys_core.domain.times import MINUTE, to_datetime, to_ns
from ksys_core.store.connection import Connection

STALE_INTERVALS: Final = 3
"""A tag is stale after so many of its expected intervals without a reading."""

_DEFINITIONS: Final = """
select d.alarm_id, d.sensor_id, d.kind, coalesce(l.value, d.setting, 'NaN') as limit_value, d.reference_sensor_id,
       case d.dead_band_unit when 'span' then coalesce(d.dead_band / 100 * (s.span_high - s.span_low), 0)
                             else d.dead_band end as dead_band,
       d.on_delay_s, d.off_delay_s, d.count, d.priority, d.latching, d.realarm_s, d.group_name, s.interval_s,
       a.cond, a.since, a.changed_at, a.occurrence, a.latched_occurrence, a.released_shelf, a.suppressed, a.first_out,
       a.quality, a.active_since, a.detected_at, a.value, a.limit_value as limit_then, a.pending_value, a.entries,
       a.acked_occurrence, a.acked_at, a.reset_occurrence, a.shelf, a.shelf_no, a.shelved_until, a.out_of_service
  from alarm_definitions d join sensors s using (sensor_id) join alarms a using (alarm_id)
  left join sensor_limits l on l.sensor_id = d.sensor_id and l.kind = d.kind and l.valid_to is null
 where d.enabled and s.enabled
 order by d.sensor_id, d.alarm_id
"""
_DESK: Final = """
select alarm_id, acked_occurrence, acked_at, reset_occurrence, shelf, shelf_no, shelved_until, out_of_service
  from alarms where alarm_id = any($1) order by alarm_id
"""
_POSITIONS: Final = """
select p.sensor_id, p.ts, r.value, r.quality from alarm_positions p
  left join sensor_readings r on r.sensor_id = p.sensor_id and r.ts = p.ts
 where p.sensor_id = any($1) order by p.sensor_id
"""
_BEGIN_POSITIONS: Final = """
insert into alarm_positions (sensor_id, ts)
select t.sensor_id, coalesce(l.ts - interval '1 microsecond', $2::timestamptz)
  from unnest($1::int[]) t(sensor_id) left join sensor_latest l using (sensor_id)
on conflict (sensor_id) do nothing
"""
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
_RETIRE: Final = """
with over as (
       select a.alarm_id, a.isa_state, d.kind, d.priority, a.occurrence, s.sensor_id, s.tag, s.area
         from alarms a join alarm_definitions d using (alarm_id) join sensors s using (sensor_id)
        where not (d.enabled and s.enabled) and a.cond <> 'N' order by a.alarm_id for update of a),
     retired as (update alarms a set cond = 'N', since = now() from over where a.alarm_id = over.alarm_id
                 returning a.alarm_id, a.isa_state, over.isa_state as before, over.kind, over.priority,
                           over.occurrence, over.sensor_id, over.tag, over.area, alarm_regions(a) as regions)
insert into alarm_events (alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, reason, priority,
                          occurrence, isa_from, isa_to, regions)
select alarm_id, sensor_id, tag, area, kind, 'RTN', now(), now(), 'disabled', priority, occurrence, before, isa_state,
       regions
  from retired
returning alarm_id
"""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """All enabled alarms of enabled tags and their stored state."""

    definitions: Definitions
    state: State


async def load(connection: Connection, now: int) -> Loaded:
    """Definitions, limits in force, state and positions.

    A tag that is new to the evaluation begins with its newest reading, or at a minute before `now` (ns) when it has
    none: what is older is history, not alarms.
    """
    rows = await connection.fetch(_DEFINITIONS)
    definitions = _definitions(rows)
    state = _state(definitions, rows)
    tags = definitions.sensor_id.tolist()
    await connection.execute(_BEGIN_POSITIONS, tags, to_datetime(now - MINUTE))
    positions = await connection.fetch(_POSITIONS, tags)
    state.last_t[:] = _ns(row["ts"] for row in positions)
    state.last_v[:] = [np.nan if row["value"] is None else row["value"] for row in positions]
    # Without a stored reading nothing is known: BAD until the next one.
    state.last_q[:] = [BAD if row["value"] is None else _class(row["quality"]) for row in positions]
    return Loaded(definitions, state)


async def retire_disabled(connection: Connection) -> list[int]:
    """Return to normal, in the journal, what is active but not evaluated any more; gives the alarm ids."""
    return [row["alarm_id"] for row in await connection.fetch(_RETIRE)]


async def desk_of(connection: Connection, alarm_ids: Sequence[int], *, lock: bool = False) -> list[asyncpg.Record]:
    """The operators' columns of some alarms by rising id, locked against operators until commit when asked."""
    return await connection.fetch(_DESK + (" for update" if lock else ""), alarm_ids)


def update_desk(definitions: Definitions, state: State, found: Sequence[asyncpg.Record]) -> State | None:
    """`state` with the operators' columns of `found`; None when it has them already."""
    rows = rows_of(definitions, [record["alarm_id"] for record in found])
    known = rows >= 0
    fresh = _desk([record for record, k in zip(found, known.tolist(), strict=True) if k])
    rows = rows[known]
    names = Desk.__dataclass_fields__
    if all(np.array_equal(getattr(state.desk, name)[rows], getattr(fresh, name)) for name in names):
        return None
    state = state.copy()
    for name in names:
        getattr(state.desk, name)[rows] = getattr(fresh, name)
    return state


def rows_of(definitions: Definitions, alarm_ids: Sequence[int]) -> IndexArray:
    """int64 index of each alarm in the definitions, -1 for those not evaluated."""
    order = np.argsort(definitions.alarm_id)
    if not len(order):
        return np.full(len(alarm_ids), -1, np.int64)
    place = np.minimum(np.searchsorted(definitions.alarm_id, alarm_ids, sorter=order), len(order) - 1)
    rows = order[place]
    return np.where(definitions.alarm_id[rows] == alarm_ids, rows, -1)


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


async def save_positions(connection: Connection, definitions: Definitions, state: State) -> None:
    """Write up to which reading each tag is evaluated."""
    seen = state.last_t != UNSEEN
    await connection.execute(_SAVE_POSITIONS, definitions.sensor_id[seen].tolist(), moments(state.last_t[seen]))


def moments(times: NsArray) -> list[datetime | None]:
    """Datetimes of ns; None for what has not happened."""
    return [None if t == UNSEEN else to_datetime(t) for t in times.tolist()]


def _ns(values: Iterable[datetime | None]) -> NsArray:
    return np.array([UNSEEN if value is None else to_ns(value) for value in values], np.int64)


def _class(code: int) -> int:
    return GOOD if code >= quality.GOOD else UNCERTAIN if code >= quality.UNCERTAIN else BAD


def _definitions(rows: Sequence[asyncpg.Record]) -> Definitions:
    def column(name: str) -> list[Any]:
        return [row[name] for row in rows]

    names = sorted({name for name in column("group_name") if name})
    return Definitions.of(
        alarm_id=np.array(column("alarm_id"), np.int32),
        sensor_id=np.array(column("sensor_id"), np.int32),
        kind=column("kind"),
        limit=np.array(column("limit_value"), np.float64),
        dead_band=np.array(column("dead_band"), np.float64),
        on_delay_s=np.array(column("on_delay_s"), np.float64),
        off_delay_s=np.array(column("off_delay_s"), np.float64),
        realarm_s=np.array([np.nan if v is None else v for v in column("realarm_s")], np.float64),
        count=np.array(column("count"), np.uint8),
        priority=np.array(column("priority"), np.uint8),
        latching=np.array(column("latching"), np.bool_),
        group=np.array([names.index(v) if v else -1 for v in column("group_name")], np.int32),
        reference_id=np.array([-1 if v is None else v for v in column("reference_sensor_id")], np.int32),
        stale_after_s={r["sensor_id"]: STALE_INTERVALS * r["interval_s"] for r in rows if r["interval_s"] is not None},
    )


def _state(definitions: Definitions, rows: Sequence[asyncpg.Record]) -> State:
    """State of `rows`, which come in the order of the definitions."""
    state = State.initial(definitions)
    if not rows:
        return state
    state.cond[:] = [CONDITIONS.index(row["cond"]) for row in rows]
    state.quality[:] = [QUALITIES.index(row["quality"]) for row in rows]
    for name, source in (("since", "since"), ("changed", "changed_at"), ("active_since", "active_since"),
                         ("detected", "detected_at")):  # fmt: skip
        getattr(state, name)[:] = _ns(row[source] for row in rows)
    for name, source in (("occurrence", "occurrence"), ("latched", "latched_occurrence"),
                         ("released", "released_shelf"),
                         ("suppressed", "suppressed"), ("first_out", "first_out")):  # fmt: skip
        getattr(state, name)[:] = [row[source] for row in rows]
    for name, source in (("value", "value"), ("limit", "limit_then"), ("pending", "pending_value")):
        getattr(state, name)[:] = [np.nan if row[source] is None else row[source] for row in rows]
    for place, row in enumerate(rows):
        newest = row["entries"][: state.entries.shape[1]]
        state.entries[place, : len(newest)] = _ns(newest)
    state.desk = _desk(rows)
    return state


def _desk(rows: Sequence[asyncpg.Record]) -> Desk:
    def integers(name: str) -> Any:
        return np.array([row[name] for row in rows], np.int32)

    return Desk(
        acked=integers("acked_occurrence"),
        acked_at=_ns(row["acked_at"] for row in rows),
        reset=integers("reset_occurrence"),
        shelf=np.array([SHELVES.index(row["shelf"]) for row in rows], np.uint8),
        shelf_no=integers("shelf_no"),
        until=_ns(row["shelved_until"] for row in rows),
        out_of_service=np.array([row["out_of_service"] for row in rows], np.bool_),
    )
