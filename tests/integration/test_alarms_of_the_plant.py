"""The simulated plant through the evaluator: a cleaning is silent, a lost source is one alarm."""

from __future__ import annotations

import numpy as np

from ksys_core.domain.times import HOUR, MINUTE, SECOND
from ksys_core.services import alarms
from ksys_core.services.alarms import JournalFilter
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.services.plant_setup import install_demo_plant
from ksys_core.sources.simulator.plant import SimulatedPlant
from ksys_core.sources.simulator.source import bind
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest

PLANT = SimulatedPlant(seed=1)
START = 1_795_000_000 * SECOND


async def run(database: Database, evaluator: AlarmEvaluator, start: int, stop: int) -> None:
    """Readings of ``[start, stop)``, evaluated ten minutes at a time."""
    bound = await bind(database, PLANT)
    for begin in range(start, stop, 10 * MINUTE):
        end = min(begin + 10 * MINUTE, stop)
        await ingest(database, bound.batch(begin, end))
        await evaluator.catch_up()
        await evaluator.on_timer(end)


async def test_a_cleaning_is_silent_but_journaled(database: Database) -> None:
    await install_demo_plant(database)
    days = PLANT.scenarios(START, START + 20 * 24 * HOUR)
    cleaning = next(event for event in days if event.kind.name == "cleaning")
    evaluator = AlarmEvaluator(database, lambda: cleaning.stop + 2 * HOUR)
    begin = cleaning.start - 10 * MINUTE
    await run(database, evaluator, begin, cleaning.start + 30 * MINUTE)
    entries = (await alarms.journal(database, limit=1000, filters=JournalFilter(kinds=["ACT"]))).entries
    low = {
        (entry.tag, entry.alarm_kind) for entry in entries if entry.alarm_kind in ("L", "LL") and entry.tag != "FEED_PH"
    }
    assert len(low) == 10
    assert {entry.isa_to for entry in entries if (entry.tag, entry.alarm_kind) in low} == {"DSUPR"}
    await run(database, evaluator, cleaning.start + 30 * MINUTE, cleaning.stop + 10 * MINUTE)
    states = await database.fetch(
        "select distinct a.isa_state from alarms a join alarm_rules r on a.alarm_id = any(r.alarm_ids)"
    )
    assert [row["isa_state"] for row in states] == ["NORM"]
    assert await alarms.journal_breaks(database) == []


async def test_a_lost_source_is_one_alarm_and_holds_the_others(database: Database) -> None:
    await install_demo_plant(database)
    clock = [START + HOUR]
    evaluator = AlarmEvaluator(database, lambda: clock[0])
    await run(database, evaluator, START, START + 10 * MINUTE)
    newest = int(np.max(PLANT.block(START, START + 10 * MINUTE).t))
    await evaluator.on_timer(newest + 33 * SECOND)  # delays that end before the values are stale
    before = {row["alarm_id"]: row["cond"] for row in await database.fetch("select alarm_id, cond from alarms")}
    entries = await database.fetchval("select count(*) from alarm_events")
    await evaluator.on_timer(newest + 45 * SECOND)  # stale after 30 s, but not yet two scans on
    assert await database.fetchval("select count(*) from alarm_events") == entries
    await evaluator.on_timer(newest + 53 * SECOND)
    (added,) = (await alarms.journal(database, limit=1)).entries
    assert (added.tag, added.alarm_kind, added.kind) == ("FEED_VALVE_OPEN", "SOURCE", "ACT")
    assert await database.fetchval("select count(*) from alarm_events") == entries + 1
    after = {row["alarm_id"]: row["cond"] for row in await database.fetch("select alarm_id, cond from alarms")}
    del after[added.alarm_id], before[added.alarm_id]
    held = {alarm_id: cond for alarm_id, cond in before.items() if cond in ("A", "PEND_OFF")}
    assert held == {alarm_id: after[alarm_id] for alarm_id in held}
    await run(database, evaluator, START + 20 * MINUTE, START + 21 * MINUTE)
    assert await database.fetchval("select cond from alarms where alarm_id = $1", added.alarm_id) == "N"


async def test_a_source_that_begins_with_the_evaluation_is_not_lost_one_that_stays_away_is(database: Database) -> None:
    await install_demo_plant(database)
    evaluator = AlarmEvaluator(database, lambda: START)
    await evaluator.catch_up()
    for second in range(0, 50, 5):
        assert await evaluator.on_timer(START + second * SECOND) == 0
    assert await evaluator.on_timer(START + 60 * SECOND) == 1
