"""Units whose tags are judged together, and their detectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True)
class Group:
    """A unit: its tags now, and how its detector stands.

    Attributes:
        interval_s: its grid; None: found from the data.
        trained_ns: None: it has no detector. `learned_ns`: begin of the history it was trained on.
        tried_ns: the newest training, also one that failed.
        error: why the newest training or run failed, English.
        seen_ns: end of the newest sample that was judged.
    """

    group_id: int
    name: str
    sensor_ids: tuple[int, ...]
    interval_s: int | None
    enabled: bool
    trained_ns: int | None
    learned_ns: int | None
    tried_ns: int | None
    error: str
    seen_ns: int | None


@dataclass(frozen=True, slots=True)
class Watch:
    """A trained detector of an enabled unit; `artefact` empty where it is known; `stream` None: it begins anew."""

    group_id: int
    artefact: str
    sha256: str
    stream: str | None
    seen_ns: int | None


# The first part of an area's path is the unit.
_ADD_AREAS: Final = """
insert into anomaly_groups (name, area)
select distinct split_part(area, '/', 1), split_part(area, '/', 1) from sensors
where split_part(area, '/', 1) <> '' and enabled
on conflict (name) do nothing
"""
# Formulas follow from other tags and are no witnesses of their own.
_GROUPS: Final = """
select g.group_id, g.name, g.interval_s, g.enabled, d.trained_at, d.learned_from, d.tried_at,
       coalesce(d.error, '') as error, d.seen_to,
       coalesce((select array_agg(s.sensor_id order by s.sensor_id) from sensors s
                 where s.enabled and s.origin <> 'virtual'
                   and (s.sensor_id = any (g.sensor_ids) or s.area = g.area or starts_with(s.area, g.area || '/'))),
                '{}') as sensor_ids
from anomaly_groups g left join anomaly_detectors d using (group_id)
order by g.name
"""
_WATCHES: Final = """
select d.group_id, case when d.artefact_sha256 = any ($1::text[]) then '' else d.artefact end as artefact,
       d.artefact_sha256, d.stream, d.seen_to
from anomaly_detectors d join anomaly_groups g using (group_id)
where g.enabled and d.artefact is not null order by d.group_id
"""
_TRAINED: Final = """
insert into anomaly_detectors as d (group_id, artefact, artefact_sha256, trained_at, tried_at, learned_from)
values ($1, $2, $3, $4, $4, $5)
on conflict (group_id) do update set artefact = excluded.artefact, artefact_sha256 = excluded.artefact_sha256,
  trained_at = excluded.trained_at, tried_at = excluded.tried_at,
  learned_from = excluded.learned_from, error = '', stream = null
"""
_FAILED: Final = """
insert into anomaly_detectors as d (group_id, tried_at, error) values ($1, $2, $3)
on conflict (group_id) do update set tried_at = excluded.tried_at, error = excluded.error
"""
_TIMES: Final = {
    "trained_at": "trained_ns",
    "learned_from": "learned_ns",
    "tried_at": "tried_ns",
    "seen_to": "seen_ns",
}
_MAINTAINED: Final = """
select distinct d.sensor_id from alarms a join alarm_definitions d using (alarm_id) where a.out_of_service
"""


async def add_areas(db: Database) -> None:
    """A group for every unit of the plant's hierarchy that has none."""
    await db.execute(_ADD_AREAS)


async def groups(db: Database) -> list[Group]:
    """All groups, by name."""
    found = []
    for row in await db.fetch(_GROUPS):
        values: dict[str, Any] = {**row, "sensor_ids": tuple(row["sensor_ids"])}
        for old, new in _TIMES.items():
            moment = values.pop(old)
            values[new] = None if moment is None else to_ns(moment)
        found.append(Group(**values))
    return found


async def set_group(
    db: Database,
    name: str,
    *,
    area: str | None,
    sensor_ids: Sequence[int],
    interval_s: int | None,
    enabled: bool,
    station: str = "",
) -> int:
    """Add a group or change it; its number."""
    query = "select set_anomaly_group($1, $2, $3, $4, $5, $6)"
    number: int = await db.fetchval(query, name, area, list(sensor_ids), interval_s, enabled, station)
    return number


async def watches(db: Database, known: Sequence[str]) -> list[Watch]:
    """Every trained detector; those of the fingerprints `known` without their text."""
    return [
        Watch(
            row["group_id"],
            row["artefact"],
            row["artefact_sha256"],
            row["stream"],
            None if row["seen_to"] is None else to_ns(row["seen_to"]),
        )
        for row in await db.fetch(_WATCHES, list(known))
    ]


async def keep_detector(
    db: Database, group_id: int, artefact: str, sha256: str, *, now_ns: int, learned_ns: int
) -> None:
    """A detector takes the place of the one before and begins anew; its history began at `learned_ns`."""
    await db.execute(_TRAINED, group_id, artefact, sha256, to_datetime(now_ns), to_datetime(learned_ns))


async def note_failure(db: Database, group_id: int, error: str, now_ns: int) -> None:
    """A training failed; the detector there was goes on."""
    await db.execute(_FAILED, group_id, to_datetime(now_ns), error)


async def maintained(db: Database) -> set[int]:
    """Sensors with an alarm that is out of service for maintenance."""
    return {row["sensor_id"] for row in await db.fetch(_MAINTAINED)}
