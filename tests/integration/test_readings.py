"""Batches of readings: what is stored, what changes, what is told."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksys_core.domain.quality import BAD, GOOD, UNCERTAIN
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import DAY, SECOND
from ksys_core.errors import KnownError
from ksys_core.store.pool import Database
from ksys_core.store.readings import IngestResult, ingest, latest, raw
from ksys_core.store.sensors import NewSensor, upsert_sensors

T0 = 1_750_000_000 * SECOND


@pytest.fixture
async def ids(database: Database) -> list[int]:
    return sorted((await upsert_sensors(database, [NewSensor(f"TAG_{n}") for n in range(3)])).values())


async def test_batch_comes_back_and_again_changes_nothing(database: Database, ids: list[int]) -> None:
    batch = ReadingBatch.of([ids[0], ids[1], ids[0]], [T0 + SECOND, T0, T0], [2.0, np.nan, 1.0], [GOOD, BAD, UNCERTAIN])
    assert await ingest(database, batch) == IngestResult(3, 0, 0)
    assert await ingest(database, batch) == IngestResult(0, 0, 3)
    series = await raw(database, ids[0], T0, T0 + DAY)
    assert series.t.tolist() == [T0, T0 + SECOND]
    assert series.v.tolist() == [1.0, 2.0]
    assert series.quality.tolist() == [UNCERTAIN, GOOD]
    assert np.isnan((await raw(database, ids[1], T0, T0 + 1000)).v).all()
    assert len(await raw(database, ids[0], T0 + SECOND + 1000, T0 + DAY)) == 0


async def test_correction_and_addition_in_one_batch(database: Database, ids: list[int]) -> None:
    await ingest(database, ReadingBatch.of([ids[0]] * 3, [T0, T0 + 1000, T0 + 2000], [1, 2, 3]))
    again = ReadingBatch.of([ids[0]] * 4, [T0, T0 + 1000, T0 + 2000, T0 + 3000], [1, 7, 3, 4])
    assert await ingest(database, again) == IngestResult(1, 1, 2)
    assert (await raw(database, ids[0], T0, T0 + DAY)).v.tolist() == [1, 7, 3, 4]


async def test_last_of_equal_instants_counts(database: Database, ids: list[int]) -> None:
    batch = ReadingBatch.of([ids[0]] * 3, [T0, T0 + 999, T0 + 500], [1.0, 2.0, 3.0])  # one microsecond
    assert await ingest(database, batch) == IngestResult(1, 0, 0)
    assert (await raw(database, ids[0], T0, T0 + 1000)).v.tolist() == [3.0]


async def test_empty_batch(database: Database) -> None:
    assert await ingest(database, ReadingBatch.of([], [], [])) == IngestResult(0, 0, 0)


async def test_readings_of_any_year_find_a_partition(database: Database, ids: list[int]) -> None:
    times = [T0, T0 - 20 * 366 * DAY, T0 + 400 * DAY, 0, -5 * DAY]
    assert await ingest(database, ReadingBatch.of([ids[0]] * 5, times, range(5))) == IngestResult(5, 0, 0)
    assert (await raw(database, ids[0], -DAY * 10, T0 + 500 * DAY)).t.tolist() == sorted(times)


async def test_unknown_tag_refuses_the_whole_batch(database: Database, ids: list[int]) -> None:
    with pytest.raises(KnownError, match="no tag with the number 99999"):
        await ingest(database, ReadingBatch.of([ids[0], 99999], [T0, T0], [1, 2]))
    assert len(await raw(database, ids[0], T0, T0 + DAY)) == 0
    assert len((await latest(database)).t) == 0


async def test_latest_follows_newer_readings_and_corrections_only(database: Database, ids: list[int]) -> None:
    await ingest(database, ReadingBatch.of([ids[0], ids[1]], [T0, T0], [1.0, np.nan], [GOOD, BAD]))
    await ingest(database, ReadingBatch.of([ids[0]], [T0 - DAY], [9.0]))
    table = await latest(database)
    assert table.sensor_id.tolist() == ids[:2]
    assert table.t.tolist() == [T0, T0]
    assert table.v[0] == 1.0
    assert table.quality.tolist() == [GOOD, BAD]
    await ingest(database, ReadingBatch.of([ids[0]] * 2, [T0, T0 - SECOND], [5.0, 4.0]))
    assert (await latest(database)).v[0] == 5.0


async def test_concurrent_writers_of_the_same_rows_agree(database: Database, ids: list[int]) -> None:
    times = T0 + np.arange(3000) * SECOND
    batches = [ReadingBatch.of(np.full(3000, n), times, times / 1e18) for n in ids for _ in range(3)]
    results = await asyncio.gather(*(ingest(database, batch) for batch in batches))
    assert sum(result.inserted for result in results) == 9000
    assert await database.fetchval("select count(*) from sensor_readings") == 9000


readings = st.tuples(st.integers(0, 2), st.integers(-3, 30), st.sampled_from([0.0, 1.5, -2.0, np.nan]), st.sampled_from([BAD, UNCERTAIN, GOOD]))  # fmt: skip  # noqa: E501


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(readings, max_size=25), max_size=6))
def test_any_sequence_of_batches_equals_a_dictionary(
    event_loop_database: tuple[asyncio.Runner, Database], batches: list[list[tuple[int, int, float, int]]]
) -> None:
    runner, database = event_loop_database
    runner.run(_equals_dictionary(database, batches))


async def _equals_dictionary(database: Database, batches: list[list[tuple[int, int, float, int]]]) -> None:
    await database.execute("truncate sensor_readings, sensor_latest")
    ids = sorted((await upsert_sensors(database, [NewSensor(f"TAG_{n}") for n in range(3)])).values())
    model: dict[tuple[int, int], tuple[float, int]] = {}
    for rows in batches:
        batch = ReadingBatch.of(
            [ids[r[0]] for r in rows], [T0 + r[1] * 2 * DAY for r in rows], [r[2] for r in rows], [r[3] for r in rows]
        )
        before = dict(model)
        columns = (batch.sensor_id.tolist(), batch.t.tolist(), batch.v.tolist(), batch.quality.tolist())
        model |= {(i, t): (v, q) for i, t, v, q in zip(*columns, strict=True)}
        result = await ingest(database, batch)
        assert result.inserted == len(model) - len(before)
    for sensor_id in ids:
        series = await raw(database, sensor_id, T0 - 100 * DAY, T0 + 100 * DAY)
        expected = sorted((t, *row) for (i, t), row in model.items() if i == sensor_id)
        assert series.t.tolist() == [row[0] for row in expected]
        np.testing.assert_array_equal(series.v, [row[1] for row in expected])
        assert series.quality.tolist() == [row[2] for row in expected]
    table = await latest(database)
    newest = {i: max(t for j, t in model if j == i) for i, _ in model}
    assert dict(zip(table.sensor_id.tolist(), table.t.tolist(), strict=True)) == newest


@pytest.fixture
def event_loop_database(dsn: str):  # type: ignore[no-untyped-def]
    """A runner and a database opened on its loop, for tests that hypothesis calls many times."""
    with asyncio.Runner() as runner:
        database = runner.run(Database.connect(dsn, pool_min=1, pool_max=2))
        yield runner, database
        runner.run(database.close())
