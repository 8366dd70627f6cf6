"""The master alarm table in the database: records as they stand, their changes, the history of one, the matrix."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from ksys_core.domain.alarms.definition import LIMIT_KINDS
from ksys_core.domain.alarms.master import TEXT_PARTS, MasterRecord
from ksys_core.domain.alarms.master_check import TagScale
from ksys_core.domain.alarms.matrix import PriorityMatrix, matrix_of
from ksys_core.domain.times import to_ns
from ksys_core.store.alarms_consistency import refuse_contradictions
from ksys_core.store.pool import Database

_FROM_TEXTS: Final = ", ".join(
    f"coalesce(d.{part} ->> '{language}', '') as {part}_{language}" for part in TEXT_PARTS for language in ("en", "ko")
)
_LOAD: Final = f"""
select d.alarm_id, d.version, d.sensor_id, d.priority, d.changed_by, d.updated_at, s.area, s.unit, s.description,
       s.decimals,
       s.tag, d.kind, d.label, case when d.kind in ('HH', 'H', 'L', 'LL') then l.value else d.setting end as limit,
       coalesce(r.tag, '') as reference_tag, d.dead_band, d.dead_band_unit, d.on_delay_s, d.off_delay_s, d.count,
       coalesce(d.severity, '') as severity, d.response_s, d.class as alarm_class, d.latching, d.realarm_s,
       d.group_name as "group", d.suppression, d.shelvable, d.max_shelve_s, {_FROM_TEXTS}, d.test_interval_days,
       d.owner,
       d.basis, coalesce(d.moc_id, '') as moc_id, d.review_date, d.rationalised, d.enabled
  from alarm_definitions d join sensors s using (sensor_id)
  left join sensors r on r.sensor_id = d.reference_sensor_id
  left join sensor_limits l on l.sensor_id = d.sensor_id and l.kind = d.kind and l.valid_to is null
 order by s.area, s.tag, array_position(array['HH', 'H', 'L', 'LL'], d.kind), d.kind, d.label
"""  # noqa: S608 - names of this module's own constants
_TAGS: Final = """
select s.tag, s.sensor_id, s.unit, s.span_high - s.span_low as span, coalesce(l.limits, '{}') as limits
  from sensors s
  left join (select sensor_id, jsonb_object_agg(kind, value) as limits
               from sensor_limits where valid_to is null group by sensor_id) l using (sensor_id)
"""
_APPLY: Final = "select alarm_master_apply($1::jsonb, $2, $3, $4)"
_LIMITS: Final = "select alarm_master_limits($1::jsonb, $2, $3, $4)"
_LONG: Final = "set local statement_timeout = '10min'"
"""Thousands of changes in one statement may take; who waits can cancel."""
_AT_ONCE: Final = 1000
"""Records of a statement: between two of them who waits is told how far it has come."""
_RECORDS_SHARE: Final = 0.7
_LIMITS_SHARE: Final = 0.95
_HISTORY: Final = "select * from alarm_history($1)"
_UNAUTHORISED: Final = "select disabled + changed from alarm_unauthorised_changes(now() - interval '30 days', now())"
_COLUMN_OF: Final[Mapping[str, str]] = {"alarm_class": "class", "group": "group_name"}
_RECORD_FIELDS: Final = tuple(f.name for f in fields(MasterRecord))


@dataclass(frozen=True, slots=True)
class MasterAlarm:
    """A stored record with what stands around it: `changed_by` whom and `changed_at` (ns) when the last change came."""

    alarm_id: int
    version: int
    sensor_id: int
    priority: int
    changed_by: str
    changed_at: int
    area: str
    unit: str
    description: Mapping[str, str]
    decimals: int
    record: MasterRecord


@dataclass(frozen=True, slots=True)
class MasterChange:
    """What a record shall become; `stored` None: a new alarm."""

    stored: MasterAlarm | None
    becomes: MasterRecord


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change: `at` in ns, the values of the fields that changed (columns of the database) before and after."""

    at: int
    actor: str
    station: str
    reason: str
    moc: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


async def load_master(db: Database) -> list[MasterAlarm]:
    """Every alarm, by area and tag. Thousands of records are made beside the event loop."""
    rows = await db.fetch(_LOAD)
    return await asyncio.to_thread(lambda: [_alarm(row) for row in rows])


async def tag_scales(db: Database) -> dict[str, TagScale]:
    """Every tag by its name."""
    return {
        row["tag"]: TagScale(row["sensor_id"], row["unit"], row["span"], json.loads(row["limits"]))
        for row in await db.fetch(_TAGS)
    }


async def apply_changes(
    db: Database,
    changes: Sequence[MasterChange],
    tags: Mapping[str, TagScale],
    *,
    station: str,
    reason: str,
    moc: str,
    progress: Callable[[float], None],
) -> list[int]:
    """Store all of `changes` or none, and give the alarm ids; `progress` gets the share done, 0 to 1.

    Raises:
        KnownError: another person was first (it names who), or limits and dead bands contradict each other.
    """
    # By rising id, as everyone locks alarms, so that nobody waits for another who waits.
    ordered = sorted(changes, key=lambda c: (c.stored is None, 0 if c.stored is None else c.stored.alarm_id))
    given = await asyncio.to_thread(lambda: [_change(change, tags) for change in ordered])
    ids: list[int] = []
    async with db.transaction() as connection:
        await connection.execute(_LONG)
        for start in range(0, len(given), _AT_ONCE):
            part = json.dumps(given[start : start + _AT_ONCE])
            ids += await connection.fetchval(_APPLY, part, station, reason, moc)
            progress(_RECORDS_SHARE * len(ids) / len(given))
        limited = json.dumps([change for change in given if "limit" in change])
        await connection.execute(_LIMITS, limited, station, reason, moc)
        progress(_LIMITS_SHARE)
        await refuse_contradictions(connection, sorted({tags[c.becomes.tag].sensor_id for c in changes}))
    progress(1.0)
    return ids


async def history(db: Database, alarm_id: int) -> list[HistoryEntry]:
    """Changes of an alarm's record and of its limit, newest first."""
    return [
        HistoryEntry(
            to_ns(row["ts"]), row["actor"], row["station"], row["reason"], row["moc"] or "",
            json.loads(row["before"]), json.loads(row["after"]),
        )
        for row in await db.fetch(_HISTORY, alarm_id)
    ]  # fmt: skip


async def unauthorised_changes(db: Database) -> int:
    """Changes of the last 30 days without a number of change management."""
    return int(await db.fetchval(_UNAUTHORISED))


async def load_matrix(db: Database) -> PriorityMatrix:
    """The matrix in force."""
    return matrix_of(json.loads(await db.fetchval("select alarm_matrix()")))


async def set_matrix(db: Database, matrix: PriorityMatrix, *, station: str, reason: str, moc: str) -> int:
    """Put another matrix in force; the number of alarms whose priority has changed with it."""
    given = json.dumps(matrix.to_json())
    return int(await db.fetchval("select alarm_set_matrix($1::jsonb, $2, $3, $4)", given, station, reason, moc))


def _alarm(row: Any) -> MasterAlarm:
    record = MasterRecord(**{name: row[name] for name in _RECORD_FIELDS})
    return MasterAlarm(
        row["alarm_id"],
        row["version"],
        row["sensor_id"],
        row["priority"],
        row["changed_by"],
        to_ns(row["updated_at"]),
        row["area"],
        row["unit"],
        json.loads(row["description"]),
        row["decimals"],
        record,
    )


def _change(change: MasterChange, tags: Mapping[str, TagScale]) -> dict[str, Any]:
    """The object that `alarm_master_apply` takes: what differs, or all of a new record."""
    new, stored = change.becomes, change.stored
    was = stored.record if stored else None
    named = {"sensor_id": tags[new.tag].sensor_id, "tag": new.tag, "kind": new.kind, "label": new.label}
    given: dict[str, Any] = {"alarm_id": stored.alarm_id, "version": stored.version, **named} if stored else dict(named)
    for name in _RECORD_FIELDS[3:]:
        value = getattr(new, name)
        if was is None or value != getattr(was, name):
            given |= _column(name, value, new, tags)
    if "limit" in given:
        given["limit_was"] = was.limit if was else tags[new.tag].limits.get(new.kind)
        if was is None and new.limit is None:
            del given["limit"], given["limit_was"]
    return given


def _column(name: str, value: Any, record: MasterRecord, tags: Mapping[str, TagScale]) -> dict[str, Any]:
    part, _, _language = name.rpartition("_")
    if part in TEXT_PARTS:
        return {part: {"en": getattr(record, f"{part}_en"), "ko": getattr(record, f"{part}_ko")}}
    if name == "limit":
        return {"limit" if record.kind in LIMIT_KINDS else "setting": value}
    if name == "reference_tag":
        return {"reference_sensor_id": tags[value].sensor_id if value else None}
    if name in ("severity", "moc_id"):
        return {name: value or None}
    if name == "review_date":
        return {name: value and value.isoformat()}
    return {_COLUMN_OF.get(name, name): value}
