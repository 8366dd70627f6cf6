"""Seconds from the start of the service until every deployed sensor has its forecast of the present interval.

``python -m tests.benchmarks.forecast_restart [--json] [--sensors N] [--algorithm NAME]``

The service is a process of its own, on the durable embedded database; its workers begin with it and know no model. The
reference is the time after which the same process leads.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from ksys_core.domain.times import MINUTE, SECOND, to_datetime
from ksys_core.forecasting.registry import DEFAULT
from ksys_core.services import rollups
from ksys_core.services.forecast import issue_time
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from tests.benchmarks.forecast_plant import STEP_S, add_history, add_readings, deploy_all
from tests.benchmarks.report import durable_server, line, parser

MUST_S: Final = 30.0
STRETCH_S: Final = 10.0
_LOOK_S: Final = 0.02
_LIMIT_S: Final = 300.0
_LEADS: Final = "select exists (select from service_instances where is_leader and pid = $1)"
_FORECAST: Final = "select count(distinct sensor_id) from forecast_results where issue_ts >= $1 and source = 'model'"
_RUNS_LATER_THAN_S: Final = 20
"""The job runs so long after the interval has begun; a start before that would wait for it."""


async def _until(condition: Callable[[], Awaitable[bool]], begun: float) -> float:
    """Seconds since `begun` at which the condition holds."""
    while not await condition():
        if time.perf_counter() - begun > _LIMIT_S:
            raise SystemExit(f"not within {_LIMIT_S} s")
        await asyncio.sleep(_LOOK_S)
    return time.perf_counter() - begun


async def _well_inside_an_interval() -> int:
    """The issue time of now, once a forecast for it is due and the next one is not near."""
    while not _RUNS_LATER_THAN_S < time.time() % STEP_S < STEP_S - 2 * MUST_S:  # noqa: ASYNC110 - the clock
        await asyncio.sleep(1)
    return issue_time(time.time_ns(), STEP_S)


async def measure(dsn: str, sensors: int, days: float, algorithm: str) -> tuple[float, float]:
    """Seconds until all are forecast, and until the service led."""
    await migrate(dsn)
    db = await Database.connect(dsn, pool_max=2, statement_timeout_s=600)
    stop = issue_time(time.time_ns(), STEP_S)
    ids = await add_history(db, sensors, days, 60, stop)
    await deploy_all(db, ids, algorithm, days, stop)
    issue = await _well_inside_an_interval()
    await add_readings(db, ids, stop, issue, 60)
    await rollups.run(db, clock=lambda: issue + MINUTE)
    begun = time.perf_counter()
    service = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scheduler_service",
        "run",
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TS_DSN": dsn},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:

        async def leads() -> bool:
            return bool(await db.fetchval(_LEADS, service.pid))

        async def forecast() -> bool:
            found: int = await db.fetchval(_FORECAST, to_datetime(issue - 2 * SECOND))
            return found == len(ids)

        led = await _until(leads, begun)
        return await _until(forecast, begun), led
    finally:
        service.terminate()
        await service.wait()
        await db.close()


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--sensors", type=int, default=1000)
    options.add_argument("--algorithm", default=DEFAULT)
    options.add_argument("--days", type=float, default=2, help="days of readings")
    given = options.parse_args()
    with durable_server() as dsn:
        seconds, led = asyncio.run(measure(dsn, given.sensors, given.days, given.algorithm))
    line(
        "forecast_restart",
        seconds,
        "s",
        led,
        as_json=given.json,
        seconds=round(seconds, 2),
        sensors=given.sensors,
        algorithm=given.algorithm,
        must_s=MUST_S,
        stretch_s=STRETCH_S,
        reference_is="until the service leads",
    )


if __name__ == "__main__":
    main()
