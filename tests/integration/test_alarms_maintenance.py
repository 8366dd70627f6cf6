"""Maintenance of areas, and who may do what of rules and maintenance."""

from __future__ import annotations

import pytest

from ksys_core.domain.times import SECOND
from ksys_core.errors import DeniedError, KnownError
from ksys_core.services import alarms_modes, alarms_rules
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.store.pool import Database
from tests.integration.alarms_plant import build_plant
from tests.integration.alarms_ruled_plant import STOPPED, reads, reason, ruled_plant
from tests.integration.test_alarms_desk import signed_in


async def test_rights_on_rules_and_maintenance(database: Database) -> None:
    _, _, rule_id = await ruled_plant(database)
    async with signed_in(database, "ksys_operator") as (db, name):
        with pytest.raises(DeniedError):
            await alarms_rules.save(db, STOPPED, "d")
        with pytest.raises(DeniedError):
            await alarms_rules.approve(db, rule_id, 1, "d")
        with pytest.raises(DeniedError):
            await alarms_rules.enable(db, rule_id, False, "x", "d")
        with pytest.raises(DeniedError):
            await db.execute("update alarm_rules set approved_by = 'x'")
        number = await alarms_modes.start_maintenance(db, "P", 600, "storm", "desk 1")
        (under,) = await alarms_modes.maintenance(db)
        assert (under.area, under.by, under.reason) == ("P", name, "storm")
        assert await alarms_modes.end_maintenance(db, number, "desk 1")
        assert not await alarms_modes.end_maintenance(db, number, "desk 1")
    async with signed_in(database, "ksys_viewer") as (db, _):
        assert await alarms_modes.maintenance(db) == ()
        assert await alarms_rules.all_rules(db)
        with pytest.raises(DeniedError):
            await alarms_modes.start_maintenance(db, "P", 600, "storm", "desk 1")
    done = await database.fetch("select action, actor from audit_log where action like 'maint%' order by audit_id")
    assert [tuple(row) for row in done] == [("maintenance.start", name), ("maintenance.end", name)]


async def test_the_service_role_can_do_all_of_it(database: Database) -> None:
    plant, stop, _ = await ruled_plant(database)
    now = await database.fetchval("select (extract(epoch from now()) * 1e9)::bigint")
    await alarms_modes.start_maintenance(database, "P", 60, "storm", "desk 1")
    async with signed_in(database, "ksys_service") as (db, _):
        evaluator = AlarmEvaluator(db, plant.clock)
        await reads(plant, stop, 0, 1, 12.0, 5.0)
        await evaluator.catch_up()
        await evaluator.on_timer(now + 90 * SECOND)
        await alarms_modes.FloodWatch(db).check(now)
        await evaluator.close()
    assert await database.fetchval("select count(*) from alarm_maintenance where ended_at = until_at") == 1


async def test_maintenance_hides_its_area_but_priority_one_and_safety_and_ends_by_itself(database: Database) -> None:
    plant = await build_plant(database, 4)
    await database.execute(
        "update sensors set area = case when sensor_id = $1 then 'Q' else 'P/1' end", plant.sensors[3]
    )
    await database.execute("update alarm_definitions set priority = 1 where alarm_id = $1", plant.high[1])
    await database.execute("update alarm_definitions set class = 'safety' where alarm_id = $1", plant.high[2])
    evaluator = AlarmEvaluator(database, plant.clock)
    await plant.reads(0, 5.0, 5.0, 5.0, 5.0)
    await evaluator.catch_up()
    await plant.reads(10, 12.0, 12.0, 12.0, 12.0)
    await evaluator.catch_up()
    now = int(await database.fetchval("select (extract(epoch from clock_timestamp()) * 1e9)::bigint"))
    number = await alarms_modes.start_maintenance(database, "P", 600, "new modem", "desk 1")
    plant.now = now + 3 * SECOND
    await evaluator.on_changed("alarm_modes", [])
    assert await plant.states() == ["DSUPR", "UNACK", "UNACK", "UNACK"]
    said = await reason(database, plant.high[0])
    assert said.startswith(f"M{number} Maintenance of P: new modem (")
    assert await alarms_modes.start_maintenance(database, "P", 3600, "longer", "desk 1") == number
    plant.now += SECOND
    await evaluator.on_changed("alarm_modes", [])
    assert "longer" in await reason(database, plant.high[0])
    await evaluator.on_timer(now + 3590 * SECOND)
    assert (await plant.states())[0] == "DSUPR"
    await evaluator.on_timer(now + 3700 * SECOND)
    assert await plant.states() == ["UNACK"] * 4
    assert await alarms_modes.maintenance(database, now + 3700 * SECOND) == ()
    assert await database.fetchval("select ended_at = until_at and ended_by is null from alarm_maintenance")


@pytest.mark.parametrize(
    ("area", "seconds", "text", "code"),
    [
        ("Z", 600.0, "x", "maintenance.area"),
        ("", 600.0, "x", "maintenance.area"),
        ("P", 5.0, "x", "maintenance.duration"),
        ("P", -600.0, "x", "maintenance.duration"),
        ("P", float("nan"), "x", "maintenance.duration"),
        ("P", 1e9, "x", "maintenance.duration"),
        ("P", 600.0, "  ", "alarm.reason_missing"),
        ("P", 600.0, "x" * 10_000, "alarm.text_too_long"),
    ],
)
async def test_maintenance_that_makes_no_sense_is_refused(
    database: Database, area: str, seconds: float, text: str, code: str
) -> None:
    await ruled_plant(database)
    with pytest.raises(KnownError) as refused:
        await alarms_modes.start_maintenance(database, area, seconds, text, "desk 1")
    assert refused.value.code == code
    assert await alarms_modes.maintenance(database) == ()
