"""All alarms that are evaluated, with their stored state: read as columns, without a Python object a row."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import numpy as np
import numpy.typing as npt

from ksys_core.domain import quality
from ksys_core.domain.alarms.columns import UNSEEN, Definitions, NsArray, SmallArray
from ksys_core.domain.alarms.definition import KINDS
from ksys_core.domain.alarms.state import (
    BAD,
    CONDITIONS,
    GOOD,
    QUALITIES,
    RETURNS,
    SHELVES,
    UNCERTAIN,
    Desk,
    Spells,
    State,
)
from ksys_core.domain.times import SECOND, to_datetime, to_ns
from ksys_core.store.alarms_state import STALE_INTERVALS, rows_of
from ksys_core.store.columns import copy_columns, to_unix_ns
from ksys_core.store.connection import Connection

_Rows = npt.NDArray[np.void]

# NULL is NaN, -infinity or -1 here.
_ROWS: Final = """
select d.alarm_id, d.sensor_id, array_position($1::text[], d.kind) - 1, coalesce(l.value, d.setting, 'NaN'),
       case d.dead_band_unit when 'span' then coalesce(d.dead_band / 100 * (s.span_high - s.span_low), 0)
                             else d.dead_band end,
       d.on_delay_s, d.off_delay_s, coalesce(d.realarm_s, 'NaN'), d.count, d.priority, d.latching,
       coalesce(g.number, 0)::integer - 1, coalesce(d.reference_sensor_id, -1), coalesce(s.interval_s, 'NaN'),
       array_position($2::text[], a.cond) - 1, array_position($3::text[], a.quality) - 1,
       coalesce(a.since, '-infinity'), coalesce(a.changed_at, '-infinity'), coalesce(a.active_since, '-infinity'),
       coalesce(a.detected_at, '-infinity'), a.occurrence, a.latched_occurrence, a.released_shelf, a.suppressed,
       a.first_out, coalesce(a.value, 'NaN'), coalesce(a.limit_value, 'NaN'), coalesce(a.pending_value, 'NaN'),
       a.acked_occurrence, coalesce(a.acked_at, '-infinity'), a.reset_occurrence,
       array_position($4::text[], a.shelf) - 1, a.shelf_no, coalesce(a.shelved_until, '-infinity'), a.out_of_service
  from alarm_definitions d join sensors s using (sensor_id) join alarms a using (alarm_id)
  left join sensor_limits l on l.sensor_id = d.sensor_id and l.kind = d.kind and l.valid_to is null
  left join unnest($5::text[]) with ordinality g(name, number) on g.name = d.group_name and d.group_name <> ''
 where d.enabled and s.enabled{only}
 order by d.sensor_id, d.alarm_id
"""
_LAYOUT: Final = [
    ("alarm_id", ">i4"), ("sensor_id", ">i4"), ("kind", ">i4"), ("limit_in_force", ">f8"), ("dead_band", ">f8"),
    ("on_delay_s", ">f8"), ("off_delay_s", ">f8"), ("realarm_s", ">f8"), ("count", ">i2"), ("priority", ">i2"),
    ("latching", "?"), ("group", ">i4"), ("reference_id", ">i4"), ("interval_s", ">f8"), ("cond", ">i4"),
    ("quality", ">i4"), ("since", ">i8"), ("changed", ">i8"), ("active_since", ">i8"), ("detected", ">i8"),
    ("occurrence", ">i4"), ("latched", ">i4"), ("released", ">i4"), ("suppressed", "?"), ("first_out", "?"),
    ("value", ">f8"), ("limit", ">f8"), ("pending", ">f8"), ("acked", ">i4"), ("acked_at", ">i8"), ("reset", ">i4"),
    ("shelf", ">i4"), ("shelf_no", ">i4"), ("until", ">i8"), ("out_of_service", "?"),
]  # fmt: skip
_GROUPS: Final = "select distinct group_name from alarm_definitions d where group_name <> ''{only} order by 1"
_SOME: Final = """
select alarm_id, entries, suppressed_reason from alarms a join alarm_definitions d using (alarm_id)
 where (suppressed_reason <> '' or cardinality(entries) > 0){only}
"""
_SPELLS: Final = """
select p.alarm_id, p.active_from, p.active_to from alarm_spells p join alarm_definitions d using (alarm_id)
 where d.enabled{only} order by p.alarm_id, p.active_from
"""
_SPELL: Final = [("alarm_id", ">i4"), ("active_from", ">i8"), ("active_to", ">i8")]
_ANCHORS: Final = """
select a.alarm_id, a.ts, a.value from alarm_anchors a join alarm_definitions d using (alarm_id)
  join alarm_positions p on p.sensor_id = d.sensor_id and p.ts = a.upto
 where d.enabled and d.kind = 'FLAT'{only}
"""
_ANCHOR: Final = [("alarm_id", ">i4"), ("ts", ">i8"), ("value", ">f8")]
_POSITIONS: Final = """
select p.sensor_id, p.ts, coalesce(r.value, 'NaN'), coalesce(r.quality, -1)::smallint from alarm_positions p
  left join sensor_readings r on r.sensor_id = p.sensor_id and r.ts = p.ts
 where p.sensor_id = any($1::int[])
"""
_POSITION: Final = [("sensor_id", ">i4"), ("ts", ">i8"), ("value", ">f8"), ("quality", ">i2")]
_BEGIN_POSITIONS: Final = """
insert into alarm_positions (sensor_id, ts)
select t.sensor_id, coalesce(l.ts - interval '1 microsecond', $2::timestamptz)
  from unnest($1::int[]) t(sensor_id) left join sensor_latest l using (sensor_id)
on conflict (sensor_id) do {already}
"""
_FORGET_POSITIONS: Final = """
delete from alarm_positions p where not exists (select from unnest($1::int[]) evaluated where evaluated = p.sensor_id)
"""
_FOLLOWED: Final = "select tag, sensor_id, interval_s from sensors where tag = any($1::text[]) order by sensor_id"
_RETURNS: Final = """
select detected_ts from alarm_events
 where kind in ('SHLVEND', 'UNSUPR') and isa_to in ('UNACK', 'LUNACK') order by detected_ts desc limit $1
"""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """All enabled alarms of enabled tags and their stored state.

    Attributes:
        followed: sensor ids of tags that are read for rules, by tag.
        reasons: why an alarm is suppressed, as stored, by alarm id.
        groups: number of each group in `Definitions.group`, by name.
    """

    definitions: Definitions
    state: State
    followed: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)


async def load(
    connection: Connection,
    now: int,
    followed: Collection[str] = (),
    *,
    tags: Collection[int] | None = None,
    before: Loaded | None = None,
) -> Loaded:
    """Definitions, limits in force, state and positions; the tags `followed` are read although they may have no alarm.

    A tag that is new to the evaluation begins with its newest reading, or a second before `now` (ns) when it has none:
    what is older is history, not alarms, and a source that starts together with the evaluation is not lost.

    Args:
        tags: only their alarms (sensor ids); None: of all tags.
        before: what is evaluated already: its groups keep their numbers, and its tags' positions are not read.
    """
    only, given = ("", []) if tags is None else (" and d.sensor_id = any(${}::int[])", [list(tags)])
    extra = await connection.fetch(_FOLLOWED, list(followed))
    groups = {} if before is None else dict(before.groups)
    for row in await connection.fetch(_GROUPS.format(only=only.format(1)), *given):
        groups.setdefault(row["group_name"], len(groups))
    names = list(KINDS), list(CONDITIONS), list(QUALITIES), list(SHELVES), list(groups)
    rows = await copy_columns(connection, _ROWS.format(only=only.format(6)), *names, *given, dtype=_LAYOUT)
    some = await connection.fetch(_SOME.format(only=only.format(1)), *given)
    definitions = await asyncio.to_thread(_definitions, rows, {row["sensor_id"]: row["interval_s"] for row in extra})
    state = _state(definitions, rows, some)
    spells = await copy_columns(connection, _SPELLS.format(only=only.format(1)), *given, dtype=_SPELL)
    state.spells = _spells(definitions, spells)
    anchors = await copy_columns(connection, _ANCHORS.format(only=only.format(1)), *given, dtype=_ANCHOR)
    at = rows_of(definitions, anchors["alarm_id"].tolist())
    state.flat_t[at], state.flat_v[at] = _ns(anchors["ts"]), anchors["value"]
    if before is None:
        await connection.execute(_FORGET_POSITIONS, definitions.sensor_id.tolist())
        await _positions(connection, now, definitions, state)
    else:
        await _positions(connection, now, definitions, state, before.definitions.sensor_id)
    if before is None:
        returns = [to_ns(row["detected_ts"]) for row in await connection.fetch(_RETURNS, RETURNS)]
        state.returns[: len(returns)] = returns[::-1]
    reasons = {row["alarm_id"]: row["suppressed_reason"] for row in some if row["suppressed_reason"]}
    return Loaded(definitions, state, {row["tag"]: row["sensor_id"] for row in extra}, reasons, groups)


async def _positions(
    connection: Connection, now: int, definitions: Definitions, state: State, known: npt.NDArray[Any] | None = None
) -> None:
    """The newest reading seen of the tags that are not `known`; where some are, the others were not seen until now."""
    new = np.setdiff1d(definitions.sensor_id, [] if known is None else known).tolist()
    already = "nothing" if known is None else "update set ts = excluded.ts"
    await connection.execute(_BEGIN_POSITIONS.format(already=already), new, to_datetime(now - SECOND))
    found = await copy_columns(connection, _POSITIONS, new, dtype=_POSITION)
    at = np.searchsorted(definitions.sensor_id, found["sensor_id"])
    state.last_t[at] = _ns(found["ts"])
    state.last_v[at] = found["value"]
    state.last_q[at] = _classes(found["quality"])


def _spells(definitions: Definitions, found: _Rows) -> Spells:
    row = rows_of(definitions, found["alarm_id"].tolist())
    there = row >= 0
    return Spells(row, _ns(found["active_from"]), _ns(found["active_to"])).only(there)


def _ns(times: npt.NDArray[Any]) -> NsArray:
    """ns since 1970; `UNSEEN` for -infinity."""
    native = times.astype(np.int64)
    never = native == UNSEEN
    return np.where(never, UNSEEN, to_unix_ns(np.where(never, 0, native)))


def _classes(codes: npt.NDArray[Any]) -> SmallArray:
    """Without a stored reading (-1) nothing is known: BAD until the next one."""
    worse = np.where(codes >= quality.UNCERTAIN, UNCERTAIN, BAD)
    return np.where(codes >= quality.GOOD, GOOD, worse).astype(np.uint8)


def _definitions(rows: _Rows, followed: Mapping[int, float | None]) -> Definitions:
    intervals = dict(zip(rows["sensor_id"].tolist(), rows["interval_s"].tolist(), strict=True))
    intervals |= {sensor_id: interval for sensor_id, interval in followed.items() if interval is not None}
    same = ("alarm_id", "sensor_id", "dead_band", "on_delay_s", "off_delay_s", "realarm_s", "count", "priority",
            "latching", "group", "reference_id")  # fmt: skip
    return Definitions.of(
        kind=[KINDS[code] for code in rows["kind"].tolist()],
        limit=rows["limit_in_force"].astype(np.float64),
        stale_after_s={sensor_id: STALE_INTERVALS * interval for sensor_id, interval in intervals.items()},
        followed=list(followed),
        **{name: np.array(rows[name], rows[name].dtype.newbyteorder("=")) for name in same},
    )


def _state(definitions: Definitions, rows: _Rows, some: Sequence[asyncpg.Record]) -> State:
    """State of `rows`, which come in the order of the definitions; `some` have entries that are counted."""
    state = State.initial(definitions)
    for name in ("cond", "quality", "occurrence", "latched", "released", "suppressed", "first_out", "value", "limit",
                 "pending"):  # fmt: skip
        getattr(state, name)[:] = rows[name]
    for name in ("since", "changed", "active_since", "detected"):
        getattr(state, name)[:] = _ns(rows[name])
    for name in Desk.__dataclass_fields__:
        getattr(state.desk, name)[:] = _ns(rows[name]) if name in ("acked_at", "until") else rows[name]
    state.accounted[:] = state.changed
    state.wanted[:] = state.suppressed  # until the rules have been judged
    counting = [row for row in some if row["entries"]]
    for row, place in zip(counting, rows_of(definitions, [row["alarm_id"] for row in counting]).tolist(), strict=True):
        newest = [to_ns(entry) for entry in row["entries"][: state.entries.shape[1]]]
        if place >= 0:
            state.entries[place, : len(newest)] = newest
    return state
