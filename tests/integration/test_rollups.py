"""Roll-ups of plain PostgreSQL hold what plain Python makes of the readings, whatever comes late and when they run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksys_core.domain.quality import BAD, GOOD, UNCERTAIN
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND, to_datetime, to_ns
from ksys_core.errors import DeniedError
from ksys_core.services import partitions, rollups
from ksys_core.store import rollups as store_rollups
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, all_sensors, upsert_sensors
from ksys_core.store.trends import trend
from tests.contract.timescale.expectations import WIDTHS, Bucket, Reading, rolled_up

T0 = 1_749_945_600 * SECOND + 17 * HOUR
TABLES = "sensor_readings, sensor_latest, rollup_1m, rollup_10m, rollup_1h, rollup_1d, rollup_late"
_BUCKETS = "select sensor_id, bucket, n, n_good, sum, min, max, first, last, quality from {} order by sensor_id, bucket"


@pytest.fixture
def plain(dsn: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    """A runner and a database on its loop, for tests that hypothesis calls many times."""
    with asyncio.Runner() as runner:
        database = runner.run(Database.connect(dsn, pool_min=1, pool_max=5))
        if database.capabilities.timescale is not None:
            runner.run(database.close())
            pytest.skip("TimescaleDB keeps the roll-ups itself")
        yield runner, database
        runner.run(database.close())


async def three_tags(db: Database) -> list[int]:
    return sorted((await upsert_sensors(db, [NewSensor(f"TAG_{n}") for n in range(3)], overwrite=False)).values())


async def assert_rolled_up(db: Database, rows: dict[tuple[int, datetime], Reading]) -> None:
    for level, width in WIDTHS.items():
        found = [Bucket(*row) for row in await db.fetch(_BUCKETS.format(f"sensor_readings_{level}"))]
        expected = rolled_up(list(rows.values()), width)
        assert [(b.sensor_id, b.bucket) for b in found] == [(b.sensor_id, b.bucket) for b in expected], level
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.agrees_with(theirs), f"{level}: {ours} instead of {theirs}"


minute = st.one_of(st.integers(-40, 40), st.integers(-5000, 300)).map(lambda n: n * 17)
reading = st.tuples(st.integers(0, 2), minute, st.floats(-1e6, 1e6), st.sampled_from([BAD, UNCERTAIN, GOOD]))
step = st.one_of(st.lists(reading, min_size=1, max_size=30), st.integers(-3000, 3000))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, min_size=1, max_size=7))
def test_any_order_of_batches_and_runs(
    plain: tuple[asyncio.Runner, Database], steps: list[int | list[tuple[int, int, float, int]]]
) -> None:
    runner, db = plain
    runner.run(_play(db, steps))


@dataclass
class Clock:
    now: int = T0

    def __call__(self) -> int:
        return self.now


async def _play(db: Database, steps: list[int | list[tuple[int, int, float, int]]]) -> None:
    await db.execute(f"truncate {TABLES}")
    await db.execute("update rollup_state set watermark = '-infinity', late_before = '-infinity'")
    ids = await three_tags(db)
    rows: dict[tuple[int, datetime], Reading] = {}
    clock, ran = Clock(), False
    for step in steps:
        if isinstance(step, int):
            clock.now = max(clock.now, T0 + step * MINUTE)
            await rollups.run(db, clock=clock)
            ran = True
            await assert_rolled_up(db, rows)
            continue
        new = [Reading(ids[n], to_datetime(T0 + at * MINUTE), v, q) for n, at, v, q in step]
        rows |= {(row.sensor_id, row.ts): row for row in new}
        await ingest(db, _batch(new))
    if ran:
        await rollups.run(db, clock=clock)
    await assert_rolled_up(db, rows)


def _batch(rows: list[Reading]) -> ReadingBatch:
    return ReadingBatch.of(
        [r.sensor_id for r in rows], [to_ns(r.ts) for r in rows], [r.value for r in rows], [r.quality for r in rows]
    )


def test_nothing_is_lost_between_writers_and_runs(plain: tuple[asyncio.Runner, Database]) -> None:
    """Writers around the closing minute and a run that never rests: the race that the two marks are for."""
    runner, db = plain

    async def play() -> None:
        ids = await three_tags(db)
        clock = Clock()
        writing = asyncio.Event()

        async def write(sensor_id: int) -> None:
            for n in range(60):
                clock.now = max(clock.now, T0 + n * MINUTE)
                t = T0 + n * MINUTE + np.arange(6) * 10 * SECOND - 20 * SECOND
                await ingest(db, ReadingBatch.of(np.full(6, sensor_id), t, t % 7))

        async def roll() -> None:
            while not writing.is_set():
                await rollups.run(db, clock=clock)

        running = asyncio.create_task(roll())
        await asyncio.gather(*(write(sensor_id) for sensor_id in ids))
        writing.set()
        await running
        await rollups.run(db, clock=lambda: T0 + 3 * DAY)
        rows = await db.fetch("select sensor_id, ts, value, quality from sensor_readings")
        assert len(rows) == 3 * 60 * 6
        await assert_rolled_up(db, {(row["sensor_id"], row["ts"]): Reading(*row) for row in rows})

    runner.run(play())


def test_second_run_finds_nothing_to_do(plain: tuple[asyncio.Runner, Database]) -> None:
    runner, db = plain

    async def play() -> None:
        ids = await three_tags(db)
        t = T0 + np.arange(500) * MINUTE
        await ingest(db, ReadingBatch.of(np.full(500, ids[0]), t, t % 11))
        assert await rollups.run(db, clock=lambda: T0 + DAY) > 500
        assert await rollups.run(db, clock=lambda: T0 + DAY) == 0
        await ingest(db, ReadingBatch.of([ids[0]], [T0], [-5.0]))
        assert await rollups.run(db, clock=lambda: T0 + DAY) == 4  # one bucket a level
        await ingest(db, ReadingBatch.of([ids[0]], [T0], [-5.0]))
        assert await rollups.run(db, clock=lambda: T0 + DAY) == 0

    runner.run(play())


def test_years_without_readings_are_passed_in_one_step(plain: tuple[asyncio.Runner, Database]) -> None:
    runner, db = plain

    async def play() -> None:
        ids = await three_tags(db)
        times = [T0 - 12 * 366 * DAY, T0 - 5 * 366 * DAY, T0]
        await ingest(db, ReadingBatch.of([ids[0]] * 3, times, [1.0, 2.0, 3.0]))
        await store_rollups.close_minutes(db, T0 + DAY)
        steps = []
        while (written := await store_rollups.advance(db)) is not None:
            steps.append(written)
        assert len(steps) <= 4
        assert await db.fetchval("select count(*) from rollup_1m") == 3
        assert await db.fetchval("select count(*) from rollup_1d") == 3

    runner.run(play())


def test_dropped_readings_leave_their_roll_ups(plain: tuple[asyncio.Runner, Database]) -> None:
    runner, db = plain

    async def play() -> None:
        ids = await three_tags(db)
        t = T0 - np.arange(30) * DAY
        await ingest(db, ReadingBatch.of(np.full(30, ids[0]), t, t % 11))
        await rollups.run(db, clock=lambda: T0 + DAY)
        assert await partitions.run(db, clock=lambda: T0, ahead_days=21, keep_days=7305) == 3
        assert await partitions.run(db, clock=lambda: T0, ahead_days=21, keep_days=10) == 3
        kept = await db.fetchval("select min(ts) from sensor_readings")
        assert T0 - 17 * DAY < to_ns(kept) <= T0 - 10 * DAY
        assert await db.fetchval("select count(*) from sensor_readings_1d") == 30

    runner.run(play())


async def test_service_role_stores_and_rolls_up(login_dsn: Callable[[str], str]) -> None:
    db = await Database.connect(await asyncio.to_thread(login_dsn, "ksys_service"), pool_max=2)
    ids = await three_tags(db)
    batch = ReadingBatch.of([ids[0]] * 3, [T0, T0 - 9 * DAY, T0], [1.0, 2.0, 3.0])
    assert (await ingest(db, batch)).inserted == 2
    assert (await ingest(db, batch)).unchanged == 2
    if db.capabilities.timescale is None:
        assert await rollups.run(db, clock=lambda: T0 + DAY) > 0
        await ingest(db, ReadingBatch.of([ids[1]], [T0 - DAY], [1.0]))
        assert await rollups.run(db, clock=lambda: T0 + 2 * DAY) > 0
        assert await partitions.run(db, clock=lambda: T0, keep_days=7) > 0
    await db.close()


async def test_viewer_reads_but_does_not_write(login_dsn: Callable[[str], str]) -> None:
    db = await Database.connect(await asyncio.to_thread(login_dsn, "ksys_viewer"), pool_max=2)
    assert await all_sensors(db) == []
    assert await trend(db, [1], T0, T0 + 30 * DAY, 100) != {}
    with pytest.raises(DeniedError):
        await ingest(db, ReadingBatch.of([1], [T0], [1.0]))
    with pytest.raises(DeniedError):
        await upsert_sensors(db, [NewSensor("X")])
    await db.close()
