"""What the leader does: starts each job when it is due, keeps continuous ones running, takes up requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from ksys_core.domain.times import SECOND, to_datetime, to_ns
from ksys_core.errors import KnownError
from ksys_core.log import get_logger
from ksys_core.store import scheduler as store
from ksys_core.store.pool import Database
from scheduler_service.jobs import Job
from scheduler_service.runner import Runner
from scheduler_service.stopping import ended

_log = get_logger(__name__)
REQUEST_POLL_S: Final = 2.0
RESTART_S: Final = (1.0, 60.0)
"""First and longest wait before a continuous job that failed is started again."""


class Schedule:
    """Runs the jobs of one period of leadership.

    A slot that comes while the job still runs is passed over; after a stall of the loop one run does for all slots
    missed. At the start the newest slot is caught up.
    """

    def __init__(self, db: Database, runner: Runner, jobs: Sequence[Job]) -> None:
        self._db = db
        self._runner = runner
        self._jobs = {job.name: job for job in jobs}
        self._tasks: set[asyncio.Task[object]] = set()
        self._asked = asyncio.Event()

    def look_for_requests(self) -> None:
        """Somebody asked for a run."""
        self._asked.set()

    async def run(self) -> None:
        """Run jobs until cancelled; then every run is closed."""
        await store.define_jobs(self._db, [job.definition() for job in self._jobs.values()])
        scheduler = self._scheduler()
        scheduler.start()
        try:
            for job in self._jobs.values():
                self._spawn(self._keep_running(job) if job.interval_s is None else self._catch_up(job))
            while True:
                await self._look_after(scheduler)
                await self._wait()
        finally:
            scheduler.shutdown(wait=False)
            await ended(self._tasks)

    def _scheduler(self) -> AsyncIOScheduler:
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        for job in self._jobs.values():
            if job.interval_s is not None:
                start = to_datetime(job.slot(time.time_ns()) + round(job.interval_s * SECOND))
                trigger = IntervalTrigger(seconds=job.interval_s, start_date=start)
                scheduler.add_job(self._due, trigger, args=[job], id=job.name, name=job.name)
        return scheduler

    async def _due(self, job: Job) -> None:
        """Run the slot that is due. While this waits, the scheduler passes over later slots of the job."""
        early = min(round(job.interval_s * SECOND) // 2, SECOND // 2) if job.interval_s else 0
        with suppress(asyncio.CancelledError):  # the scheduler is shut down; `run` cancels the run itself
            await asyncio.wait({self._spawn(self._runner.run(job, job.slot(time.time_ns() + early)))})

    async def _catch_up(self, job: Job) -> None:
        """The newest slot, unless it has been run: by the leader before, or by this one."""
        await self._runner.run(job, job.slot(time.time_ns()))

    async def _keep_running(self, job: Job) -> None:
        wait = RESTART_S[0]
        while True:
            began = time.monotonic()
            await self._runner.run(job, time.time_ns())
            wait = RESTART_S[0] if time.monotonic() - began > RESTART_S[1] else min(wait * 2, RESTART_S[1])
            await asyncio.sleep(wait)

    async def _look_after(self, scheduler: AsyncIOScheduler) -> None:
        due: dict[str, datetime | None] = {entry.id: entry.next_run_time for entry in scheduler.get_jobs()}
        try:
            await store.set_next_runs(self._db, due)
            await self._runner.close_remaining()
            for request in await store.take_requests(self._db):
                _log.info("run requested", job=request.name, by=request.requested_by)
                if request.name in self._jobs:
                    self._spawn(self._runner.run(self._jobs[request.name], to_ns(request.slot)))
        except KnownError as error:
            _log.warning("requests not read", reason=str(error))

    async def _wait(self) -> None:
        self._asked.clear()
        try:
            async with asyncio.timeout(REQUEST_POLL_S):
                await self._asked.wait()
        except TimeoutError:
            return

    def _spawn(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task of a job failed", exc_info=error)
