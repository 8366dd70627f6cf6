"""An alarm evaluator as a process that can be killed: ``python -m tests.acceptance.alarm_evaluator`` with TS_DSN.

Its clock is the newest reading, so that readings of the past are evaluated as they were.
"""

from __future__ import annotations

import asyncio
import os
import time

from ksys_core.domain.times import to_ns
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.store.pool import Database


async def main() -> None:
    db = await Database.connect(os.environ["TS_DSN"], pool_max=2, application_name="alarm-evaluator")
    evaluator = AlarmEvaluator(db, time.time_ns)
    while True:
        newest = await db.fetchval("select max(ts) from sensor_latest")
        await evaluator.catch_up()
        await evaluator.on_timer(to_ns(newest))
        await asyncio.sleep(0.001)


if __name__ == "__main__":
    asyncio.run(main())
