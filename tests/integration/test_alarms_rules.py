"""Suppression by design on a database: rules from writing and approval to the return of the alarms, and maintenance."""

from __future__ import annotations

import asyncio

import pytest

from ksys_core.domain import quality
from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.errors import KnownError
from ksys_core.services import alarms, alarms_modes, alarms_rules
from ksys_core.services.alarms_evaluator import AlarmEvaluator, evaluate_once
from ksys_core.services.alarms_rules import NewRule
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.pool import Database
from tests.integration.alarms_ruled_plant import STOPPED, reads, reason, ruled_plant
from tests.integration.test_alarms_desk import HOSTILE, signed_in


async def test_a_rule_hides_before_the_alarms_of_the_same_batch_and_lets_go_after_its_hold_off(
    database: Database,
) -> None:
    plant, stop, rule_id = await ruled_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await reads(plant, stop, 0, 0, 5.0, 5.0)
    await evaluator.catch_up()
    await reads(plant, stop, 10, 1, 12.0, 5.0)
    await evaluator.catch_up()
    assert await plant.states() == ["DSUPR", "DSUPR"]
    assert await reason(database, plant.high[0]) == f"R{rule_id} Stopped: STOP == 1"
    assert (plant.high[0], "ACT") in await plant.journal()
    await reads(plant, stop, 20, 0, 12.0, 5.0)
    await evaluator.catch_up()
    assert await plant.states() == ["DSUPR", "DSUPR"]
    assert "hold-off 30 s" in await reason(database, plant.high[0])
    await reads(plant, stop, 45, 0, 12.0, 5.0)
    await evaluator.on_timer(plant.at(49))
    assert await plant.states() == ["DSUPR", "DSUPR"]
    await evaluator.on_timer(plant.at(52))
    assert await plant.states() == ["UNACK", "NORM"]
    assert await reason(database, plant.high[0]) == ""
    entries = (await alarms.journal(database)).entries
    told = {(entry.kind, entry.reason[:3]) for entry in entries if entry.alarm_id == plant.high[0]}
    assert told == {("SUPR", f"R{rule_id} "), ("ACT", ""), ("UNSUPR", f"R{rule_id} ")}
    assert await alarms.journal_breaks(database) == []


async def test_only_what_is_approved_and_enabled_acts_and_a_change_withdraws_the_approval(database: Database) -> None:
    plant, stop, rule_id = await ruled_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await reads(plant, stop, 0, 1, 12.0, 12.0)
    await evaluate_once(database, plant.clock)
    await evaluator.on_timer(plant.now + 3 * SECOND)
    assert await plant.states() == ["DSUPR", "DSUPR"]
    assert await alarms_rules.save(database, STOPPED, "desk 1", rule_id=rule_id, version=1) == rule_id
    await evaluator.on_changed("alarm_rules", [])
    assert await plant.states() == ["UNACK", "UNACK"]
    with pytest.raises(KnownError, match="has been changed"):
        await alarms_rules.approve(database, rule_id, 1, "desk 1")
    assert await alarms_rules.approve(database, rule_id, 2, "desk 1")
    assert not await alarms_rules.approve(database, rule_id, 2, "desk 1")
    await evaluator.on_changed("alarm_rules", [])
    assert await plant.states() == ["DSUPR", "DSUPR"]
    assert await alarms_rules.enable(database, rule_id, False, "trial", "desk 1")
    await evaluator.on_changed("alarm_rules", [])
    assert await plant.states() == ["UNACK", "UNACK"]
    (rule,) = await alarms_rules.all_rules(database)
    assert (rule.acts, rule.standing, rule.version, rule.content) == (False, None, 2, STOPPED)
    actions = await database.fetch("select action, object from audit_log where action like 'rule%' order by audit_id")
    assert [row["action"] for row in actions] == [
        "rule.create", "rule.approve", "rule.change", "rule.approve", "rule.disable",
    ]  # fmt: skip
    assert {row["object"] for row in actions} == {f"R{rule_id}"}


@pytest.mark.parametrize("way", ["bad", "stale", "missing"])
async def test_an_input_of_no_use_suppresses_nothing_and_says_so(database: Database, way: str) -> None:
    plant, stop, _ = await ruled_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    if way != "missing":
        await reads(plant, stop, 0, 1, 12.0, 12.0)
        await evaluator.on_timer(plant.at(3))
        await evaluator.catch_up()
        await evaluator.on_timer(plant.at(4))
        assert await plant.states() == ["DSUPR", "DSUPR"]
    else:
        await plant.reads(0, 5.0, 5.0)
        await evaluator.catch_up()
    if way == "bad":
        await reads(plant, stop, 10, 1, 12.0, 12.0, q=quality.BAD)
    else:
        for second in (10, 20, 30, 40):
            await plant.reads(second, 12.0, 12.0)
    await evaluator.catch_up()
    await evaluator.on_timer(plant.now + 3 * SECOND)
    assert await plant.states() == ["UNACK", "UNACK"]
    (rule,) = await alarms_rules.all_rules(database)
    assert rule.standing is not None
    assert (rule.standing.status, rule.detail) == ("lost", "STOP = ?")


async def test_a_restart_goes_on_where_the_rule_stood(database: Database) -> None:
    plant, stop, _ = await ruled_plant(database)
    await evaluate_once(database, plant.clock)
    for second, stopped in ((0, 0), (10, 1), (20, 0)):
        await reads(plant, stop, second, stopped, 12.0 if second else 5.0, 5.0)
        await AlarmEvaluator(database, plant.clock).catch_up()  # positions are not saved, as after a kill
    before = await plant.journal()
    again = AlarmEvaluator(database, plant.clock)
    await again.catch_up()
    await again.on_timer(plant.at(40))
    assert await plant.journal() == before
    assert await plant.states() == ["DSUPR", "DSUPR"]
    await again.on_timer(plant.at(52.5))
    assert await plant.states() == ["UNACK", "NORM"]
    assert await alarms.journal_breaks(database) == []


async def test_a_shutdown_during_an_outage_is_caught_up_with_its_suppression(database: Database) -> None:
    """Hours of readings in one batch: what came while the rule held was never shown."""
    plant, stop, _ = await ruled_plant(database)
    await reads(plant, stop, 0, 0, 5.0, 5.0)
    await evaluate_once(database, plant.clock)
    for second in range(10, 1200, 10):
        stopped = 1 if 300 <= second < 600 else 0
        await reads(plant, stop, second, stopped, 12.0 if stopped else 5.0, 5.0)
    await evaluate_once(database, plant.clock)
    kinds = [(e.kind, e.isa_to) for e in (await alarms.journal(database)).entries if e.alarm_id == plant.high[0]]
    assert kinds == [("UNSUPR", "NORM"), ("RTN", "DSUPR"), ("ACT", "DSUPR"), ("SUPR", "DSUPR")]


async def test_alarms_return_five_in_ten_minutes_also_after_a_restart(database: Database) -> None:
    plant, stop, _ = await ruled_plant(database, tags=12)
    evaluator = AlarmEvaluator(database, plant.clock)
    await reads(plant, stop, 0, 1, *([12.0] * 12))
    await evaluator.catch_up()
    await evaluator.on_timer(plant.at(3))
    await reads(plant, stop, 10, 0, *([12.0] * 12))
    await evaluator.catch_up()
    await evaluator.on_timer(plant.at(43))
    assert sorted(await plant.states()) == ["DSUPR"] * 7 + ["UNACK"] * 5
    waiting = plant.high[(await plant.states()).index("DSUPR")]
    assert (await reason(database, waiting)).endswith("waits to return")
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_timer(plant.at(60))
    assert (await plant.states()).count("UNACK") == 5
    await evaluator.on_timer(plant.at(43) + 10 * MINUTE)
    assert (await plant.states()).count("UNACK") == 10


async def test_an_unacknowledged_alarm_survives_suppression_and_an_operator(database: Database) -> None:
    plant, stop, _ = await ruled_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await reads(plant, stop, 0, 0, 5.0, 5.0)
    await evaluator.catch_up()
    await reads(plant, stop, 10, 0, 12.0, 5.0)
    await evaluator.catch_up()
    (row,) = (await alarms.load_active(database)).rows
    await reads(plant, stop, 20, 1, 5.0, 5.0)
    outcomes, _ = await asyncio.gather(alarms.acknowledge(database, [row.key], "d"), evaluator.catch_up())
    await reads(plant, stop, 30, 0, 5.0, 5.0)
    await evaluator.catch_up()
    await evaluator.on_timer(plant.at(90))
    expected = {"acked": "NORM", "hidden": "RTNUN", "newer": "RTNUN"}[outcomes[0].result]
    assert (await plant.states())[0] == expected


async def test_a_disabled_alarm_leaves_suppression(database: Database) -> None:
    plant, stop, _ = await ruled_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await reads(plant, stop, 0, 1, 5.0, 5.0)
    await evaluator.catch_up()
    await evaluator.on_timer(plant.at(3))
    assert await plant.states() == ["DSUPR", "DSUPR"]
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "H", enabled=False)])
    await evaluator.on_changed("limits", [])
    assert await plant.states() == ["NORM", "DSUPR"]
    assert (plant.high[0], "UNSUPR") in await plant.journal()
    assert await alarms.journal_breaks(database) == []


async def test_rules_name_what_they_hide_by_area_tag_group_and_id(database: Database) -> None:
    plant, _, _ = await ruled_plant(database, tags=4)
    await database.execute("update alarm_definitions set group_name = 'G' where alarm_id = $1", plant.high[1])
    rule = NewRule({"en": "x"}, "STOP > 0", tags=("PT-1",), groups=("G",), alarm_ids=(plant.low[3],))
    hidden = {alarm.alarm_id for alarm in await alarms_rules.preview(database, rule)}
    assert hidden == {plant.high[0], plant.low[0], plant.high[1], plant.low[3]}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"condition": "STOP =="}, "expression"),
        ({"condition": "NOSUCH > 1"}, "expression"),
        ({"condition": "mean(STOP, 60) > 1"}, "rules.window"),
        ({"condition": "1 > 0"}, "rules.constant"),
        ({"condition": "STOP > 0 " * 1000}, "expression"),
        ({"condition": "__import__('os').system('x')"}, "expression"),
        ({"title": {"en": " "}}, "rules.title"),
        ({"title": {"en": "x" * 10_000}}, "rules.long"),
        ({"hold_off_s": -1.0}, "rules.hold_off"),
        ({"hold_off_s": float("nan")}, "rules.hold_off"),
        ({"areas": ()}, "rules.nothing"),
        ({"areas": ("Q",)}, "rules.target"),
        ({"tags": ("'; drop table alarms; --",)}, "rules.target"),
        ({"groups": ("",)}, "rules.target"),
        ({"alarm_ids": (999,)}, "rules.target"),
    ],
)
async def test_what_cannot_be_a_rule_is_refused_by_name(
    database: Database, wrong: dict[str, object], code: str
) -> None:
    await ruled_plant(database)
    fields = {"title": {"en": "x"}, "condition": "STOP > 0", "areas": ("P",)} | wrong
    with pytest.raises(KnownError) as refused:
        await alarms_rules.save(database, NewRule(**fields), "desk 1")  # type: ignore[arg-type]
    assert refused.value.code.startswith(code)
    assert len(await alarms_rules.all_rules(database)) == 1


@pytest.mark.parametrize("text", HOSTILE)
async def test_texts_of_rules_and_maintenance_are_kept_as_they_are(database: Database, text: str) -> None:
    await ruled_plant(database)
    rule = NewRule({"en": text, "ko": text}, "STOP > 0", areas=("P",), owner=text)
    rule_id = await alarms_rules.save(database, rule, text)
    kept = next(each for each in await alarms_rules.all_rules(database) if each.rule_id == rule_id)
    assert kept.content == rule
    await alarms_modes.start_maintenance(database, "P", 600, text, text)
    (under,) = await alarms_modes.maintenance(database)
    assert under.reason == text


async def test_two_engineers_at_once_change_a_rule_once(database: Database) -> None:
    _, _, rule_id = await ruled_plant(database)
    async with (
        signed_in(database, "ksys_engineer") as (first, _),
        signed_in(database, "ksys_admin") as (other, _),
    ):
        results = await asyncio.gather(
            *(alarms_rules.save(db, STOPPED, "d", rule_id=rule_id, version=1) for db in (first, other)),
            return_exceptions=True,
        )
    refused = [result for result in results if isinstance(result, KnownError)]
    assert [error.code for error in refused] == ["rules.changed"]
    assert [rule.version for rule in await alarms_rules.all_rules(database)] == [2]


async def test_a_clock_that_jumps_leaves_rules_working(database: Database) -> None:
    plant, stop, _ = await ruled_plant(database)
    evaluator = AlarmEvaluator(database, plant.clock)
    await reads(plant, stop, 0, 1, 12.0, 5.0)
    await evaluator.catch_up()
    await evaluator.on_timer(plant.at(3))
    assert (await plant.states())[0] == "DSUPR"
    await evaluator.on_timer(plant.at(86_400))  # a day ahead: the input is stale then
    assert (await plant.states())[0] == "UNACK"
    await reads(plant, stop, 10, 1, 12.0, 5.0)
    await evaluator.catch_up()
    await evaluator.on_timer(plant.at(13))
    assert (await plant.states())[0] == "DSUPR"
    assert await alarms.journal_breaks(database) == []
