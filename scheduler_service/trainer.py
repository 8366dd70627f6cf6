"""Training jobs of one instance: one at a time, each in a process of its own, whether the instance leads or not."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Final
from uuid import UUID

from ksys_core.errors import KnownError
from ksys_core.log import get_logger
from ksys_core.services.training_run import run_claimed
from ksys_core.store import training
from ksys_core.store.pool import Database
from scheduler_service.failures import passes

_log = get_logger(__name__)
POLL_S: Final = 2.0


class Trainer:
    """Claims jobs that wait, and those whose instance has gone silent."""

    def __init__(self, db: Database, instance: UUID) -> None:
        self._db = db
        self._claimant = str(instance)
        self._news = asyncio.Event()

    def look_again(self) -> None:
        """A job was filed."""
        self._news.set()

    async def run(self) -> None:
        """Do jobs until cancelled; a job under way is put back then."""
        reached = True
        while True:
            self._news.clear()
            try:
                job = await training.claim(self._db, self._claimant, now_ns=time.time_ns())
                if job is not None:
                    await run_claimed(self._db, job, self._claimant)
                    continue
                reached = True
            except KnownError as error:
                if not passes(error):
                    raise
                if reached:
                    _log.warning("training jobs not read", reason=str(error))
                reached = False
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._news.wait()
