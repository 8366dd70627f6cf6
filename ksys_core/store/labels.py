"""Events that engineers label, and what alarms and advisories there were for the same tags or areas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import NsArray
from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.pool import Database

_ADD: Final = "select label_events($1::jsonb, $2)"
_REMOVE: Final = "select unlabel_event($1, $2)"
_LISTED: Final = """
select e.event_id, s.tag, e.area, e.ts_from, e.ts_to, e.text, e.created_by
  from labelled_events e left join sensors s using (sensor_id) order by e.ts_from desc, e.event_id desc
"""
_AREA: Final = "({0} = $2 or starts_with({0}, $2 || '/') or $2 = '')"
_ALARMS: Final = f"""
select detected_ts from alarm_events
 where kind = 'ACT' and isa_to not in ('SHLVD', 'DSUPR', 'OOSRV') and detected_ts >= $3 and detected_ts < $4
   and case when $1::text is not null then tag = $1 else {_AREA.format("area")} end
"""  # noqa: S608 - constants
_ADVISORIES: Final = f"""
select opened_at from advisories join sensors s using (sensor_id)
 where opened_at >= $3 and opened_at < $4
   and case when $1::text is not null then s.tag = $1 else {_AREA.format("s.area")} end
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Label:
    """An event of a tag, or of an area (`tag` None; area empty: the whole plant), from `start` to `end` (ns)."""

    tag: str | None
    area: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class StoredLabel:
    """A label with its number and who gave it."""

    event_id: int
    label: Label
    by: str


async def add(db: Database, labels: Sequence[tuple[Label, int | None]], station: str) -> int:
    """Store labels, each with its tag's number (None: of an area); how many are new."""
    given = [
        {
            "sensor_id": sensor_id,
            "area": label.area,
            "ts_from": to_datetime(label.start).isoformat(),
            "ts_to": to_datetime(label.end).isoformat(),
            "text": label.text,
        }
        for label, sensor_id in labels
    ]
    made: int = await db.fetchval(_ADD, json.dumps(given), station)
    return made


async def remove(db: Database, event_id: int, station: str) -> bool:
    """Take a label away; False when it is gone already."""
    gone: bool = await db.fetchval(_REMOVE, event_id, station)
    return gone


async def listed(db: Database) -> list[StoredLabel]:
    """Every label, newest event first."""
    return [
        StoredLabel(
            row["event_id"],
            Label(row["tag"], row["area"], to_ns(row["ts_from"]), to_ns(row["ts_to"]), row["text"]),
            row["created_by"],
        )
        for row in await db.fetch(_LISTED)
    ]


async def alarm_times(db: Database, tag: str | None, area: str, start: int, stop: int) -> NsArray:
    """int64 ns: annunciations of a tag, or of an area and what lies below it."""
    return await _times(db, _ALARMS, tag, area, start, stop)


async def advisory_times(db: Database, tag: str | None, area: str, start: int, stop: int) -> NsArray:
    """int64 ns: when advisories were opened."""
    return await _times(db, _ADVISORIES, tag, area, start, stop)


async def _times(db: Database, query: str, tag: str | None, area: str, start: int, stop: int) -> NsArray:
    rows = await db.fetch(query, tag, area, to_datetime(start), to_datetime(stop))
    return np.array([to_ns(row[0]) for row in rows], np.int64)
