"""Running a source in the foreground: live readings into the database, its history beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ksys_core.sources.base import Progress, Source
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest


async def collect(
    db: Database,
    source: Source,
    *,
    progress: Progress = lambda _done, _total: None,
    stored: Callable[[int, int], None] = lambda _rows, _newest_ns: None,
) -> None:
    """Store the readings of `source` until it ends or this is cancelled.

    Args:
        progress: told of the history, readings done and in all.
        stored: told after each live batch: its rows and the time of its newest reading, ns UTC.
    """
    filling = asyncio.create_task(source.fill(progress))
    try:
        async for batch in source.batches():
            if filling.done():
                filling.result()
            if len(batch):
                await ingest(db, batch)
                stored(len(batch), int(batch.t.max()))
        await filling
    finally:
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)
