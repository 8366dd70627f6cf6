"""A small made-up plant in the database."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import GOOD
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import DAY, MINUTE
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest

NOW = 1_760_000_000_000_000_000 // DAY * DAY + 10 * 60 * MINUTE  # 10:00 UTC


async def add_sensor(db: Database, tag: str, *, span_low: float | None = 0.0, span_high: float | None = 100.0) -> int:
    """A new tag."""
    query = "insert into sensors (tag, span_low, span_high) values ($1, $2, $3) returning sensor_id"
    sensor_id: int = await db.fetchval(query, tag, span_low, span_high)
    return sensor_id


async def put(
    db: Database, sensor_id: int, t: npt.NDArray[np.int64], v: npt.NDArray[np.float64], quality: int = GOOD
) -> None:
    """Store readings."""
    n = len(t)
    await ingest(db, ReadingBatch.of(np.full(n, sensor_id), t, v, np.full(n, quality, dtype=np.uint8)))


def minutes(start: int, stop: int, every: int = 1) -> npt.NDArray[np.int64]:
    """Times in ``[start, stop)`` every so many minutes."""
    return np.arange(start, stop, every * MINUTE, dtype=np.int64)


def wave(t: npt.NDArray[np.int64], seed: int = 1) -> npt.NDArray[np.float64]:
    """A daily wave between 20 and 80 with noise that depends on the time only."""
    noise = np.sin(t / MINUTE * 12.9898 + seed) * 43758.5453 % 1 - 0.5
    return 50 + 25 * np.sin(2 * np.pi * (t % DAY) / DAY) + 2 * noise


async def history(db: Database, tags: Sequence[str], *, days: float = 3, now: int = NOW) -> dict[str, int]:
    """Tags with `days` of readings every minute before `now`: the same values whatever the date."""
    found = {}
    t = minutes(now - round(days * DAY), now)
    for i, tag in enumerate(tags):
        found[tag] = await add_sensor(db, tag)
        await put(db, found[tag], t, wave(NOW + t - now, i))
    return found
