"""A trend of 8 pens over 30 days of 10-second readings on 1,920 pixels, beside the best SQL that fetches its buckets.

``python -m tests.benchmarks.trend [--json] [--rounds N]``

The reference is the fastest of several single statements, by binary COPY into memory without looking at a row: the
rows of the roll-up that the trend reads, from its view and straight from its table, and the buckets that are drawn,
made by the server.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import numpy as np

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import DAY, SECOND
from ksys_core.services import rollups
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, upsert_sensors
from ksys_core.store.trends import trend
from tests.benchmarks.report import durable_server, line, parser

PENS, DAYS, PIXELS = 8, 30, 1920
STOP = 1_760_000_000 * SECOND // DAY * DAY
START = STOP - DAYS * DAY
WINDOW = "sensor_id in ({ids}) and bucket >= '{start}' and bucket < '{stop}'"
ROWS = "select sensor_id, bucket, n_good, sum, min, max, first, last, quality from {source} where " + WINDOW
BUCKETS = f"""
select sensor_id, date_bin('20 minutes', bucket, '2000-01-01 00:00:00+00'), sum(n_good), sum(sum), min(min), max(max),
       (array_agg(first order by bucket))[1], (array_agg(last order by bucket desc))[1], min(quality)
from sensor_readings_10m where {WINDOW} group by 1, 2
"""


async def fill(db: Database) -> list[int]:
    ids = sorted((await upsert_sensors(db, [NewSensor(f"TAG_{n}", interval_s=10) for n in range(PENS)])).values())
    for day in range(DAYS):
        t = START + day * DAY + np.arange(8640) * 10 * SECOND
        values = np.random.default_rng(day).normal(50, 10, PENS * len(t))
        await ingest(db, ReadingBatch.of(np.repeat(ids, len(t)), np.tile(t, PENS), values))
    await rollups.run(db, clock=lambda: STOP + DAY)
    await db.execute("analyze")
    return ids


async def medians(works: dict[str, Callable[[], Awaitable[object]]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each, taken in turn so that all see the same machine."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            await work()
            took[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(times[1:]) for name, times in took.items()}


async def copy(db: Database, query: str) -> None:
    async def take(_data: bytes) -> None:
        pass

    async with db.connection() as connection:
        await connection.copy_from_query(query, output=take, format="binary")


async def measure(dsn: str, rounds: int, *, as_json: bool) -> None:
    await migrate(dsn)
    db = await Database.connect(dsn, pool_max=2, statement_timeout_s=0)
    try:
        ids = await fill(db)
        start, stop = await db.fetchrow("select to_timestamp($1), to_timestamp($2)", START / 1e9, STOP / 1e9) or (
            "",
            "",
        )
        fields = {"ids": ", ".join(map(str, ids)), "start": start, "stop": stop}
        statements = {
            "the roll-up's view": ROWS.format(source="sensor_readings_10m", **fields),
            "the roll-up's table": ROWS.format(source="rollup_10m", **fields),
            "drawn buckets by the server": BUCKETS.format(**fields),
        }
        works: dict[str, Callable[[], Awaitable[object]]] = {"ours": lambda: trend(db, ids, START, STOP, PIXELS)}
        works |= {name: (lambda query=query: copy(db, query)) for name, query in statements.items()}  # type: ignore[misc]
        found = await medians(works, rounds)
        ours = found.pop("ours")
        best = min(found, key=found.__getitem__)
        pen = (await trend(db, ids, START, STOP, PIXELS))[ids[0]]
        line(
            "trend", ours, "ms", found[best], as_json=as_json, pens=PENS, days=DAYS, pixels=PIXELS, level=pen.level,
            buckets_a_pen=len(pen), reference_is=f"binary COPY of {best}",
            statements={name: round(value, 2) for name, value in found.items()},
        )  # fmt: skip
    finally:
        await db.close()


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=20)
    given = options.parse_args()
    with durable_server() as dsn:
        asyncio.run(measure(dsn, given.rounds, as_json=given.json))


if __name__ == "__main__":
    main()
