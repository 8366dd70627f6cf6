"""One run of one job, asked for on the command line."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
import uuid
from importlib.metadata import version
from typing import Final

import asyncpg

from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.settings import Settings
from ksys_core.store import scheduler, service_instances
from ksys_core.store.connection_errors import connecting
from ksys_core.store.pool import Database
from scheduler_service.app import connect
from scheduler_service.executor import LazyExecutor
from scheduler_service.jobs import Job, job_table
from scheduler_service.leadership import ABANDONED
from scheduler_service.runner import Outcome, Runner

_POLL_S: Final = 0.3


async def once(settings: Settings, name: str) -> int:
    """Run the job by the instance that leads, else here under the leader's lock; 0 when it succeeded."""
    db = await connect(settings)
    try:
        job = _find(job_table(settings, db), name)
        with connecting():
            lock = await asyncpg.connect(db.dsn)
        try:
            leads = await service_instances.try_lead(lock)
            outcome = await (_here(db, settings, job, lock) if leads else _by_leader(db, job))
        finally:
            await lock.close()
    finally:
        await db.close()
    sys.stdout.write(f"{job.name}: {outcome.status}, rows {outcome.rows}, {tr(outcome.message)}\n")
    return 0 if outcome.status == "succeeded" else 1


def _find(jobs: tuple[Job, ...], name: str) -> Job:
    found = {job.name: job for job in jobs if job.interval_s is not None}
    if name not in found:
        raise KnownError("job.unknown", N_("No job {name}. Jobs: {names}."), name=name, names=", ".join(found))
    return found[name]


async def _here(db: Database, settings: Settings, job: Job, lock: asyncpg.Connection[asyncpg.Record]) -> Outcome:
    instance, executor = uuid.uuid4(), LazyExecutor(settings.executor)
    await scheduler.close_abandoned_runs(lock, ABANDONED)
    await scheduler.define_jobs(db, [job.definition() for job in job_table(settings, db)])

    async def beat(state: service_instances.InstanceState) -> None:
        await service_instances.beat(
            db,
            instance=instance,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=version("ksys"),
            state=state,
            leader=state == "leading",
            info={},
        )

    await beat("leading")
    try:
        outcome = await Runner(db, settings, instance, executor).run(job, time.time_ns())
    finally:
        executor.close()
        await beat("stopped")
    return outcome or Outcome("cancelled", N_("The job is inactive."))


async def _by_leader(db: Database, job: Job) -> Outcome:
    job_id = await scheduler.job_id(db, job.name)
    slot = await scheduler.request_run(db, job_id)
    while True:
        run = await scheduler.run_of_slot(db, job_id, slot)
        if run is not None and run.status != "running":
            return Outcome(run.status, run.message, run.rows)
        await asyncio.sleep(_POLL_S)
