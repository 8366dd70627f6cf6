"""Changes of many alarms of the master table at once: each with another text, dead band and limit.

``python -m tests.benchmarks.alarm_master [--json] [--alarms N]``

The reference is one bare update of the same records, without versions, journal, audit log and limits, in the same run.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Final

import numpy as np

from ksys_core import log
from ksys_core.services import alarms_master as master
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from tests.benchmarks.alarm_latency import build
from tests.benchmarks.report import durable_server, line, parser

_BARE: Final = """
update alarm_definitions set owner = 'bare'
 where alarm_id in (select alarm_id from alarm_definitions order by 1 limit $1)
"""


async def measure(dsn: str, alarms: int) -> tuple[float, float, float, float]:
    """Seconds of the check, of applying the changes, of the longest step without a word, and of the bare update."""
    await migrate(dsn)
    db = await Database.connect(dsn, statement_timeout_s=0)
    await build(db, alarms // 4)
    table = await master.load_table(db)
    wanted = [
        replace(alarm.record, limit=alarm.record.limit + 0.5, dead_band=2.0, cause_en="wear", owner="kim")
        for alarm in table.alarms
        if alarm.record.limit is not None
    ]
    start = time.perf_counter()
    await asyncio.to_thread(master.problems_of, table, wanted)
    checked = time.perf_counter() - start
    told = [time.perf_counter()]
    count = await master.save(
        db, table, wanted, station="desk", reason="trial", progress=lambda _share: told.append(time.perf_counter())
    )
    told.append(time.perf_counter())
    assert count == alarms
    async with db.transaction() as connection:
        await connection.execute("alter table alarm_definitions disable trigger user")
        start = time.perf_counter()
        await connection.execute(_BARE, alarms)
        bare = time.perf_counter() - start
    await db.close()
    return checked, told[-1] - told[0], float(np.diff(told).max()), bare


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--alarms", type=int, default=5000)
    options = given.parse_args()
    log.configure("benchmark", "warning", None)
    with durable_server() as dsn:
        checked, took, silent, bare = asyncio.run(measure(dsn, options.alarms))
    line(
        "alarm_master",
        took,
        "s",
        bare,
        as_json=options.json,
        seconds=round(took, 2),
        of_them_checking_s=round(checked, 2),
        longest_without_progress_s=round(silent, 2),
        alarms=options.alarms,
        compared_with="a bare update of the same rows",
    )


if __name__ == "__main__":
    main()
