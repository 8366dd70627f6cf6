"""The evaluator on a database: what is stored, what a restart and a kill leave, races with operators."""

from __future__ import annotations

import asyncio
from itertools import product

import asyncpg
import pytest

from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.domain.alarms.isa import isa_state
from ksys_core.domain.alarms.reasons import reason_words
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import to_datetime
from ksys_core.services import alarms
from ksys_core.services.alarms_evaluator import AlarmEvaluator, evaluate_once
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import set_limits
from tests.integration.alarms_plant import Plant, build_plant


async def test_the_database_names_states_as_the_engine_does(database: Database) -> None:
    names = ("active", "latched", "acked", "shelved", "suppressed", "out_of_service")
    for flags in product([False, True], repeat=6):
        stored = await database.fetchval("select alarm_isa_state($1, $2, $3, $4, $5, $6)", *flags)
        assert stored == isa_state(**dict(zip(names, flags, strict=True)))


async def test_an_alarm_comes_goes_and_is_journaled(database: Database) -> None:
    plant = await build_plant(database, dead_band=1.0, on_delay_s=5.0)
    evaluator = AlarmEvaluator(database, plant.clock)
    for second, value in ((0, 5.0), (10, 12.5), (20, 12.0), (30, 9.5), (40, 8.0)):
        await evaluator.on_batch(await plant.reads(second, value, 5.0))
    assert await plant.states() == ["RTNUN", "NORM"]
    page = await alarms.journal(database)
    assert [(e.kind, e.isa_from, e.isa_to, e.value, e.limit) for e in page.entries] == [
        ("RTN", "UNACK", "RTNUN", 8.0, 10.0),
        ("ACT", "NORM", "UNACK", 12.5, 10.0),
    ]
    act = page.entries[1]
    assert (act.source, act.detected, act.tag) == (plant.at(10), plant.at(15), "PT-1")


async def test_time_alone_ends_a_delay_and_marks_stale_tags(database: Database) -> None:
    plant = await build_plant(database, on_delay_s=25.0)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 12.0))
    assert await evaluator.on_timer(plant.at(26)) == 0  # readings may still be under way
    assert await evaluator.on_timer(plant.at(28)) == 1
    assert await plant.states() == ["UNACK", "NORM"]
    await evaluator.on_timer(plant.at(100))
    assert (await alarms.load_active(database)).rows[0].quality == "STALE"
    assert await plant.states() == ["UNACK", "NORM"]


async def test_an_acknowledgement_survives_a_restart(database: Database) -> None:
    plant = await build_plant(database)
    await evaluate_once(database, plant.clock)
    await plant.reads(0, 12.0, 12.0)
    await evaluate_once(database, plant.clock)
    first, second = (await alarms.load_active(database)).rows
    (outcome,) = await alarms.acknowledge(database, [first.key], "desk 1")
    assert outcome.result == "acked"
    await plant.reads(10, 13.0, 13.0)
    await evaluate_once(database, plant.clock)
    states = {row["alarm_id"]: row["isa_state"] for row in await database.fetch("select * from alarms")}
    assert (states[first.alarm_id], states[second.alarm_id]) == ("ACKED", "UNACK")
    assert len(await plant.journal()) == 3


async def test_readings_stored_while_the_service_was_down_are_caught_up(database: Database) -> None:
    plant = await build_plant(database)
    await plant.reads(0, 5.0)
    await evaluate_once(database, plant.clock)
    for second, value in ((10, 12.0), (20, 5.0), (30, 12.0)):
        await plant.reads(second, value)
    await evaluate_once(database, plant.clock)
    assert [kind for _, kind in await plant.journal()] == ["ACT", "RTN", "ACT"]
    assert await evaluate_once(database, plant.clock) == 0


async def test_a_long_outage_is_caught_up_span_by_span(database: Database) -> None:
    """More readings than are taken at once, far apart, of tags that lag each other."""
    plant = await build_plant(database)
    await plant.reads(0, 5.0, 5.0)
    await evaluate_once(database, plant.clock)
    times = [k * 600 for k in range(1, 201)]
    values = [12.0 if k % 10 == 0 else 5.0 for k in range(1, 201)]
    for sensor_id, last in zip(plant.sensors, (200, 150), strict=True):
        t = [plant.at(second) for second in times[:last]]
        await ingest(database, ReadingBatch.of([sensor_id] * last, t, values[:last]))
    plant.now = plant.at(times[-1])
    await evaluate_once(database, plant.clock)
    events = await plant.journal()
    assert events.count((plant.high[0], "ACT")) == 20
    assert events.count((plant.high[0], "RTN")) == 19
    assert events.count((plant.high[1], "ACT")) == 15
    assert events.count((plant.high[1], "RTN")) == 14


async def test_a_tag_that_lags_behind_is_read_with_those_that_do_not(database: Database) -> None:
    """Three hours of one tag come late, the other is up to date."""
    plant = await build_plant(database)
    await plant.reads(0, 5.0, 5.0)
    await evaluate_once(database, plant.clock)
    for second in range(10, 10_000, 600):
        await plant.reads(second, 12.0 if second % 1200 == 10 else 5.0)
        await evaluate_once(database, plant.clock)
    assert (await plant.journal()).count((plant.high[0], "ACT")) == 9
    late = list(range(20, 10_000, 600))
    t = [plant.at(second) for second in late]
    await ingest(database, ReadingBatch.of([plant.sensors[1]] * len(t), t, [12.0, 5.0] * (len(t) // 2) + [12.0]))
    await plant.reads(10_000, 12.0)
    await evaluate_once(database, plant.clock)
    events = await plant.journal()
    assert events.count((plant.high[1], "ACT")) == len(t) // 2 + 1
    assert events.count((plant.high[0], "ACT")) == 9


async def test_history_older_than_the_first_evaluation_makes_no_alarms(database: Database) -> None:
    plant = await build_plant(database)
    for second, value in ((0, 12.0), (10, 5.0), (20, 6.0)):
        await plant.reads(second, value)
    await evaluate_once(database, plant.clock)
    assert await plant.journal() == []


@pytest.mark.parametrize("killed_after", range(7))
async def test_a_kill_anywhere_leaves_each_event_exactly_once(database: Database, killed_after: int) -> None:
    """The first evaluator ends without saving its positions, as after SIGKILL; the second takes over."""
    plant = await build_plant(database, dead_band=1.0, on_delay_s=15.0, off_delay_s=5.0, count=2)
    await evaluate_once(database, plant.clock)
    values = (5.0, 12.0, 5.0, 12.0, 12.0, 8.0, 12.0, 12.0, 12.0)
    evaluator = AlarmEvaluator(database, plant.clock)
    for step, value in enumerate(values):
        batch = await plant.reads(step * 10, value, 20.0 - value)
        if step == killed_after:
            evaluator = AlarmEvaluator(database, plant.clock)
        else:
            await evaluator.on_batch(batch)
    events = await plant.journal()
    expected = await _uninterrupted(database, plant)
    assert sorted(events) == sorted(expected)


async def _uninterrupted(database: Database, plant: Plant) -> list[tuple[int, str]]:
    """What the same readings give in one go, on emptied tables."""
    async with database.transaction() as connection:
        await connection.execute("alter table alarm_events disable trigger alarm_events_fixed")
        await connection.execute("delete from alarm_events")
        await connection.execute("alter table alarm_events enable trigger alarm_events_fixed")
        await connection.execute("delete from alarms")
        await connection.execute("insert into alarms (alarm_id) select alarm_id from alarm_definitions")
        await connection.execute("update alarm_positions set ts = '2000-01-01'")
    await AlarmEvaluator(database, plant.clock).catch_up()
    return await plant.journal()


@pytest.mark.parametrize("killed_after", range(5))
async def test_a_kill_leaves_it_known_who_was_the_first_of_a_group(database: Database, killed_after: int) -> None:
    """PT-2 is over its limit long enough at 13 s, which its reading at 18 s tells; PT-1 came at 12 s and has gone."""
    plant = await build_plant(database, tags=2, group="pumps")
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[1], "H", group="pumps", on_delay_s=7.0)])
    await evaluate_once(database, plant.clock)
    evaluator = AlarmEvaluator(database, plant.clock)
    readings = [(0, 0, 5.0), (1, 6, 12.0), (0, 12, 12.0), (0, 15, 5.0), (1, 18, 12.0)]
    for step, (tag, second, value) in enumerate(readings):
        batch = ReadingBatch.of([plant.sensors[tag]], [plant.at(second)], [value])
        await ingest(database, batch)
        if step == killed_after:
            evaluator = AlarmEvaluator(database, plant.clock)
            await evaluator.catch_up()
        else:
            await evaluator.on_batch(batch)
    assert (await plant.journal())[1:] == [(plant.high[0], "ACT"), (plant.high[0], "RTN"), (plant.high[1], "ACT")]
    assert await database.fetchval("select array_agg(alarm_id) from alarms where first_out") == plant.high[:1]


@pytest.mark.parametrize("stored", [True, False])
async def test_a_line_that_was_flat_before_a_restart_stays_so(database: Database, stored: bool) -> None:
    """With the positions stored at the end of the first run, or its readings gone over again."""
    plant = await build_plant(database)
    flat = NewAlarmDefinition(plant.sensors[0], "FLAT", setting=60.0, dead_band=0.5)
    (alarm,) = await upsert_definitions(database, [flat])
    await evaluate_once(database, plant.clock)
    evaluator = AlarmEvaluator(database, plant.clock)
    for second, value in ((0, 3.0), (10, 5.0), (20, 5.2)):
        await evaluator.on_batch(await plant.reads(second, value))
    if stored:
        await evaluator.close()
    evaluator = AlarmEvaluator(database, plant.clock)
    for second in (40, 69, 70):
        await evaluator.on_batch(await plant.reads(second, 5.1))
    assert await plant.journal() == [(alarm, "ACT")]
    assert await database.fetchval("select detected_at from alarms where alarm_id = $1", alarm) == to_datetime(
        plant.at(70)
    )
    await evaluator.close()
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "FLAT", setting=60.0, enabled=False)])
    await evaluator.on_changed("limits", plant.sensors[:1])
    await evaluator.on_batch(await plant.reads(80, 7.0))
    await evaluator.on_batch(await plant.reads(90, 5.0))
    await evaluator.close()
    await upsert_definitions(database, [flat])
    await evaluator.on_changed("limits", plant.sensors[:1])
    await evaluator.on_batch(await plant.reads(100, 5.0))
    assert (await plant.journal()).count((alarm, "ACT")) == 1, "what it was before it was out of use does not count"
    assert await database.fetchval("select count(*) from alarm_anchors") == 1
    await database.execute("delete from alarm_definitions where alarm_id = $1", alarm)
    assert await database.fetchval("select count(*) from alarm_anchors") == 0


async def test_a_failed_transaction_is_made_up_for(database: Database) -> None:
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 5.0))
    await database.execute("alter table alarm_events rename to gone")
    with pytest.raises(asyncpg.UndefinedTableError):
        await evaluator.on_batch(await plant.reads(10, 12.0))
    await database.execute("alter table gone rename to alarm_events")
    await evaluator.on_batch(await plant.reads(20, 5.0))
    assert [kind for _, kind in await plant.journal()] == ["ACT", "RTN"]


async def test_changed_limits_are_judged_at_once(database: Database) -> None:
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 8.0))
    await set_limits(database, plant.sensors[0], {"H": 7.0})
    await evaluator.on_changed("limits", [plant.sensors[0]])
    assert await plant.states() == ["UNACK", "NORM"]
    await set_limits(database, plant.sensors[0], {"H": 9.0})
    await evaluator.on_changed("limits", [plant.sensors[0]])
    assert await plant.states() == ["RTNUN", "NORM"]


async def test_a_disabled_alarm_returns_to_normal_in_the_journal(database: Database) -> None:
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 12.0))
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "H", enabled=False)])
    await evaluator.on_changed("limits", [])
    assert await plant.states() == ["RTNUN", "NORM"]
    assert [kind for _, kind in await plant.journal()] == ["ACT", "ATTR", "RTN"]
    told = await database.fetchval("select reason from alarm_events where kind = 'RTN'")
    assert reason_words(told) == "Not in use any more"


async def test_an_operator_faster_than_the_engine_is_respected(database: Database) -> None:
    """A shelving the evaluator has not heard of yet counts in the very transaction that activates the alarm."""
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 5.0))
    await alarms.shelve(database, plant.high[:1], "desk 1", "calibration")
    await evaluator.on_batch(await plant.reads(10, 12.0))
    last = (await alarms.journal(database)).entries[0]
    assert (last.kind, last.isa_from, last.isa_to) in {("ACT", "SHLVD", "SHLVD")} or last.kind == "SHLV"
    assert await plant.states() == ["SHLVD", "NORM"]
    await evaluator.on_batch(await plant.reads(20, 5.0))
    assert await plant.states() == ["RTNUN", "NORM"]  # the occurrence nobody saw is not lost


async def test_readings_from_the_future_do_not_blind_a_tag(database: Database) -> None:
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 5.0))
    ahead = await plant.reads(86_400, 5.0)
    plant.now = plant.at(0)
    await evaluator.on_batch(ahead)
    await evaluator.on_batch(await plant.reads(10, 12.0))
    assert await plant.states() == ["UNACK", "NORM"]


@pytest.mark.parametrize("group", ["", "flood"])
async def test_a_batch_and_an_acknowledgement_at_the_same_time(database: Database, group: str) -> None:
    plant = await build_plant(database, tags=50, group=group)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, *([12.0] * 50)))
    for second in range(10, 100, 10):
        keys = [row.key for row in (await alarms.load_active(database)).rows]
        batch = await plant.reads(second, *(5.0 if (second // 10 + tag // 5) % 2 else 12.0 for tag in range(50)))
        outcomes, _ = await asyncio.gather(alarms.acknowledge(database, keys, "desk 1"), evaluator.on_batch(batch))
        assert {outcome.result for outcome in outcomes} <= {"acked", "already", "newer"}
    broken = await database.fetch(
        "select alarm_id from alarms where acked_occurrence > occurrence or (isa_state = 'NORM' and cond <> 'N')"
    )
    assert broken == []
    assert await alarms.journal_breaks(database) == []
