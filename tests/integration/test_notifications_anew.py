"""Alarms that sound anew are told from then on: after they were hidden, again after a while, and taken back."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from ksys_core.domain.times import DAY, HOUR, SECOND, to_ns
from ksys_core.services import alarms, alarms_modes, notifications
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.store import notifications as store
from ksys_core.store.pool import Database
from ksys_core.store.schema import FOLDER
from scheduler_service.sender import send
from tests.integration.alarms_plant import Plant, build_plant
from tests.integration.receivers import web_server
from tests.integration.test_notifications import ROUTE, SEOUL, add, hook, states

Act = Callable[[Plant, AlarmEvaluator], Awaitable[None]]


async def plant_of(db: Database, monkeypatch: pytest.MonkeyPatch, days: int, **high: object) -> Plant:
    """One tag whose readings begin some days before the clock of the database, in area P."""
    start = to_ns(await db.fetchval("select clock_timestamp()")) - days * DAY
    monkeypatch.setattr("tests.integration.alarms_plant.START", start)
    plant = await build_plant(db, 1, **high)
    await db.execute("update sensors set area = 'P'")
    plant.now = start
    return plant


async def to_the_present(plant: Plant, evaluator: AlarmEvaluator, ahead_s: float = 0) -> None:
    plant.now = to_ns(await plant.db.fetchval("select clock_timestamp()")) + round(ahead_s * SECOND)
    await evaluator.on_timer(plant.now)


async def sounded(plant: Plant) -> int:
    """When the newest entry of the journal made an alarm unacknowledged (ns)."""
    found = "select detected_ts from alarm_events where isa_to = 'UNACK' order by event_id desc limit 1"
    return to_ns(await plant.db.fetchval(found))


async def told(plant: Plant, at: int) -> int:
    return await notifications.run(plant.db, send, now_ns=at, zone=SEOUL)


async def shelve(plant: Plant, evaluator: AlarmEvaluator) -> None:
    until = time.time_ns() + HOUR
    await alarms.shelve(plant.db, plant.high, "desk 1", "work", until)
    await evaluator.on_changed("alarms", plant.high)


async def remove(plant: Plant, evaluator: AlarmEvaluator) -> None:
    await alarms.remove_from_service(plant.db, plant.high, "desk 1", "work", "P-1", time.time_ns() + HOUR)
    await evaluator.on_changed("alarms", plant.high)


async def put_back(plant: Plant, evaluator: AlarmEvaluator) -> None:
    await alarms.return_to_service(plant.db, plant.high, "desk 1")
    await evaluator.on_changed("alarms", plant.high)


async def maintain(plant: Plant, evaluator: AlarmEvaluator) -> None:
    await alarms_modes.start_maintenance(plant.db, "P", 600, "work", "desk 1")
    await plant.db.execute("update alarm_maintenance set started_at = to_timestamp($1)", plant.at(0) / SECOND - 60)
    await evaluator.on_changed("alarm_modes", [])
    await evaluator.on_timer(plant.now)


async def end_maintenance(plant: Plant, evaluator: AlarmEvaluator) -> None:
    (under,) = await alarms_modes.maintenance(plant.db)
    await alarms_modes.end_maintenance(plant.db, under.maintenance_id, "desk 1")
    await evaluator.on_changed("alarm_modes", [])
    await to_the_present(plant, evaluator, 1)


async def shelf_ends(plant: Plant, evaluator: AlarmEvaluator) -> None:
    await to_the_present(plant, evaluator, 2 * HOUR / SECOND)


@pytest.mark.parametrize(
    ("hide", "back", "hidden_as"),
    [
        pytest.param(shelve, shelf_ends, "SHLVD", id="shelved"),
        pytest.param(remove, put_back, "OOSRV", id="out of service"),
        pytest.param(maintain, end_maintenance, "DSUPR", id="suppressed"),
    ],
)
async def test_an_alarm_that_was_hidden_for_days_is_told_when_it_comes_back(
    database: Database, monkeypatch: pytest.MonkeyPatch, hide: Act, back: Act, hidden_as: str
) -> None:
    plant = await plant_of(database, monkeypatch, 3)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.catch_up()
    await hide(plant, evaluator)
    await evaluator.on_batch(await plant.reads(10, 12.0))
    assert await plant.states() == [hidden_as]
    async with web_server() as web:
        await add(database, ROUTE, hook(web))
        assert await told(plant, plant.at(20)) == 0
        await back(plant, evaluator)
        assert await plant.states() == ["UNACK"]
        now = await sounded(plant)
        assert await told(plant, now + SECOND) == 1
        assert await told(plant, now + 3 * SECOND) == 0, "once"
    assert [post["title"] for post in web.posts] == ["Alarm of priority 3: PT-1 H"]


async def test_a_re_alarm_waits_its_time_again_before_it_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = await plant_of(database, monkeypatch, 0, realarm_s=3600.0)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 12.0))
    async with web_server() as web:
        await add(database, replace(ROUTE, after_s=1800.0), hook(web))
        await alarms.acknowledge(database, [(plant.high[0], 1)], "desk 1")
        await evaluator.on_changed("alarms", plant.high)
        assert await told(plant, plant.at(1801)) == 0
        await to_the_present(plant, evaluator, 3610)
        assert (await plant.journal())[-1] == (plant.high[0], "RALM")
        again = await sounded(plant)
        assert await told(plant, again + 2 * SECOND) == 0
        assert await told(plant, again + 1799 * SECOND) == 0
        assert await told(plant, again + 1801 * SECOND) == 1


async def test_the_same_occurrence_is_told_anew_when_it_is_taken_back_and_after_service(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = await plant_of(database, monkeypatch, 0)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 12.0))
    async with web_server() as web:
        await add(database, ROUTE, hook(web))
        assert await told(plant, plant.at(1)) == 1
        await alarms.acknowledge(database, [(plant.high[0], 1)], "desk 1")
        await alarms.unacknowledge(database, plant.high, "desk 1", "not understood")
        assert await told(plant, await sounded(plant) + SECOND) == 1
        await remove(plant, evaluator)
        assert await told(plant, await sounded(plant) + SECOND) == 0
        await put_back(plant, evaluator)
        assert await told(plant, await sounded(plant) + SECOND) == 1
        assert await told(plant, await sounded(plant) + 2 * SECOND) == 0
    assert {row["occurrence"] for row in await database.fetch("select occurrence from notifications")} == {1}


async def test_only_the_newest_of_two_messages_of_one_alarm_goes_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = await plant_of(database, monkeypatch, 0)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 12.0))
    async with web_server() as web:
        await add(database, ROUTE, hook(web))
        await store.enqueue(database, plant.at(1))
        await alarms.acknowledge(database, [(plant.high[0], 1)], "desk 1")
        await alarms.unacknowledge(database, plant.high, "desk 1", "not understood")
        assert await told(plant, await sounded(plant) + SECOND) == 1
    assert await states(database) == [("cancelled", 0), ("sent", 1)]


async def test_the_schema_step_tells_nobody_again_of_what_was_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = await plant_of(database, monkeypatch, 0)
    await AlarmEvaluator(database, plant.clock).on_batch(await plant.reads(0, 12.0))
    async with web_server() as web:
        await add(database, ROUTE, hook(web))
        assert await told(plant, plant.at(1)) == 1
        await database.execute("drop index alarm_events_sounded")
        await database.execute("alter table notifications drop column event_id")
        await database.execute("alter table notifications add unique (route_id, alarm_id, occurrence)")
        await database.execute((FOLDER / "0034_told_anew.sql").read_text("utf-8"))
        assert await told(plant, plant.at(2)) == 0
