"""A small plant for tests of alarms: tags with limits and alarms, readings by seconds, a clock that is set."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND
from ksys_core.settings import JobSettings, Settings
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, set_limits, upsert_sensors
from scheduler_service.alarm_job import run_alarms
from scheduler_service.context import JobContext

START = 1_790_000_000 * SECOND


@dataclass
class Plant:
    """Tags PT-1… with H at 10 and L at 0, read every 10 s; alarms in the order H of each, then L of each."""

    db: Database
    sensors: list[int]
    high: list[int]
    low: list[int]
    now: int = START
    sent: list[ReadingBatch] = field(default_factory=list)

    def clock(self) -> int:
        return self.now

    def at(self, second: float) -> int:
        return START + round(second * SECOND)

    async def reads(self, second: float, *values: float) -> ReadingBatch:
        """Store one reading of each of the first tags; the clock goes along."""
        n = len(values)
        batch = ReadingBatch.of(self.sensors[:n], [self.at(second)] * n, values)
        await ingest(self.db, batch)
        self.now = max(self.now, self.at(second))
        self.sent.append(batch)
        return batch

    async def states(self) -> list[str]:
        """ISA states of the H alarms."""
        rows = await self.db.fetch("select alarm_id, isa_state from alarms")
        found = {row["alarm_id"]: row["isa_state"] for row in rows}
        return [found[alarm_id] for alarm_id in self.high]

    async def journal(self) -> list[tuple[int, str]]:
        rows = await self.db.fetch("select alarm_id, kind from alarm_events order by event_id")
        return [(row["alarm_id"], row["kind"]) for row in rows]


async def build_plant(db: Database, tags: int = 2, **high: object) -> Plant:
    """A plant of `tags` tags; `high` are fields of the H alarms' definitions."""
    made = await upsert_sensors(
        db, [NewSensor(f"PT-{k}", unit="bar", span_low=0, span_high=20, interval_s=10) for k in range(1, tags + 1)]
    )
    sensors = [made[f"PT-{k}"] for k in range(1, tags + 1)]
    for sensor_id in sensors:
        await set_limits(db, sensor_id, {"H": 10.0, "L": 0.0})
    highs = await upsert_definitions(db, [NewAlarmDefinition(s, "H", **high) for s in sensors])  # type: ignore[arg-type]
    lows = await upsert_definitions(db, [NewAlarmDefinition(s, "L") for s in sensors])
    return Plant(db, sensors, highs, lows)


@asynccontextmanager
async def alarm_job(db: Database) -> AsyncIterator[asyncio.Task[int]]:
    """The service's alarm job beside the block, ten passes a second."""
    context = JobContext(db, Settings(jobs=JobSettings(alarms_s=0.1)), ThreadPoolExecutor, time.time_ns())
    job = asyncio.create_task(run_alarms(context))
    try:
        yield job
    finally:
        job.cancel()
        await asyncio.wait([job])
