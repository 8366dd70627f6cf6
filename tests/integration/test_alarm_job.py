"""The alarm job as the service runs it: alarms, floods and maintenance come by messages and timers alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from ksys_core.domain.alarms.reasons import reason_words
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND
from ksys_core.services import alarms_modes
from ksys_core.services.alarms import load_active
from ksys_core.services.alarms_modes import current_flood
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import set_limits
from ksys_core.store.session import pulse
from tests.integration.alarms_plant import Plant, alarm_job, build_plant


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - the database is asked
            await asyncio.sleep(0.05)


async def reads(plant: Plant, value: float, ago_s: int) -> None:
    n, now = len(plant.sensors), time.time_ns() // SECOND * SECOND
    await ingest(plant.db, ReadingBatch.of(plant.sensors, [now - ago_s * SECOND] * n, [value] * n))


async def test_floods_and_maintenance_reach_the_desk(database: Database) -> None:
    plant = await build_plant(database, tags=12)
    await database.execute("update sensors set area = 'P', interval_s = 60")
    await reads(plant, 5.0, 5)

    async def listed(n: int) -> bool:
        return len(await load_active(database)) == n

    async def flooded() -> bool:
        return await current_flood(database) is not None

    async with alarm_job(database):
        await until(lambda: _evaluated(database))
        await reads(plant, 12.0, 0)
        await until(lambda: listed(12))
        await until(flooded)
        number = await alarms_modes.start_maintenance(database, "P", 600, "line is down", "desk 1")
        await until(lambda: listed(0))
        reasons = await database.fetch("select distinct suppressed_reason as r from alarms where suppressed")
        assert [reason_words(row["r"])[:3] for row in reasons] == [f"M{number} "]
        await alarms_modes.end_maintenance(database, number, "desk 1")
        await until(lambda: listed(5))  # the others wait for their places


async def test_a_changed_limit_reaches_the_alarm_by_its_message_alone(database: Database) -> None:
    plant = await build_plant(database)
    await reads(plant, 8.0, 0)

    async def listed(n: int) -> bool:
        return len(await load_active(database)) == n

    async with alarm_job(database):
        await until(lambda: _evaluated(database))
        await set_limits(database, plant.sensors[1], {"H": 7.0})
        await until(lambda: listed(1))
        assert await plant.states() == ["NORM", "UNACK"]


async def test_each_pass_says_when_it_was_and_when_the_next_one_comes(database: Database) -> None:
    await build_plant(database)
    assert (await pulse(database)).evaluated_ns is None

    async def passed_after(ns: int) -> bool:
        return ((await pulse(database)).evaluated_ns or 0) > ns

    async with alarm_job(database):
        await until(lambda: passed_after(0))
        first = await pulse(database)
        assert first.evaluated_ns is not None
        assert first.evaluation_due_ns == first.evaluated_ns + SECOND // 10
        await until(lambda: passed_after(first.evaluated_ns or 0))
    last = await pulse(database)
    async with alarm_job(database):
        await until(lambda: passed_after(last.evaluated_ns or 0))


async def test_an_evaluation_that_fails_says_nothing(database: Database) -> None:
    await build_plant(database)
    await database.execute("alter table alarm_positions rename to gone")
    async with alarm_job(database) as job:
        await asyncio.wait([job])
    assert (await pulse(database)).evaluated_ns is None


async def _evaluated(database: Database) -> bool:
    return bool(await database.fetchval("select exists (select from alarm_positions)"))
