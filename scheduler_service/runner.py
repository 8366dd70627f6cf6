"""Runs of jobs: one at a time a job, each slot once, each with a row that tells how it ended."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ksys_core.domain.times import to_datetime
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.log import get_logger
from ksys_core.settings import Settings
from ksys_core.store import scheduler as store
from ksys_core.store.pool import Database
from scheduler_service.context import JobContext
from scheduler_service.failures import cause_of, reason_of
from scheduler_service.jobs import Job

_log = get_logger(__name__)
CLOSE_TIMEOUT_S: Final = 2.0
CANCELLED: Final = N_("Stopped with the service, before its end")
TOO_LONG: Final = N_("Stopped: it took longer than its time limit")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    status: store.RunStatus
    message: str = ""
    rows: int | None = None


class Runner:
    """Runs jobs of one instance; a failure ends the run, never the service."""

    def __init__(self, db: Database, settings: Settings, instance: UUID, executor: Callable[[], Executor]) -> None:
        self._db = db
        self._settings = settings
        self._instance = instance
        self._executor = executor
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._unclosed: dict[int, Outcome] = {}

    async def run(self, job: Job, slot_ns: int) -> Outcome | None:
        """Run `slot_ns` of the job after the run that may be under way; None when the slot has been run before.

        Cancelling closes the run as ``cancelled`` and goes on.
        """
        async with self._locks[job.name]:
            run = await self._begin(job, slot_ns)
            if run is None:
                return None
            started = time.monotonic()
            try:
                outcome = await self._attempt(job, slot_ns, run)
            except asyncio.CancelledError:
                await self._close(run, Outcome("cancelled", CANCELLED))
                raise
            await self._close(run, outcome)
            _log.debug("job ended", job=job.name, status=outcome.status, seconds=round(time.monotonic() - started, 3))
            return outcome

    async def close_remaining(self) -> None:
        """Close the runs whose end could not be written when it came."""
        for run, outcome in list(self._unclosed.items()):
            await store.finish_run(self._db, run, outcome.status, outcome.message, outcome.rows)
            del self._unclosed[run]

    async def _begin(self, job: Job, slot_ns: int) -> int | None:
        try:
            return await store.begin_run(
                self._db, name=job.name, slot=to_datetime(slot_ns), pid=os.getpid(), instance=self._instance
            )
        except KnownError as error:
            _log.warning("job not begun", job=job.name, reason=str(error))
            return None

    async def _attempt(self, job: Job, slot_ns: int, run: int) -> Outcome:
        limit = asyncio.timeout(job.timeout_s)
        notes: set[asyncio.Task[None]] = set()

        def note_rows(rows: int) -> None:
            if not notes:
                task = asyncio.create_task(self._note(run, rows))
                notes.add(task)
                task.add_done_callback(notes.discard)

        context = JobContext(self._db, self._settings, self._executor, slot_ns, note_rows)
        try:
            async with limit:
                return Outcome("succeeded", rows=await job.run(context))
        except TimeoutError as error:
            _log.warning("job stopped", job=job.name, limit_s=job.timeout_s)
            return Outcome("failed", TOO_LONG if limit.expired() else f"TimeoutError: {error}")
        except Exception as error:  # noqa: BLE001 - one failing job never ends another
            known = isinstance(cause_of(error), KnownError)
            _log.warning("job failed", job=job.name, reason=reason_of(error), exc_info=not known)
            return Outcome("failed", reason_of(error))

    async def _note(self, run: int, rows: int) -> None:
        try:
            await store.note_rows(self._db, run, rows)
        except KnownError as error:
            _log.debug("rows not noted", reason=str(error))

    async def _close(self, run: int, outcome: Outcome) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await store.finish_run(self._db, run, outcome.status, outcome.message, outcome.rows)
        except (KnownError, TimeoutError) as error:
            _log.warning("end of a run not written yet", run=run, reason=str(error))
            self._unclosed[run] = outcome
