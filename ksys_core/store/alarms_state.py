"""Definitions and state of all alarms between the database's rows and the engine's columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import asyncpg
import numpy as np

from ksys_core.domain import quality
from ksys_core.domain.alarms.columns import UNSEEN, Definitions, IndexArray, NsArray
from ksys_core.domain.alarms.state import (
    BAD,
    CONDITIONS,
    GOOD,
    QUALITIES,
    RETURNS,
    SHELVES,
    UNCERTAIN,
    Desk,
    State,
)
from ksys_core.domain.times import SECOND, to_datetime, to_ns
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
       a.suppressed_reason, a.acked_occurrence, a.acked_at, a.reset_occurrence, a.shelf, a.shelf_no, a.shelved_until,
       a.out_of_service
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
    """

    definitions: Definitions
    state: State
    followed: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)


async def load(connection: Connection, now: int, followed: Collection[str] = ()) -> Loaded:
    """Definitions, limits in force, state and positions; the tags `followed` are read although they may have no alarm.

    A tag that is new to the evaluation begins with its newest reading, or a second before `now` (ns) when it has none:
    what is older is history, not alarms, and a source that starts together with the evaluation is not lost.
    """
    rows = await connection.fetch(_DEFINITIONS)
    extra = await connection.fetch(_FOLLOWED, list(followed))
    definitions = _definitions(rows, extra)
    state = _state(definitions, rows)
    tags = definitions.sensor_id.tolist()
    await connection.execute(_BEGIN_POSITIONS, tags, to_datetime(now - SECOND))
    positions = await connection.fetch(_POSITIONS, tags)
    state.last_t[:] = _ns(row["ts"] for row in positions)
    state.last_v[:] = [np.nan if row["value"] is None else row["value"] for row in positions]
    # Without a stored reading nothing is known: BAD until the next one.
    state.last_q[:] = [BAD if row["value"] is None else _class(row["quality"]) for row in positions]
    returns = [to_ns(row["detected_ts"]) for row in await connection.fetch(_RETURNS, RETURNS)]
    state.returns[: len(returns)] = returns[::-1]
    state.wanted[:] = state.suppressed  # until the rules have been judged
    reasons = {row["alarm_id"]: row["suppressed_reason"] for row in rows if row["suppressed_reason"]}
    return Loaded(definitions, state, {row["tag"]: row["sensor_id"] for row in extra}, reasons)


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
    order = np.argsort(definitions.alarm_id, kind="stable")  # nearly in order as a rule
    if not len(order):
        return np.full(len(alarm_ids), -1, np.int64)
    place = np.minimum(np.searchsorted(definitions.alarm_id, alarm_ids, sorter=order), len(order) - 1)
    rows = order[place]
    return np.where(definitions.alarm_id[rows] == alarm_ids, rows, -1)


def _ns(values: Iterable[datetime | None]) -> NsArray:
    return np.array([UNSEEN if value is None else to_ns(value) for value in values], np.int64)


def _class(code: int) -> int:
    return GOOD if code >= quality.GOOD else UNCERTAIN if code >= quality.UNCERTAIN else BAD


def _definitions(rows: Sequence[asyncpg.Record], followed: Sequence[asyncpg.Record]) -> Definitions:
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
        stale_after_s={
            r["sensor_id"]: STALE_INTERVALS * r["interval_s"] for r in (*rows, *followed) if r["interval_s"] is not None
        },
        followed=[row["sensor_id"] for row in followed],
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
        if newest := row["entries"][: state.entries.shape[1]]:
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
