"""Partitions of readings made ahead and dropped in time; TimescaleDB's policies drop its chunks themselves."""

from __future__ import annotations

from collections.abc import Callable

from ksys_core.domain.times import DAY
from ksys_core.store import partitions
from ksys_core.store.pool import Database


async def run(db: Database, *, clock: Callable[[], int], keep_days: int, ahead_days: int = 14) -> int:
    """Make the partitions of the next days and drop those older than `keep_days`; returns how many.

    Roll-ups stay when their readings are dropped.
    """
    now = clock()
    changed = await partitions.ensure(db, now, now + ahead_days * DAY)
    return changed + await partitions.drop_before(db, now - keep_days * DAY)
