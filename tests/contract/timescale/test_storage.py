"""Chunks, compression and retention lose no reading that is to be kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ksys_core.store.pool import Database
from ksys_core.store.readings import IngestResult
from tests.contract.timescale.database import assert_rolled_up, chunks, kept, refresh, run_policy, store
from tests.contract.timescale.expectations import Reading, key_of_time, readings

AUTUMN = datetime(2025, 10, 5, 12, tzinfo=UTC)


def same(found: list[Reading], expected: list[Reading]) -> bool:
    """Equal also where the value is NaN."""
    return [repr(row) for row in found] == [repr(row) for row in sorted(expected, key=key_of_time)]


async def test_old_chunks_are_compressed_and_read_as_before(database: Database) -> None:
    old = readings([1, 2], AUTUMN, count=400, step=timedelta(minutes=11))
    new = [Reading(1, datetime.now(UTC).replace(microsecond=0), 5.0)]
    await store(database, old + new)
    await run_policy(database, "policy_compression")
    total, compressed = await chunks(database)
    assert compressed == total - 1 == 4
    assert same(await kept(database), old + new)


async def test_compressed_readings_are_corrected_and_joined_by_late_ones(database: Database) -> None:
    rows = readings([1, 2], AUTUMN, count=400, step=timedelta(minutes=11))
    await store(database, rows)
    await refresh(database)
    await run_policy(database, "policy_compression")
    corrected = [replace(row, value=-1.0, quality=216) for row in rows[::40]]
    late = [Reading(1, row.ts + timedelta(seconds=5), 7.0) for row in rows[:400:40]]
    assert await store(database, corrected + late) == IngestResult(len(late), len(corrected), 0)
    final = {(row.sensor_id, row.ts): row for row in [*rows, *corrected, *late]}
    assert same(await kept(database), list(final.values()))
    await refresh(database)
    await assert_rolled_up(database, list(final.values()))


async def test_partitions_before_an_instant_are_dropped_on_request(database: Database) -> None:
    rows = readings([1], AUTUMN, count=400, step=timedelta(minutes=11))
    await store(database, rows)
    before, _ = await chunks(database)
    border = datetime(2025, 10, 7, tzinfo=UTC)
    dropped = await database.fetchval("select ksys_drop_partitions($1)", border)
    assert dropped == 2
    assert (await chunks(database))[0] == before - 2
    assert same(await kept(database), [row for row in rows if row.ts >= border])


async def test_retention_drops_what_is_too_old_and_keeps_its_aggregates(database: Database) -> None:
    ancient = readings([1], datetime(2001, 5, 1, tzinfo=UTC), count=50, step=timedelta(minutes=1))
    recent = readings([1], AUTUMN, count=50, step=timedelta(minutes=1), seed=2)
    await store(database, ancient + recent)
    await refresh(database)
    await run_policy(database, "policy_retention")
    assert same(await kept(database), recent)
    for level in ("1m", "10m", "1h", "1d"):
        await run_policy(database, "policy_refresh_continuous_aggregate", f"sensor_readings_{level}")
    await assert_rolled_up(database, ancient + recent)
