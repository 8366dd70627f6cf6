"""From a stored batch of readings to the message that alarms have changed, at 20,000 tags with four alarms each.

``python -m tests.benchmarks.alarm_latency [--json] [--tags N] [--batches N] [--reloads N]``

The reference is the time that storing the same batch takes in the same run. Beside it: what one changed limit costs
(`reload_ms`), reading all definitions again (`reload_all_ms`), and how long batches take while that goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field

import numpy as np

from ksys_core import log
from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.events import Changed, EventStream
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, set_limits, upsert_sensors
from tests.benchmarks.report import durable_server, line, parser

_LIMITS = """
insert into sensor_limits (sensor_id, kind, valid_from, value)
select sensor_id, kind, now() - interval '1 day', value
  from sensors, (values ('HH', 90.0), ('H', 80.0), ('L', 20.0), ('LL', 10.0)) as limits(kind, value)
"""


async def build(db: Database, tags: int) -> list[int]:
    made = await upsert_sensors(db, [NewSensor(f"T-{k}", span_low=0, span_high=100) for k in range(tags)])
    await db.execute(_LIMITS)
    kinds = ("HH", "H", "L", "LL")
    for start in range(0, tags, 1000):
        part = list(made.values())[start : start + 1000]
        await upsert_definitions(db, [NewAlarmDefinition(s, kind, dead_band=1.0) for s in part for kind in kinds])  # type: ignore[arg-type]
    return list(made.values())


@dataclass
class Measured:
    """Seconds of each batch from commit to message, `beside` reloads too, and to store; of reloads; transitions."""

    latency: list[float] = field(default_factory=list)
    stored: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    reload: list[float] = field(default_factory=list)
    reload_all: list[float] = field(default_factory=list)
    transitions: int = 0


class Plant:
    """Tags that move a little each second, their evaluator, and the messages of the database."""

    def __init__(self, db: Database, sensors: list[int], begin: int, changes: AsyncIterator[Changed]) -> None:
        self.db, self.sensors, self.now, self.changes = db, sensors, begin, changes
        self.evaluator = AlarmEvaluator(db, time.time_ns)
        self._draw = np.random.default_rng(5)
        self._values = self._draw.uniform(15, 85, len(sensors))

    async def store(self) -> float:
        """Store the next second's batch; when it was done."""
        self._values = np.clip(self._values + self._draw.normal(0, 1, len(self.sensors)), 0, 100)
        self.now += SECOND
        await ingest(self.db, ReadingBatch.of(self.sensors, [self.now] * len(self.sensors), self._values))
        return time.perf_counter()

    async def told(self) -> int:
        """Evaluate what is stored and wait for the message; the number of transitions."""
        count = await self.evaluator.catch_up()
        async for change in self.changes:
            if change.kind == "alarms":
                break
        return count


async def measure(dsn: str, tags: int, batches: int, reloads: int) -> Measured:
    """Batches, then changed limits, then batches while everything is read again."""
    await migrate(dsn)
    db = await Database.connect(dsn, statement_timeout_s=0)
    sensors = await build(db, tags)
    found = Measured()
    async with aclosing(aiter(EventStream(dsn))) as changes:  # type: ignore[type-var]
        await anext(changes)  # it listens from now on
        plant = Plant(db, sensors, time.time_ns() // SECOND * SECOND - 2 * batches * SECOND, changes)
        await plant.store()
        await plant.evaluator.catch_up()
        for _ in range(batches):
            start = time.perf_counter()
            done = await plant.store()
            found.stored.append(done - start)
            found.transitions += await plant.told()
            found.latency.append(time.perf_counter() - done)
        for k in range(reloads):
            await set_limits(db, sensors[k], {"H": 81.0 + k})
            found.reload.append(await _took(plant.evaluator.on_changed("limits", [sensors[k]])))
        while len(found.reload_all) < reloads:
            reload = asyncio.create_task(_took(plant.evaluator.on_changed("limits", [])))
            while not reload.done():
                done = await plant.store()
                await plant.told()
                found.beside.append(time.perf_counter() - done)
            found.reload_all.append(await reload)
    await db.close()
    return found


async def _took(work: Coroutine[None, None, int]) -> float:
    start = time.perf_counter()
    await work
    return time.perf_counter() - start


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--tags", type=int, default=20_000)
    given.add_argument("--batches", type=int, default=100)
    given.add_argument("--reloads", type=int, default=5)
    options = given.parse_args()
    log.configure("benchmark", "warning", None)
    with durable_server() as dsn:
        found = asyncio.run(measure(dsn, options.tags, options.batches, options.reloads))
    milliseconds = 1000 * np.array(found.latency)
    line(
        "alarm_latency",
        float(np.percentile(milliseconds, 99)),
        "ms",
        1000 * float(np.percentile(found.stored, 99)),
        as_json=options.json,
        p50_ms=round(float(np.median(milliseconds)), 1),
        p99_ms=round(float(np.percentile(milliseconds, 99)), 1),
        tags=options.tags,
        definitions=4 * options.tags,
        transitions_per_batch=round(found.transitions / options.batches, 1),
        reload_ms=round(1000 * float(np.median(found.reload)), 1),
        reload_all_ms=round(1000 * float(np.median(found.reload_all)), 1),
        p99_during_reload_ms=round(1000 * float(np.percentile(found.beside, 99)), 1),
        batches_during_reload=len(found.beside),
        compared_with="storing the same batch",
    )


if __name__ == "__main__":
    main()
