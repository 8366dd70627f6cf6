"""A night's retraining, job by job as the service does it, and how fast a running job is cancelled.

The night of so many sensors is reckoned up to 1,000 on one instance; the references are what is promised.

``python -m tests.benchmarks.training [--json] [--sensors N]``
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

from ksys_core.domain.times import DAY, HOUR, MINUTE
from ksys_core.services import models, retraining, training
from ksys_core.services.models import TrainingPlan
from ksys_core.services.training import TrainingRequest
from ksys_core.services.training_run import run_claimed
from ksys_core.store import training as store
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from tests.benchmarks.report import durable_server, line, parser
from tests.integration.forecasting.plant import add_sensor, minutes, put, wave

NIGHT_S, CANCEL_S = 7200.0, 2.0
DAYS = 30
CLAIMANT = "benchmark"


async def _plant(db: Database, sensors: int, now: int) -> None:
    """Sensors with a month of readings every five minutes and a ridge champion of yesterday."""
    executor = ThreadPoolExecutor(1)
    t = minutes(now - DAYS * DAY, now, every=5)
    for i in range(sensors):
        await put(db, await add_sensor(db, f"S{i}"), t, wave(t, i))
        plan = TrainingPlan("ridge", season=288)
        await models.deploy(db, now_ns=now, executor=executor, tag=f"S{i}", plan=plan)
    await db.execute("update trained_models set created_at = created_at - interval '2 days'")


async def _night(db: Database, now: int) -> float:
    """Seconds for all jobs of the night, one after another."""
    where = "UTC" if now % DAY >= 2 * HOUR else "Asia/Seoul"  # where it is after two o'clock now
    await retraining.nightly(db, now_ns=now, zone=ZoneInfo(where))
    await db.execute("update training_jobs set not_before = now()")
    begun = time.perf_counter()
    while (job := await store.claim(db, CLAIMANT, now_ns=now)) is not None:
        await run_claimed(db, job, CLAIMANT)
    taken = time.perf_counter() - begun
    assert await db.fetchval("select bool_and(status = 'done') from training_jobs")
    return taken


async def _cancelled(db: Database, now: int) -> float:
    """Seconds from the wish to the end of the process."""
    request = TrainingRequest(("mstl", "auto_arima"), 300, 36, 288, float(DAYS))
    job_id = await training.file(db, tags=["S0"], request=request)
    job = await store.claim(db, CLAIMANT, now_ns=now, job_id=job_id)
    assert job is not None
    running = asyncio.create_task(run_claimed(db, job, CLAIMANT))
    while not await db.fetchval("select progress > 0 from training_jobs where job_id = $1", job_id):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    begun = time.perf_counter()
    await training.cancel(db, job_id=job_id)
    await running
    return time.perf_counter() - begun


async def _run(dsn: str, sensors: int, as_json: bool) -> None:
    await migrate(dsn)
    db = await Database.connect(dsn)
    now = time.time_ns() // (5 * MINUTE) * 5 * MINUTE
    await _plant(db, sensors, now)
    seconds = await _night(db, now)
    line("night_of_1000_sensors", seconds / sensors * 1000, "s", NIGHT_S, as_json=as_json, sensors=sensors)
    line("cancel", await _cancelled(db, now), "s", CANCEL_S, as_json=as_json)
    await db.close()


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--sensors", type=int, default=20)
    options = given.parse_args()
    with durable_server() as dsn:
        asyncio.run(_run(dsn, options.sensors, options.json))


if __name__ == "__main__":
    main()
