"""Readings: storing batches, a tag's raw series, and the newest value of every tag."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import asyncpg
import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import QualityArray
from ksys_core.domain.readings import ReadingBatch, SensorIdArray
from ksys_core.domain.series import Series, TimeArray, ValueArray
from ksys_core.domain.times import to_datetime
from ksys_core.store import partitions
from ksys_core.store.batches import Rows, late_ranges, newest, prepare
from ksys_core.store.columns import encode, to_unix_ns
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database

_COLUMNS: Final = ("sensor_id", "ts", "value", "quality")
_LAYOUT: Final = [("sensor_id", ">i4"), ("ts", ">i8"), ("value", ">f8"), ("quality", ">i2")]
_CHUNK: Final = 1 << 19
_LONG: Final = 5000


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What a batch did: rows that are new, rows that replaced another value, rows that were there already."""

    inserted: int
    corrected: int
    unchanged: int


@dataclass(frozen=True, slots=True, eq=False)
class LatestTable:
    """The newest reading of each tag that has one, by rising sensor_id.

    Attributes:
        sensor_id: int32. t: int64 ns UTC. v: float64 (NaN: no value). quality: uint8. received_at: int64 ns UTC.
    """

    sensor_id: SensorIdArray
    t: TimeArray
    v: ValueArray
    quality: QualityArray
    received_at: TimeArray


async def ingest(db: Database, batch: ReadingBatch) -> IngestResult:
    """Store a batch, at once or not at all; the same batch again changes nothing, another value corrects.

    Of several readings of one tag and microsecond the last in the batch counts. In the same transaction: the newest
    values, the note for the roll-ups about late readings, and the message "readings" with the tags' ids.
    Raises `KnownError` when a sensor_id is unknown.
    """
    rows = prepare(batch)
    if not len(rows):
        return IngestResult(0, 0, 0)
    stream = encode(_LAYOUT, dict(zip(_COLUMNS, (rows.sensor_id, rows.ts, rows.value, rows.quality), strict=True)))
    async with db.connection() as connection:
        if db.capabilities.timescale is None:
            await partitions.ensure_weeks(connection, rows.ts)
        if not await _known(connection, rows):
            with contextlib.suppress(asyncpg.UniqueViolationError):
                return await _append(connection, rows, stream)
        return await _merge(connection, rows, stream)


async def _known(connection: Connection, rows: Rows) -> bool:
    """Whether a long batch seems to be stored already: its first row is."""
    if len(rows) < _LONG:
        return False
    first = to_datetime(int(to_unix_ns(rows.ts[:1])[0]))
    return bool(await connection.fetchval(_EXISTS, int(rows.sensor_id[0]), first))


async def _append(connection: Connection, rows: Rows, stream: bytes) -> IngestResult:
    """The usual way: straight into the table; fails as a whole when one of the rows is there already."""
    async with connection.transaction():
        late_before = await connection.fetchval("select ksys_ingest_begin()")
        await _copy(connection, "sensor_readings", stream)
        await _finish(connection, rows, late_before)
    return IngestResult(len(rows), 0, 0)


async def _merge(connection: Connection, rows: Rows, stream: bytes) -> IngestResult:
    """The careful way: by a temporary table, changing only what differs."""
    async with connection.transaction():
        late_before = await connection.fetchval("select ksys_ingest_begin()")
        await connection.execute(_INCOMING)
        await _copy(connection, "ksys_incoming", stream)
        edges = [to_datetime(ns) for ns in to_unix_ns(np.array([rows.ts.min(), rows.ts.max()])).tolist()]
        known, same = await connection.fetchrow(_COMPARE, *edges) or (0, 0)
        if same < len(rows):
            await connection.execute(_UPSERT)
            await _finish(connection, rows, late_before)
    return IngestResult(len(rows) - known, known - same, same)


async def _copy(connection: Connection, table: str, stream: bytes) -> None:
    await connection.copy_to_table(table, source=_chunks(stream), columns=_COLUMNS, format="binary")


async def _chunks(stream: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(stream), _CHUNK):
        yield stream[start : start + _CHUNK]


async def _finish(connection: Connection, rows: Rows, late_before: int) -> None:
    last = newest(rows)
    late = late_ranges(rows, late_before)
    await connection.execute(
        "select ksys_ingest_finish($1, $2, $3, $4, $5, $6, $7)",
        *(column.tolist() for column in (*last.columns(), *late)),
    )


_EXISTS = "select exists (select from sensor_readings where sensor_id = $1 and ts = $2)"
_INCOMING = "create temporary table ksys_incoming (like sensor_readings) on commit drop"
_COMPARE = """
select count(*), count(*) filter (where (r.value, r.quality) is not distinct from (i.value, i.quality))
from ksys_incoming i join sensor_readings r on r.sensor_id = i.sensor_id and r.ts = i.ts
where r.ts between $1 and $2
"""
_UPSERT = """
insert into sensor_readings as r (sensor_id, ts, value, quality)
select sensor_id, ts, value, quality from ksys_incoming
on conflict (sensor_id, ts) do update set value = excluded.value, quality = excluded.quality
where (r.value, r.quality) is distinct from (excluded.value, excluded.quality)
"""

_RAW = """
select ts, value, quality from sensor_readings
where sensor_id = $1::int and ts >= $2::timestamptz and ts < $3::timestamptz order by ts
"""
_BEFORE = """
select ts, value, quality from sensor_readings
where sensor_id = $1::int and ts < $2::timestamptz order by ts desc limit 1
"""
_LATEST = "select sensor_id, ts, value, quality, received_at from sensor_latest order by sensor_id"


async def raw(db: Database, sensor_id: int, start_ns: int, stop_ns: int) -> Series:
    """All readings of a tag with ``start_ns <= t < stop_ns``."""
    return await _series(db, _RAW, sensor_id, to_datetime(start_ns), to_datetime(stop_ns))


async def last_before(db: Database, sensor_id: int, t_ns: int) -> Series:
    """The last reading of a tag before `t_ns`; empty when there is none."""
    return await _series(db, _BEFORE, sensor_id, to_datetime(t_ns))


async def _series(db: Database, query: str, *arguments: object) -> Series:
    rows = await db.fetch_columns(query, *arguments, dtype=_LAYOUT[1:])
    return Series(to_unix_ns(rows["ts"]), _native(rows["value"]), rows["quality"].astype(np.uint8))


async def latest(db: Database) -> LatestTable:
    """The newest reading of every tag."""
    rows = await db.fetch_columns(_LATEST, dtype=[*_LAYOUT, ("received_at", ">i8")])
    return LatestTable(
        rows["sensor_id"].astype(np.int32),
        to_unix_ns(rows["ts"]),
        _native(rows["value"]),
        rows["quality"].astype(np.uint8),
        to_unix_ns(rows["received_at"]),
    )


def _native(values: npt.NDArray[np.float64]) -> ValueArray:
    return values.astype(np.float64)
