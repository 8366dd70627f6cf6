"""Rows a second into the database, beside a bare binary COPY of the same rows into a bare table with the same key.

``python -m tests.benchmarks.ingest [--json] [--days N]``

The reference gets its COPY stream ready-made; ours sorts, encodes, keeps the newest values, notes late readings and
notifies. Both commit durably, in turn. "history": days of 40 tags at 10 s, newest first; "live": five seconds of
2,000 tags at 1 Hz a batch; "again": the days of "history" once more, which changes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import numpy as np

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import DAY, SECOND
from ksys_core.store.columns import encode, to_pg_us
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, upsert_sensors
from tests.benchmarks.report import durable_server, line, parser

NOW = 1_760_000_000 * SECOND // DAY * DAY
COLUMNS = ("sensor_id", "ts", "value", "quality")
LAYOUT = [("sensor_id", ">i4"), ("ts", ">i8"), ("value", ">f8"), ("quality", ">i2")]
BARE = """
create table bare (sensor_id integer not null, ts timestamptz not null, value double precision not null,
                   quality smallint not null, primary key (sensor_id, ts))
"""


def history(ids: list[int], days: int) -> Iterator[ReadingBatch]:
    for day in range(1, days + 1):
        t = NOW - day * DAY + np.arange(8640) * 10 * SECOND
        values = np.random.default_rng(day).normal(50, 10, len(ids) * len(t))
        yield ReadingBatch.of(np.repeat(ids, len(t)), np.tile(t, len(ids)), values)


def live(ids: list[int], batches: int) -> Iterator[ReadingBatch]:
    seconds = np.arange(5) * SECOND
    for n in range(batches):
        values = np.random.default_rng(n).normal(50, 10, len(ids) * len(seconds))
        yield ReadingBatch.of(np.repeat(ids, 5), np.tile(NOW + 5 * n * SECOND + seconds, len(ids)), values)


async def copy_bare(db: Database, stream: bytes) -> None:
    async def whole() -> AsyncIterator[bytes]:
        yield stream

    async with db.connection() as connection:
        await connection.copy_to_table("bare", source=whole(), columns=COLUMNS, format="binary")


def stream_of(batch: ReadingBatch) -> bytes:
    values = (batch.sensor_id, to_pg_us(batch.t), batch.v, batch.quality)
    return encode(LAYOUT, dict(zip(COLUMNS, values, strict=True)))


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


async def rates(db: Database, batches: Iterator[ReadingBatch], *, bare: bool = True) -> tuple[float, float, int]:
    """Rows a second of ours and of the reference over all batches, and the rows."""
    ours = reference = 0.0
    rows = 0
    for n, batch in enumerate(batches):
        stream = stream_of(batch)
        if bare and n % 2:
            reference += await seconds(lambda stream=stream: copy_bare(db, stream))  # type: ignore[misc]
        ours += await seconds(lambda batch=batch: ingest(db, batch))  # type: ignore[misc]
        if bare and not n % 2:
            reference += await seconds(lambda stream=stream: copy_bare(db, stream))  # type: ignore[misc]
        rows += len(batch)
    return rows / ours, rows / reference if bare else 0.0, rows


async def measure(dsn: str, days: int, *, as_json: bool) -> None:
    await migrate(dsn)
    db = await Database.connect(dsn, pool_max=2, statement_timeout_s=0)
    try:
        await db.execute(BARE)
        numbers = await upsert_sensors(db, [NewSensor(f"TAG_{n:04}") for n in range(2000)])
        ids = sorted(numbers.values())
        text = "binary COPY of a ready-made stream into a bare table with the same primary key"
        ours, bare, rows = await rates(db, history(ids[:40], days))
        line("ingest_history", ours, "rows/s", bare, as_json=as_json, rows=rows, reference_is=text)
        again, _, rows = await rates(db, history(ids[:40], min(days, 2)), bare=False)
        line("ingest_again", again, "rows/s", bare, as_json=as_json, rows=rows, reference_is=text + " (first time)")
        ours, bare, rows = await rates(db, live(ids, 20))
        line("ingest_live", ours, "rows/s", bare, as_json=as_json, rows=rows, reference_is=text)
    finally:
        await db.close()


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--days", type=int, default=6, help="days of history, one batch each")
    given = options.parse_args()
    with durable_server() as dsn:
        asyncio.run(measure(dsn, given.days, as_json=given.json))


if __name__ == "__main__":
    main()
