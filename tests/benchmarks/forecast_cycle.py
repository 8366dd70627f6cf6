"""Seconds of one forecast cycle, database included, beside a loop that refits every sensor and inserts row by row.

``python -m tests.benchmarks.forecast_cycle [--json] [--sensors N] [--algorithm NAME] [--growth]``

Every sensor has a deployed model, days of readings on the durable embedded database and 36 steps with two intervals to
be forecast. "seconds" is the median of the cycles after the first one, each with newer readings and another issue time;
"first_seconds" is the first cycle with workers that have just begun. The reference fits the same algorithm to the same
window anew for a sample of sensors, reads by SELECT and inserts each row by itself, in one process; it is scaled to
all sensors. ``--growth`` shows 100, 300, 1,000 and 3,000 sensors.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final

import numpy as np

from ksys_core.domain.times import DAY, MINUTE, SECOND, to_datetime, to_ns
from ksys_core.forecasting.grid import RegularSeries, from_sums
from ksys_core.forecasting.registry import DEFAULT
from ksys_core.forecasting.work import PredictTask, TrainTask, predict_batch, train
from ksys_core.services import forecast, rollups
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from scheduler_service.executor import LazyExecutor
from tests.benchmarks.forecast_plant import HORIZON, STEP_S, STOP, add_history, add_readings, deploy_all
from tests.benchmarks.report import durable_server, line, parser

GROWTH: Final = (100, 300, 1000, 3000)
CYCLES: Final = 4
MUST_S: Final = 60.0
STRETCH_S: Final = 15.0
REFERENCE: Final = "refits the same algorithm for each sensor and inserts row by row; a sample in one process, scaled"
_SELECT: Final = """
select bucket, sum, n_good from sensor_readings_1m where sensor_id = $1 and bucket >= $2 and bucket < $3 order by 1
"""
_INSERT: Final = "insert into naive_forecasts values ($1, $2, $3, $4, $5, $6, $7, $8)"
_TABLE: Final = """
create table if not exists naive_forecasts (sensor_id int, issue_ts timestamptz, target_ts timestamptz,
  value float8, lo80 float8, hi80 float8, lo95 float8, hi95 float8, primary key (sensor_id, issue_ts, target_ts))
"""


async def cycles(db: Database, ids: Sequence[int], executor: Executor, every_s: int) -> list[float]:
    """Seconds of each cycle; every one has five minutes of newer readings."""
    found = []
    for n in range(CYCLES):
        now = STOP + n * STEP_S * SECOND
        if n:
            await add_readings(db, ids, now - STEP_S * SECOND, now, every_s)
            await rollups.run(db, clock=lambda now=now: now + MINUTE)  # type: ignore[misc]
        begun = time.perf_counter()
        rows = await forecast.run_cycle(db, now_ns=now, executor=executor)
        found.append(time.perf_counter() - begun)
        if rows != len(ids) * HORIZON:
            raise SystemExit(f"{rows} rows were stored, not {len(ids) * HORIZON}")
    if await db.fetchval("select count(*) from forecast_results where source <> 'model'"):
        raise SystemExit("some forecasts are fallbacks")
    return found


async def naive(db: Database, ids: Sequence[int], algorithm: str, days: float) -> float:
    """Seconds a sensor of the loop that everybody writes first."""
    await db.execute(_TABLE)
    begun = time.perf_counter()
    for sensor_id in ids:
        start = STOP - round(days * DAY)
        rows = await db.fetch(_SELECT, sensor_id, to_datetime(start), to_datetime(STOP))
        t = np.array([to_ns(row["bucket"]) for row in rows])
        total, count = (np.array([row[name] for row in rows], dtype=np.float64) for name in ("sum", "n_good"))
        y = from_sums(t, total, count, start=start, stop=STOP, step=STEP_S * SECOND)
        await _insert(db, sensor_id, await asyncio.to_thread(_refit, algorithm, y))
    return (time.perf_counter() - begun) / len(ids)


def _refit(algorithm: str, y: RegularSeries) -> np.ndarray:
    """Value and bounds of every step, float64[steps, 5]."""
    model = train(TrainTask(algorithm, y, HORIZON, DAY // (STEP_S * SECOND)))
    (result,) = predict_batch([PredictTask(0, model.artefact, model.sha256, y, HORIZON)])
    made = result.forecast
    assert made is not None
    return np.stack([made.value, made.lo[0], made.hi[0], made.lo[1], made.hi[1]], axis=1)


async def _insert(db: Database, sensor_id: int, rows: np.ndarray) -> None:
    for step, row in enumerate(rows.tolist(), 1):
        target = to_datetime(STOP + step * STEP_S * SECOND)
        await db.execute(_INSERT, sensor_id, to_datetime(STOP), target, *row)


async def measure(dsn: str, sensors: int, given: argparse.Namespace) -> None:
    await migrate(dsn)
    db = await Database.connect(dsn, pool_max=4, statement_timeout_s=600)
    executor = LazyExecutor(given.executor)
    try:
        ids = await add_history(db, sensors, given.days, given.every)
        fit_s = await deploy_all(db, ids, given.algorithm, given.days)
        took = await cycles(db, ids, executor(), given.every)
        loop = sensors * await naive(db, ids[: given.sample], given.algorithm, given.days)
    finally:
        executor.close()
        await db.close()
    seconds = float(np.median(took[1:]))
    line(
        "forecast_cycle",
        seconds,
        "s",
        loop,
        as_json=given.json,
        seconds=round(seconds, 3),
        first_seconds=round(took[0], 3),
        sensors=sensors,
        algorithm=given.algorithm,
        executor=given.executor.partition(":")[0],
        steps=HORIZON,
        times_faster=round(loop / seconds, 1),
        fit_s=round(fit_s, 4),
        must_s=MUST_S,
        stretch_s=STRETCH_S,
        reference_is=REFERENCE,
    )


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--sensors", type=int, default=1000)
    options.add_argument("--algorithm", default=DEFAULT)
    options.add_argument("--days", type=float, default=4, help="days of readings")
    options.add_argument("--every", type=int, default=60, help="seconds between readings")
    options.add_argument("--sample", type=int, default=5, help="sensors of the reference loop")
    options.add_argument("--executor", default="processes", help="as in the settings: also dask://host:port")
    options.add_argument("--growth", action="store_true", help="several numbers of sensors")
    given = options.parse_args()
    for sensors in GROWTH if given.growth else (given.sensors,):
        with durable_server() as dsn:
            asyncio.run(measure(dsn, sensors, given))


if __name__ == "__main__":
    main()
