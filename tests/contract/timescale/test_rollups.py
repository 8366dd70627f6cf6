"""Roll-ups hold what plain Python makes of the readings: fresh, refreshed, after late ones, by the policies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ksys_core.store.pool import Database
from tests.contract.timescale.database import assert_rolled_up, refresh, refresh_by_policies, store
from tests.contract.timescale.expectations import Reading, readings

SPRING = datetime(2026, 3, 1, 22, 17, 3, tzinfo=UTC)
STEP = timedelta(seconds=37)


async def test_fresh_readings_are_rolled_up_without_a_refresh(database: Database) -> None:
    rows = readings([1, 2], SPRING, count=900, step=STEP)
    await store(database, rows)
    await assert_rolled_up(database, rows)


async def test_a_refresh_changes_nothing_that_is_seen(database: Database) -> None:
    rows = readings([1, 2], SPRING, count=900, step=STEP)
    await store(database, rows)
    await refresh(database)
    await assert_rolled_up(database, rows)


async def test_readings_newer_than_the_refresh_are_added(database: Database) -> None:
    rows = readings([1, 2], SPRING, count=600, step=STEP)
    await store(database, [row for row in rows if row.ts < SPRING + timedelta(hours=3)])
    await refresh(database)
    await store(database, [row for row in rows if row.ts >= SPRING + timedelta(hours=3)])
    await refresh(database, ["1m"])  # the upper ones stay behind: they are completed from the ones below
    await assert_rolled_up(database, rows, ["1m"])
    await refresh(database)
    await assert_rolled_up(database, rows)


async def test_late_and_corrected_readings_are_seen_after_a_refresh(database: Database) -> None:
    rows = readings([1, 2], SPRING, count=600, step=STEP)
    late, early = rows[100:140], rows[:100] + rows[140:]
    await store(database, early)
    await refresh(database)
    corrected = [replace(row, value=1000.0, quality=192) for row in early[::50]]
    await store(database, [*late, *corrected])
    await refresh(database)
    final = {(row.sensor_id, row.ts): row for row in [*early, *late, *corrected]}
    await assert_rolled_up(database, list(final.values()))


async def test_the_policies_bring_the_aggregates_up_to_date(database: Database) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=4)
    rows = readings([1, 2], start, count=2000, step=timedelta(seconds=150))
    late = [Reading(3, start + timedelta(hours=5, seconds=i), float(i)) for i in range(100)]
    await store(database, rows)
    await refresh_by_policies(database)
    await assert_rolled_up(database, rows)
    await store(database, late)
    await refresh_by_policies(database)
    await assert_rolled_up(database, [*rows, *late])
