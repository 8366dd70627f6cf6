"""Tags and their limits in the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

import asyncpg

from ksys_core.domain.tags import Interpolation, LimitKind, Origin, Sensor
from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store.alarms_consistency import refuse_contradictions
from ksys_core.store.pool import Database

Limits = dict[LimitKind, float]


@dataclass(frozen=True, slots=True)
class NewSensor:
    """A tag to be created or changed: `Sensor` without its number."""

    tag: str
    unit: str = ""
    area: str = ""
    role: str = ""
    origin: Origin = "field"
    description: Mapping[str, str] = field(default_factory=dict)
    span_low: float | None = None
    span_high: float | None = None
    normal_low: float | None = None
    normal_high: float | None = None
    decimals: int = 2
    interval_s: float | None = None
    interpolation: Interpolation = "linear"
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class LimitSpan:
    """A limit while it was in force: ``start_ns <= t < stop_ns``; `stop_ns` None: it still is."""

    sensor_id: int
    kind: LimitKind
    value: float
    start_ns: int
    stop_ns: int | None


_COLUMNS = ", ".join(column.name for column in fields(Sensor))
_ALL = f"select {_COLUMNS} from sensors order by area, tag"  # noqa: S608 - names of this module's own dataclass
_IN_FORCE = "select sensor_id, kind, value from sensor_limits where valid_to is null"
_BETWEEN = """
select sensor_id, kind, value, valid_from, valid_to from sensor_limits
where sensor_id = any($1::int[]) and valid_from < $3 and (valid_to is null or valid_to > $2)
order by sensor_id, kind, valid_from
"""


async def all_sensors(db: Database) -> list[Sensor]:
    """Every tag, by area and name."""
    rows = await db.fetch(_ALL)
    return [Sensor(**{**row, "description": json.loads(row["description"])}) for row in rows]


async def upsert_sensors(
    db: Database, sensors: Sequence[NewSensor], *, overwrite: bool = True, station: str = ""
) -> dict[str, int]:
    """Create the tags that are missing and return the number of each of `sensors`.

    Existing ones take the given values when `overwrite`; creations and changes go to the audit log.
    Raises `KnownError` when a tag's values contradict each other (span low above high, …).
    """
    given = json.dumps([asdict(sensor) for sensor in {s.tag: s for s in sensors}.values()])
    try:
        rows = await db.fetch(
            "select tag, sensor_id from ksys_upsert_sensors($1::jsonb, $2, $3)", given, overwrite, station
        )
    except (asyncpg.CheckViolationError, asyncpg.NumericValueOutOfRangeError) as error:
        raise KnownError(
            "sensors.invalid",
            N_("A tag was not accepted: {reason} ({detail})"),
            reason=str(error),
            detail=error.as_dict().get("detail", ""),
        ) from error
    return {row["tag"]: row["sensor_id"] for row in rows}


async def limits_in_force(db: Database) -> dict[int, Limits]:
    """The limits of each tag that has any, by sensor_id."""
    found: dict[int, Limits] = {}
    for sensor_id, kind, value in await db.fetch(_IN_FORCE):
        found.setdefault(sensor_id, {})[kind] = value
    return found


async def limits_between(db: Database, sensor_ids: Iterable[int], start_ns: int, stop_ns: int) -> list[LimitSpan]:
    """Every limit of these tags that was in force at some time in ``[start_ns, stop_ns)``."""
    rows = await db.fetch(_BETWEEN, list(sensor_ids), to_datetime(start_ns), to_datetime(stop_ns))
    return [LimitSpan(row[0], row[1], row[2], to_ns(row[3]), None if row[4] is None else to_ns(row[4])) for row in rows]


async def set_limits(
    db: Database,
    sensor_id: int,
    limits: Mapping[LimitKind, float | None],
    *,
    reason: str = "",
    moc_id: str | None = None,
    station: str = "",
) -> bool:
    """Change limits of a tag from now on; None clears one, kinds that are not named stay. False: nothing changed.

    The old values stay in the history, before and after go to the audit log under the person's login. Raises
    `KnownError` "limits.order" unless LL < L < H < HH, "alarm.contradiction" when the dead bands of the tag's alarms
    leave no room between them.
    """
    async with db.transaction() as connection:
        changed = await connection.fetchval(
            "select ksys_set_limits($1, $2, $3, $4, $5, $6)",
            sensor_id, list(limits), list(limits.values()), reason, moc_id, station,
        )  # fmt: skip
        if changed:
            await refuse_contradictions(connection, [sensor_id])
    return bool(changed)
