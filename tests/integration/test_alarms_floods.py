"""Floods as the service records them: start, first-out, peak, end by the timer, restarts, late annunciations."""

from __future__ import annotations

from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.services.alarms_modes import FloodWatch, current_flood
from ksys_core.store.pool import Database
from tests.integration.alarms_plant import Plant, build_plant

_LATE = """
insert into alarm_events (alarm_id, sensor_id, tag, alarm_kind, kind, source_ts, detected_ts, priority, occurrence,
                          isa_from, isa_to, regions)
select alarm_id, sensor_id, tag, alarm_kind, kind, source_ts - interval '1 second', detected_ts - interval '1 second',
       priority, occurrence, isa_from, isa_to, regions
  from alarm_events order by event_id limit 3
"""


async def alarms_every(plant: Plant, evaluator: AlarmEvaluator, seconds: float, n: int, start: float = 0) -> None:
    """The first n tags alarm one after another."""
    for k in range(n):
        await evaluator.on_batch(await plant.reads(start + k * seconds, *([12.0] * (k + 1))))


async def test_a_flood_starts_at_ten_and_ends_below_five_without_an_event(database: Database) -> None:
    plant = await build_plant(database, tags=12)
    evaluator, watch = AlarmEvaluator(database, plant.clock), FloodWatch(database)
    await evaluator.on_batch(await plant.reads(-10, *([5.0] * 12)))
    await alarms_every(plant, evaluator, 20, 9)
    assert not await watch.check(plant.now)
    assert await current_flood(database) is None
    await evaluator.on_batch(await plant.reads(180, *([12.0] * 12)))
    assert await watch.check(plant.now)
    flood = await current_flood(database)
    assert flood is not None
    assert (flood.since_ns, flood.count) == (plant.at(180), 12)
    assert (flood.first_out.alarm_id, flood.first_out.tag, flood.first_out.kind) == (plant.high[0], "PT-1", "H")
    assert [alarm.count for alarm in flood.top] == [1] * 5
    assert not await watch.check(plant.now)  # nothing new, nobody is told
    # Five are within ten minutes until the one of 140 s leaves; one came at 160 s, three at 180 s.
    await watch.check(plant.at(140) + 10 * MINUTE - SECOND)
    assert await current_flood(database) is not None
    assert await watch.check(plant.at(140) + 10 * MINUTE + SECOND)
    assert await current_flood(database) is None
    row = await database.fetchrow("select ended_at - started_at as length, peak_count, annunciations from alarm_floods")
    assert row is not None
    assert (row["length"].total_seconds(), row["peak_count"], row["annunciations"]) == (560.0, 12, 12)


async def test_restarts_and_late_annunciations_leave_one_record(database: Database) -> None:
    plant = await build_plant(database, tags=15)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(-10, *([5.0] * 15)))
    await alarms_every(plant, evaluator, 10, 11)
    await FloodWatch(database).check(plant.now)
    await database.execute(_LATE)
    await FloodWatch(database).check(plant.now)
    flood = await current_flood(database)
    assert flood is not None
    assert (flood.since_ns, flood.count) == (plant.at(90), 14)
    await FloodWatch(database).check(plant.now + 30 * MINUTE)
    await FloodWatch(database).check(plant.now + 31 * MINUTE)
    assert await database.fetchval("select count(*) from alarm_floods where ended_at is not null") == 1
    assert await database.fetchval("select count(*) from alarm_floods") == 1


async def test_what_nobody_was_told_makes_no_flood(database: Database) -> None:
    plant = await build_plant(database, tags=12)
    evaluator, watch = AlarmEvaluator(database, plant.clock), FloodWatch(database)
    await evaluator.on_batch(await plant.reads(-10, *([5.0] * 12)))
    await database.execute("update alarms set out_of_service = true")
    await evaluator.on_changed("alarms", [])
    await evaluator.on_batch(await plant.reads(0, *([12.0] * 12)))
    assert not await watch.check(plant.now)


async def test_a_flood_during_an_outage_of_the_service_is_on_record(database: Database) -> None:
    plant = await build_plant(database, tags=12)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(-10, *([5.0] * 12)))
    await plant.reads(0, *([12.0] * 12))
    plant.now = plant.at(7200)
    await evaluator.catch_up()
    await FloodWatch(database).check(plant.now)
    assert await current_flood(database) is None
    assert await database.fetchval("select annunciations from alarm_floods where ended_at is not null") == 12
