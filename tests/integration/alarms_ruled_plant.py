"""A small plant with a rule: its alarms are hidden while STOP is 1."""

from __future__ import annotations

from ksys_core.domain import quality
from ksys_core.domain.alarms.reasons import reason_words
from ksys_core.domain.readings import ReadingBatch
from ksys_core.services import alarms_rules
from ksys_core.services.alarms_rules import NewRule
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, upsert_sensors
from tests.integration.alarms_plant import Plant, build_plant

STOPPED = NewRule({"en": "Stopped", "ko": "정지"}, "STOP == 1", areas=("P",), hold_off_s=30.0, owner="operations")


async def ruled_plant(db: Database, tags: int = 2, rule: NewRule = STOPPED, **high: object) -> tuple[Plant, int, int]:
    """A plant whose tags lie in area P/1, with an input STOP read every 10 s, and the rule, approved."""
    plant = await build_plant(db, tags, **high)
    await db.execute("update sensors set area = 'P/1'")
    (stop,) = (await upsert_sensors(db, [NewSensor("STOP", area="C", interval_s=10)])).values()
    await alarms_rules.permit_own_approval(db, True, "one person", "desk 1")
    rule_id = await alarms_rules.save(db, rule, "desk 1")
    assert await alarms_rules.approve(db, rule_id, 1, "desk 1")
    return plant, stop, rule_id


async def reads(plant: Plant, stop: int, second: float, stopped: float, *values: float, q: int = quality.GOOD) -> None:
    """Store one reading of the input and of the first tags."""
    n = len(values)
    ids, v = [stop, *plant.sensors[:n]], [stopped, *values]
    await ingest(plant.db, ReadingBatch.of(ids, [plant.at(second)] * (n + 1), v, [q] + [quality.GOOD] * n))
    plant.now = max(plant.now, plant.at(second))


async def reason(db: Database, alarm_id: int) -> str:
    """Why it is suppressed, in words."""
    return reason_words(await db.fetchval("select suppressed_reason from alarms where alarm_id = $1", alarm_id))
