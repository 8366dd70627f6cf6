"""Hostile definitions and clocks: a clear error or a correct state, and nothing lost."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.domain.times import DAY, HOUR, SECOND
from ksys_core.errors import KnownError
from ksys_core.services import alarms
from ksys_core.services.alarms_evaluator import AlarmEvaluator, evaluate_once
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.pool import Database
from tests.integration.alarms_plant import build_plant
from tests.integration.test_alarms_desk import HOSTILE

NUMBERS = st.sampled_from([0.0, -1.0, 1e-9, 1.0, 60.0, 86_400.0, 1e9, 1e308, math.inf, -math.inf, math.nan])
TEXTS = st.sampled_from(["", "x" * 65, "x" * 10_000, "\0", "a\nb", *HOSTILE])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "setting": NUMBERS | st.none(),
        "dead_band": NUMBERS,
        "dead_band_unit": st.sampled_from(["value", "span"]),
        "on_delay_s": NUMBERS,
        "off_delay_s": NUMBERS,
        "realarm_s": NUMBERS | st.none(),
        "max_shelve_s": NUMBERS,
        "response_s": NUMBERS | st.none(),
        "count": st.sampled_from([-1, 0, 3, 17]),
        "priority": st.sampled_from([0, 1, 4, 5]),
        "label": TEXTS,
        "group": TEXTS,
        "owner": TEXTS,
        "cause": TEXTS.map(lambda text: {"en": text, "ko": text}),
        "moc_id": TEXTS | st.none(),
    },
)


async def store(database: Database, sensor_id: int, reference: int, fields: dict[str, object]) -> None:
    for kind in ("H", "RATE", "DEV", "SOURCE"):
        definition = NewAlarmDefinition(sensor_id, kind, reference_sensor_id=reference, **fields)  # type: ignore[arg-type]
        before = await database.fetchval("select count(*) from alarm_definitions")
        try:
            (alarm_id,) = await upsert_definitions(database, [definition])
        except KnownError:
            assert await database.fetchval("select count(*) from alarm_definitions") == before
        else:
            row = await database.fetchrow("select * from alarm_definitions where alarm_id = $1", alarm_id)
            assert row is not None
            assert (row["label"], row["group_name"], row["owner"]) == (
                definition.label, definition.group, definition.owner,
            )  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(fields=FIELDS)
def test_any_definition_is_stored_as_given_or_refused_by_name(dsn: str, fields: dict[str, object]) -> None:
    async def run() -> None:
        database = await Database.connect(dsn, pool_max=2)
        try:
            plant = await build_plant(database)
            await store(database, plant.sensors[0], plant.sensors[1], fields)
            await evaluate_once(database, plant.clock)
        finally:
            await database.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "wrong", [{"sensor_id": 999_999}, {"reference_sensor_id": 999_999, "kind": "DEV", "setting": 1.0}]
)
async def test_an_alarm_of_an_unknown_tag_is_refused_and_nothing_is_stored(
    database: Database, wrong: dict[str, object]
) -> None:
    plant = await build_plant(database)
    good = NewAlarmDefinition(plant.sensors[0], "H", label="new")
    with pytest.raises(KnownError, match="does not exist"):
        await upsert_definitions(database, [good, replace(good, label="x", **wrong)])  # type: ignore[arg-type]
    assert await database.fetchval("select count(*) from alarm_definitions") == 4


async def test_two_engineers_store_the_same_alarm_at_once(database: Database) -> None:
    plant = await build_plant(database)
    made = [NewAlarmDefinition(plant.sensors[0], "RATE", setting=float(k)) for k in range(1, 9)]
    ids = await asyncio.gather(*(upsert_definitions(database, [one]) for one in made))
    assert len({alarm_id for (alarm_id,) in ids}) == 1
    kept = await database.fetch("select setting from alarm_definitions where kind = 'RATE'")
    assert len(kept) == 1


@pytest.mark.parametrize("jump", [DAY, -DAY, 30 * SECOND, -30 * SECOND])
async def test_a_clock_that_jumps_and_comes_back_loses_no_alarm(database: Database, jump: int) -> None:
    plant = await build_plant(database, dead_band=1.0, on_delay_s=5.0)
    evaluator = AlarmEvaluator(database, plant.clock)
    values = (5.0, 12.0, 12.0, 5.0, 12.0, 12.0)
    for k, value in enumerate(values):
        await evaluator.on_batch(await plant.reads(10 * k, value, 5.0))
        if k == 2:
            await evaluator.on_timer(plant.now + jump)
            now, plant.now = plant.now, plant.now + jump
            await evaluator.on_changed("resync", [])
            plant.now = now
        await evaluator.on_timer(plant.now)
    assert [kind for alarm, kind in await plant.journal() if alarm == plant.high[0]] == ["ACT", "RTN", "ACT"]
    assert await plant.states() == ["UNACK", "NORM"]
    quality = await database.fetchval("select quality from alarms where alarm_id = $1", plant.high[0])
    assert quality == "GOOD"
    assert await alarms.journal_breaks(database) == []


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_clock_set_back_by_an_hour_blinds_no_tag(database: Database, restarted: bool) -> None:
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 5.0))
    await evaluator.on_batch(await plant.reads(3600, 5.0))
    await evaluator.close()
    plant.now = plant.at(10)
    if restarted:
        evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_timer(plant.now)
    await evaluator.on_batch(await plant.reads(20, 12.0))
    assert await plant.states() == ["UNACK", "NORM"]
    await evaluator.close()
    again = AlarmEvaluator(database, plant.clock)
    await again.on_batch(await plant.reads(30, 5.0))
    assert await plant.states() == ["RTNUN", "NORM"]
    assert [kind for _, kind in await plant.journal()] == ["ACT", "RTN"]


async def test_a_shelf_outlives_a_clock_set_back(database: Database) -> None:
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 12.0))
    now = int(await database.fetchval("select (extract(epoch from now()) * 1e9)::bigint"))
    await alarms.shelve(database, plant.high[:1], "d", "noise", now + HOUR)
    await evaluator.on_changed("alarms", plant.high)
    for at in (now - DAY, now + 30 * 60 * SECOND, now - DAY, now + HOUR - 10 * SECOND):
        await evaluator.on_timer(at)
        assert (await plant.states())[0] == "SHLVD"
    await evaluator.on_timer(now + HOUR + 3 * SECOND)
    assert (await plant.states())[0] == "UNACK"
