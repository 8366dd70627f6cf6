from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND
from ksys_core.errors import KnownError
from ksys_core.services.alarms_rules import all_rules
from ksys_core.services.history import fill_history, missing_hours
from ksys_core.services.plant_setup import install_demo_plant
from ksys_core.sources.simulator.plant import STEP, SimulatedPlant
from ksys_core.sources.simulator.source import BoundPlant, SimulatorSource, bind
from ksys_core.sources.simulator.tags import TAGS, VIRTUAL_TAGS
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest, raw
from ksys_core.store.sensors import NewSensor, all_sensors, limits_in_force, set_limits, upsert_sensors

NOW = 1_795_000_000 * SECOND
PLANT = SimulatedPlant(seed=1)


@pytest.fixture
async def bound(database: Database) -> BoundPlant:
    await install_demo_plant(database)
    return await bind(database, PLANT)


async def stored(database: Database) -> int:
    count: int = await database.fetchval("select count(*) from sensor_readings")
    return count


async def test_setup_gives_tags_limits_and_alarms_and_keeps_changes(database: Database) -> None:
    ids = await install_demo_plant(database)
    assert len(ids) == len(TAGS) + len(VIRTUAL_TAGS)
    await set_limits(database, ids["PRODUCT_COND"], {"H": 111.0}, reason="test")
    assert await install_demo_plant(database) == ids
    limits = await limits_in_force(database)
    assert limits[ids["PRODUCT_COND"]] == {"H": 111.0, "HH": 200.0}
    sensors = {sensor.tag: sensor for sensor in await all_sensors(database)}
    assert sensors["INLET_PRESSURE"].origin == "simulator"
    assert sensors["RECOVERY_RATE"].origin == "virtual"
    assert sensors["CIP_ACTIVE"].interpolation == "step"
    alarms = await database.fetchval("select count(*) from alarm_definitions")
    assert alarms == sum(len(spec.limits) for spec in TAGS) + 1  # the diagnostic of the source
    assert await database.fetchval("select count(*) from alarm_definitions where kind = 'SOURCE'") == 1
    (rule,) = await all_rules(database)
    assert rule.acts
    assert len(rule.content.alarm_ids) == 10


async def test_setup_never_touches_a_tag_of_the_real_plant(database: Database) -> None:
    await upsert_sensors(database, [NewSensor("FEED_FLOW", unit="L/s")])
    with pytest.raises(KnownError, match="FEED_FLOW"):
        await install_demo_plant(database)
    assert [sensor.unit for sensor in await all_sensors(database)] == ["L/s"]


async def test_history_is_filled_newest_first_with_progress(database: Database, bound: BoundPlant) -> None:
    seen: list[tuple[int, int]] = []
    added = await fill_history(
        database, bound, days=0.5, stop_ns=NOW, progress=lambda done, total: seen.append((done, total))
    )
    assert added == await stored(database) > 0.9 * 0.5 * DAY / STEP * len(TAGS)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1] == 0.5 * DAY // STEP * len(TAGS)
    series = await raw(database, bound.marker, NOW - DAY, NOW)
    expected = PLANT.block(NOW - DAY // 2, NOW)
    assert np.array_equal(series.t, expected.t)
    assert np.array_equal(series.v, expected.v[0])


async def test_filling_again_adds_nothing(database: Database, bound: BoundPlant) -> None:
    await fill_history(database, bound, days=0.25, stop_ns=NOW)
    assert await fill_history(database, bound, days=0.25, stop_ns=NOW) == 0


async def test_only_missing_stretches_are_filled(database: Database, bound: BoundPlant) -> None:
    await ingest(database, bound.batch(NOW - 3 * HOUR, NOW - HOUR))
    gaps = await missing_hours(database, bound, NOW - 4 * HOUR, NOW)
    assert all(start >= NOW - 4 * HOUR and stop <= NOW for start, stop in gaps)
    assert gaps == sorted(gaps, reverse=True)
    whole = NOW // HOUR * HOUR - 2 * HOUR  # an hour inside the stored stretch
    assert (whole, whole + HOUR) not in gaps
    await fill_history(database, bound, days=4 / 24, stop_ns=NOW)
    assert await stored(database) == len(bound.batch(NOW - 4 * HOUR, NOW))


async def test_a_fill_that_was_stopped_is_taken_up(database: Database, bound: BoundPlant) -> None:
    started = asyncio.Event()

    def stop_after_first(done: int, _total: int) -> None:
        if done:
            started.set()

    filling = asyncio.create_task(fill_history(database, bound, days=2, stop_ns=NOW, progress=stop_after_first))
    await started.wait()
    filling.cancel()
    await asyncio.gather(filling, return_exceptions=True)
    half = await stored(database)
    whole = len(bound.batch(NOW - 2 * DAY, NOW))
    assert 0 < half < whole
    await fill_history(database, bound, days=2, stop_ns=NOW)
    assert await stored(database) == whole


def ticking(start: int, step: int) -> Callable[[], int]:
    """A clock that moves on by `step` with every look."""
    moment = start - step

    def clock() -> int:
        nonlocal moment
        moment += step
        return moment

    return clock


async def test_live_readings_come_at_once_and_in_phase(database: Database, bound: BoundPlant) -> None:
    source = SimulatorSource(database, PLANT, history_days=0.02, clock=ticking(NOW + 3 * SECOND, 5 * SECOND))
    times: list[int] = []
    async for batch in source.batches():
        times += np.unique(batch.t).tolist()
        if len(times) >= 4:
            break
    first = NOW // STEP * STEP
    assert times == [first + i * STEP for i in range(4)]
    done: list[int] = []
    await source.fill(lambda reached, _total: done.append(reached))
    series = await raw(database, bound.marker, NOW - HOUR, NOW + MINUTE)
    assert series.t[-1] == first - STEP
    assert done[-1] > 0


async def test_live_source_needs_its_tags(database: Database) -> None:
    source = SimulatorSource(database, PLANT, history_days=0)
    with pytest.raises(KnownError, match="ksys simulate"):
        await anext(source.batches())
