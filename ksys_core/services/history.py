"""Filling the simulated plant's history: newest first, only what is missing, as often as one likes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import DAY, HOUR
from ksys_core.log import get_logger
from ksys_core.store import readings
from ksys_core.store.coverage import readings_per_hour
from ksys_core.store.pool import Database

HOURS_PER_BATCH: Final = 6
_log = get_logger(__name__)

Stretch = tuple[int, int]


class Recorded(Protocol):
    """What has a history: readings of all tags at the multiples of `step` in ``start <= t < stop`` (ns)."""

    @property
    def step(self) -> int: ...

    @property
    def marker(self) -> int:
        """sensor_id of a tag that has a reading at every step."""

    @property
    def tags(self) -> int:
        """Number of tags."""

    def batch(self, start: int, stop: int) -> ReadingBatch: ...


async def fill_history(
    db: Database,
    plant: Recorded,
    *,
    days: float,
    stop_ns: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Store the plant's readings of the `days` before `stop_ns`; returns the number of rows added.

    Hours that are stored already are left alone (a batch is stored whole or not at all, so one tag tells). The next
    batch is computed in a thread while the database takes the last one. `progress` gets readings done and in all.
    """
    start_ns = stop_ns - int(days * DAY)
    missing = await missing_hours(db, plant, start_ns, stop_ns)
    total = (stop_ns - start_ns) // plant.step * plant.tags
    left = sum(_steps(plant, stretch) for stretch in missing) * plant.tags
    progress(total - left, total)
    added = 0
    stretches = list(_batches(missing))
    upcoming = _start(plant, stretches, 0)
    for i, stretch in enumerate(stretches):
        assert upcoming is not None
        batch = await upcoming
        upcoming = _start(plant, stretches, i + 1)
        result = await readings.ingest(db, batch)
        added += result.inserted
        left -= _steps(plant, stretch) * plant.tags
        progress(total - left, total)
    if stretches:
        _log.info("history filled", rows=added, days=days)
    return added


async def missing_hours(db: Database, plant: Recorded, start_ns: int, stop_ns: int) -> list[Stretch]:
    """The hours of ``[start_ns, stop_ns)`` that lack readings, newest first, cut at both ends."""
    if stop_ns <= start_ns:
        return []
    counts = await readings_per_hour(db, plant.marker, start_ns, stop_ns)
    edges = np.arange(start_ns // HOUR, start_ns // HOUR + len(counts) + 1, dtype=np.int64) * HOUR
    edges = np.clip(edges, start_ns, stop_ns)
    return _short_hours(edges, counts, plant.step)


def _short_hours(edges: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], step: int) -> list[Stretch]:
    due = np.diff(-(-edges // step))
    short = np.flatnonzero(counts < due)[::-1].tolist()
    return [(int(edges[i]), int(edges[i + 1])) for i in short]


def _batches(hours: Sequence[Stretch]) -> Iterator[Stretch]:
    """Neighbouring hours (newest first) joined to stretches of a batch's length."""
    i = 0
    while i < len(hours):
        start, stop = hours[i]
        i += 1
        while i < len(hours) and hours[i][1] == start and stop - hours[i][0] <= HOURS_PER_BATCH * HOUR:
            start = hours[i][0]
            i += 1
        yield start, stop


def _steps(plant: Recorded, stretch: Stretch) -> int:
    return -(-stretch[1] // plant.step) - -(-stretch[0] // plant.step)


def _start(plant: Recorded, stretches: Sequence[Stretch], i: int) -> asyncio.Task[ReadingBatch] | None:
    if i >= len(stretches):
        return None
    return asyncio.create_task(asyncio.to_thread(plant.batch, *stretches[i]))
