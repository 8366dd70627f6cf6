"""Definitions read again while alarms are evaluated: what comes of it is what reading everything anew would give."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import fields

import numpy as np
import pytest

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.domain.times import HOUR, MINUTE
from ksys_core.services import alarms
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.services.alarms_loading import load_all, put_in_place, read_again
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.alarms_evaluated import Loaded
from ksys_core.store.pool import Database
from ksys_core.store.sensors import NewSensor, set_limits, upsert_sensors
from tests.integration.alarms_plant import Plant, build_plant

Change = Callable[[Plant], Awaitable[list[int]]]


async def _limit(plant: Plant) -> list[int]:
    await set_limits(plant.db, plant.sensors[0], {"H": 7.0})
    return plant.sensors[:1]


async def _disabled(plant: Plant) -> list[int]:
    await upsert_definitions(plant.db, [NewAlarmDefinition(plant.sensors[1], "H", enabled=False)])
    return plant.sensors[1:2]


async def _grouped_and_counted(plant: Plant) -> list[int]:
    await upsert_definitions(
        plant.db, [NewAlarmDefinition(s, "H", group=f"G{s % 2}", on_delay_s=5.0, count=3) for s in plant.sensors[1:]]
    )
    return plant.sensors[1:]


async def _new_tag_before_the_others(plant: Plant) -> list[int]:
    await plant.db.execute(
        "insert into sensors (sensor_id, tag, interval_s) overriding system value values (-5, 'AA-1', 2)"
    )
    await upsert_definitions(
        plant.db,
        [
            NewAlarmDefinition(-5, "RATE", setting=3.0),
            NewAlarmDefinition(plant.sensors[0], "DEV", setting=2.0, reference_sensor_id=-5),
        ],
    )
    return [-5, plant.sensors[0]]


async def _interval(plant: Plant) -> list[int]:
    await upsert_sensors(plant.db, [NewSensor("PT-2", unit="bar", span_low=0, span_high=20, interval_s=60)])
    return plant.sensors[1:2]


async def _tag_without_alarms(plant: Plant) -> list[int]:
    await plant.db.execute("delete from alarm_definitions where sensor_id = $1", plant.sensors[2])
    return plant.sensors[2:3]


CHANGES = [_limit, _disabled, _grouped_and_counted, _new_tag_before_the_others, _interval, _tag_without_alarms]


def _by_alarm(loaded: Loaded) -> dict[int, dict[str, object]]:
    """Everything of each alarm that does not depend on what else there is."""
    d, state = loaded.definitions, loaded.state
    names = {number: name for name, number in loaded.groups.items()}
    found = {}
    for row, alarm_id in enumerate(d.alarm_id.tolist()):
        tag = int(d.sensor[row])
        columns = {f.name: getattr(d, f.name)[row] for f in fields(Definitions) if f.name not in _RELATIVE}
        regions = {name: getattr(state, name)[row] for name in ("cond", "occurrence", "suppressed", "first_out")}
        desk = {f"desk_{f.name}": getattr(state.desk, f.name)[row] for f in fields(state.desk)}
        seen = (state.last_t[tag], state.last_v[tag], state.last_q[tag], d.stale_after[tag], d.sensor_id[tag])
        reference = None if d.reference[row] < 0 else int(d.sensor_id[d.reference[row]])
        group = names.get(int(d.group[row]))
        spells = state.spells.only(state.spells.row == row)
        over = sorted(zip(spells.start.tolist(), spells.end.tolist(), strict=True))
        others = {"seen": seen, "reference": reference, "group": group, "spells": over}
        found[alarm_id] = {**columns, **regions, **desk, **others}
    return found


_RELATIVE = {"sensor_id", "stale_after", "sensor", "reference", "group", "plain"}


@pytest.mark.parametrize("named", [True, False], ids=["named", "all"])
@pytest.mark.parametrize("changes", [*([change] for change in CHANGES), CHANGES, CHANGES[::-1]])
async def test_what_is_read_again_is_what_a_fresh_start_would_read(
    database: Database, changes: list[Change], named: bool
) -> None:
    plant = await build_plant(database, tags=4, group="P")
    evaluator = AlarmEvaluator(database, plant.clock)
    for second in (0, 20):
        await evaluator.on_batch(await plant.reads(second, 12.0, 5.0, 12.0, 5.0))
        await evaluator.on_batch(await plant.reads(second + 10, 5.0, 12.0, 12.0, 5.0))
    await evaluator.close()  # the positions are stored
    loaded, suppression = await load_all(database, plant.clock())
    assert len(loaded.state.spells) == 3
    for change in changes:
        tags = await change(plant)
        reading = await read_again(database, plant.clock(), loaded, suppression, tags if named else None)
        loaded, suppression = await put_in_place(database, reading, loaded, suppression)
    fresh, _ = await load_all(database, plant.clock())
    np.testing.assert_equal(_by_alarm(loaded), _by_alarm(fresh))


async def test_evaluation_goes_on_by_what_was_in_force_until_everything_is_read(database: Database) -> None:
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 5.0, 5.0))
    await set_limits(database, plant.sensors[0], {"H": 4.0})
    async with database.transaction() as connection:
        await connection.execute("lock table sensor_limits in access exclusive mode")  # reading again waits for it
        reload = asyncio.create_task(evaluator.on_changed("limits", plant.sensors[:1]))
        async with asyncio.timeout(30):
            await evaluator.on_batch(await plant.reads(10, 5.0, 12.0))
            await evaluator.on_timer(plant.at(20))
        assert await plant.states() == ["NORM", "UNACK"]
        assert not reload.done()
    await reload
    assert await plant.states() == ["UNACK", "UNACK"]
    assert [kind for _, kind in await plant.journal()] == ["ATTR", "ACT", "ACT"]
    assert await alarms.journal_breaks(database) == []


async def test_what_an_operator_did_meanwhile_counts_and_what_no_message_told_is_found(database: Database) -> None:
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 12.0, 12.0))
    until = time.time_ns() + HOUR
    await alarms.shelve(database, plant.high[:1], "desk 1", "untold", until=until)
    async with database.transaction() as connection:
        await connection.execute("lock table sensor_limits in access exclusive mode")
        reload = asyncio.create_task(evaluator.on_changed("resync", []))
        await alarms.shelve(database, plant.high[1:], "desk 1", "told", until=until)
        await evaluator.on_changed("alarms", plant.high[1:])
    await reload
    assert await plant.states() == ["SHLVD", "SHLVD"]
    await evaluator.on_timer(until + MINUTE)
    assert await plant.states() == ["UNACK", "UNACK"], "both shelves have ended by themselves"
    assert await alarms.journal_breaks(database) == []


async def test_an_alarm_disabled_while_it_is_evaluated_ends_once(database: Database) -> None:
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 12.0, 12.0))
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "H", enabled=False)])
    await evaluator.on_batch(await plant.reads(10, 5.0, 12.0))  # the message is still under way
    await evaluator.on_changed("limits", plant.sensors[:1])
    await evaluator.on_batch(await plant.reads(20, 13.0, 5.0))
    ends = [event for event in await plant.journal() if event[1] == "RTN"]
    assert sorted(ends) == sorted([(plant.high[0], "RTN"), (plant.high[1], "RTN")])
    assert await alarms.journal_breaks(database) == []
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "H")])
    await evaluator.on_changed("limits", plant.sensors[:1])
    assert (await plant.states())[0] == "UNACK", "enabled again, it is judged by the newest reading"


async def test_an_alarm_disabled_while_it_only_waits_leaves_no_return_behind(database: Database) -> None:
    plant = await build_plant(database, on_delay_s=60.0)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 12.0, 5.0))
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "H", on_delay_s=60.0, enabled=False)])
    await evaluator.on_changed("limits", plant.sensors[:1])
    assert [kind for _, kind in await plant.journal()] == ["ATTR"]
    assert await database.fetchval("select cond from alarms where alarm_id = $1", plant.high[0]) == "N"


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(("then", "now", "state"), [(12.0, 5.0, "NORM"), (5.0, 5.0, "NORM"), (5.0, 12.0, "UNACK")])
async def test_what_happened_while_an_alarm_was_out_of_use_is_history(
    database: Database, then: float, now: float, state: str, restarted: bool
) -> None:
    """All alarms of its tag are, so that nothing of it is read meanwhile."""
    plant = await build_plant(database)
    await database.execute("delete from alarm_definitions where kind = 'L'")
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 5.0, 5.0))
    await evaluator.on_batch(await plant.reads(10, then, 5.0))
    await evaluator.close()
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "H", enabled=False)])
    await evaluator.on_changed("limits", plant.sensors[:1])
    for second, value in ((1000, 12.0), (2000, 5.0), (3000, 12.0), (4000, 5.0), (5000, now)):
        await evaluator.on_batch(await plant.reads(second, value, 5.0))
    await evaluator.close()
    if restarted:
        evaluator = AlarmEvaluator(database, plant.clock)
        await evaluator.on_timer(plant.clock())
    before = len(await plant.journal())
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "H")])
    await evaluator.on_changed("limits", plant.sensors[:1])
    await evaluator.on_timer(plant.at(5003))
    assert (await plant.states())[0] == (state if then < 10 or state == "UNACK" else "RTNUN")
    assert [kind for _, kind in (await plant.journal())[before:]] == ["ATTR", *(["ACT"] if state == "UNACK" else [])]


async def test_readings_of_a_new_tag_that_come_while_it_is_read_are_not_missed(database: Database) -> None:
    plant = await build_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 5.0, 5.0))
    (tag,) = (await upsert_sensors(database, [NewSensor("NEW", interval_s=10)])).values()
    await set_limits(database, tag, {"H": 10.0})
    (alarm,) = await upsert_definitions(database, [NewAlarmDefinition(tag, "H")])
    plant.sensors.append(tag)
    async with database.transaction() as connection:
        await connection.execute("lock table alarm_rules in access exclusive mode")
        reload = asyncio.create_task(evaluator.on_changed("limits", [tag]))
        await evaluator.on_batch(await plant.reads(10, 5.0, 5.0, 12.0))
    await reload
    await evaluator.on_batch(await plant.reads(20, 5.0, 5.0, 12.0))
    assert await plant.journal() == [(alarm, "ACT")]
