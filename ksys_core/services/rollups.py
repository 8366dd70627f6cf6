"""Roll-ups kept up to date on plain PostgreSQL; TimescaleDB's policies do it themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ksys_core.domain.times import SECOND
from ksys_core.store import rollups
from ksys_core.store.pool import Database

_OPEN_NS: Final = 15 * SECOND
"""Readings are expected to be this late; a minute is rolled up after it and before that adds them live."""


async def run(db: Database, *, clock: Callable[[], int]) -> int:
    """Bring the roll-ups up to `clock` (ns UTC) and do again what late readings touched; returns buckets written."""
    if db.capabilities.timescale is not None:
        return 0
    await rollups.close_minutes(db, clock() - _OPEN_NS)
    written = 0
    for step in (rollups.advance, rollups.redo_late):
        while (buckets := await step(db)) is not None:
            written += buckets
    return written


async def settle(db: Database, sensor_ids: Sequence[int]) -> None:
    """Do again what late readings of `sensor_ids` touched, so that whoever reads their roll-ups now misses none."""
    if db.capabilities.timescale is None:
        while await rollups.redo_late(db, sensor_ids) is not None:
            pass
