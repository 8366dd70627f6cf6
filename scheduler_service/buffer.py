"""Readings between a source and the database: kept while the database is away, up to a bound."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Final

from ksys_core.domain.readings import ReadingBatch
from ksys_core.errors import KnownError
from ksys_core.log import get_logger
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from scheduler_service.failures import passes

_log = get_logger(__name__)
MOST_READINGS: Final = 2_000_000
"""About 42 MB; 40 tags each second for 14 hours."""
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 5.0


class ReadingBuffer:
    """First in, first out; when it is full the oldest batches are given up, and counted.

    A batch leaves only after it is stored. Storing one again changes nothing, so a commit whose answer was lost
    does no harm.
    """

    def __init__(self, db: Database, most: int = MOST_READINGS) -> None:
        self._db = db
        self._most = most
        self._batches: deque[ReadingBatch] = deque()
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self.size = 0
        """Readings waiting."""
        self.dropped = 0
        """Readings given up so far."""

    def add(self, batch: ReadingBatch) -> None:
        """Take over a batch."""
        self._batches.append(batch)
        self.size += len(batch)
        while self.size > self._most and len(self._batches) > 1:
            lost = len(self._batches.popleft())
            self.size -= lost
            self.dropped += lost
            _log.error("readings given up: the buffer is full", readings=lost)
        self._emptied.clear()
        self._filled.set()

    def give_up_first(self) -> None:
        """Drop the oldest batch, which can't be stored for another reason than a lost database."""
        if self._batches:
            self.dropped += len(self._batches[0])
            self._stored(self._batches[0])

    async def drained(self) -> None:
        """Wait until everything is stored."""
        await self._emptied.wait()

    async def write(self) -> None:
        """Store what comes for ever, waiting out a lost database with growing, jittered pauses."""
        wait = _FIRST_WAIT_S
        while True:
            await self._filled.wait()
            batch = self._batches[0]
            try:
                await ingest(self._db, batch)
            except KnownError as error:
                if not passes(error):
                    raise
                if wait == _FIRST_WAIT_S:
                    _log.warning("readings are kept until the database is back", reason=str(error))
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                wait = min(wait * 2, _LONGEST_WAIT_S)
                continue
            wait = _FIRST_WAIT_S
            self._stored(batch)

    def _stored(self, batch: ReadingBatch) -> None:
        if self._batches and self._batches[0] is batch:  # else it was given up meanwhile
            self._batches.popleft()
            self.size -= len(batch)
        if not self._batches:
            self._filled.clear()
            self._emptied.set()
