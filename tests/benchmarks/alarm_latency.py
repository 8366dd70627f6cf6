"""From a stored batch of readings to the message that alarms have changed, at 20,000 tags with four alarms each.

``python -m tests.benchmarks.alarm_latency [--json] [--tags N] [--batches N]``

The reference is the time that storing the same batch takes in the same run.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

import numpy as np

from ksys_core import log
from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.events import EventStream
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, upsert_sensors
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


async def measure(dsn: str, tags: int, batches: int) -> tuple[list[float], list[float], int]:
    """Seconds from commit to message, and to store, of each batch; transitions in all."""
    await migrate(dsn)
    db = await Database.connect(dsn, statement_timeout_s=0)
    sensors = await build(db, tags)
    begin = time.time_ns() // SECOND * SECOND - batches * SECOND
    draw = np.random.default_rng(5)
    values = draw.uniform(15, 85, tags)
    await ingest(db, ReadingBatch.of(sensors, [begin] * tags, values))
    evaluator = AlarmEvaluator(db, time.time_ns)
    await evaluator.catch_up()
    latency, stored, transitions = [], [], 0
    async with aclosing(aiter(EventStream(dsn))) as changes:  # type: ignore[type-var]
        await anext(changes)  # it listens from now on
        for second in range(1, batches + 1):
            values = np.clip(values + draw.normal(0, 1, tags), 0, 100)
            start = time.perf_counter()
            await ingest(db, ReadingBatch.of(sensors, [begin + second * SECOND] * tags, values))
            done = time.perf_counter()
            stored.append(done - start)
            transitions += await evaluator.catch_up()
            async for change in changes:
                if change.kind == "alarms":
                    break
            latency.append(time.perf_counter() - done)
    await db.close()
    return latency, stored, transitions


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--tags", type=int, default=20_000)
    given.add_argument("--batches", type=int, default=100)
    options = given.parse_args()
    log.configure("benchmark", "warning", None)
    with durable_server() as dsn:
        latency, stored, transitions = asyncio.run(measure(dsn, options.tags, options.batches))
    milliseconds = 1000 * np.array(latency)
    line(
        "alarm_latency",
        float(np.percentile(milliseconds, 99)),
        "ms",
        1000 * float(np.percentile(stored, 99)),
        as_json=options.json,
        p50_ms=round(float(np.median(milliseconds)), 1),
        p99_ms=round(float(np.percentile(milliseconds, 99)), 1),
        tags=options.tags,
        definitions=4 * options.tags,
        transitions_per_batch=round(transitions / options.batches, 1),
        compared_with="storing the same batch",
    )


if __name__ == "__main__":
    main()
