"""The scheduler service as a person sees it: what runs, how it went, what is next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from asyncpg import NoDataFoundError

from ksys_core.domain.times import SECOND, to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store import scheduler, service_state, sources
from ksys_core.store.pool import Database
from ksys_core.store.service_state import DatabaseInfo, Instance, JobState
from ksys_core.store.sources import SourceStatus

SILENT_S: Final = 6.0
"""A heartbeat comes every 2 s; after this time the service counts as gone."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """Everything of the Service page."""

    instances: tuple[Instance, ...]
    jobs: tuple[JobState, ...]
    sources: tuple[SourceStatus, ...]
    database: DatabaseInfo

    @property
    def leader(self) -> Instance | None:
        """The instance that leads and lives."""
        alive = (i for i in self.instances if i.leader and i.heartbeat_age_s < SILENT_S)
        return next(alive, None)

    def overdue(self, job: JobState) -> bool:
        """True when a job should have begun long ago."""
        if job.next_run_ns is None or job.interval_s is None or not job.active:
            return False
        return self.database.now_ns - job.next_run_ns > max(job.interval_s, 30) * SECOND

    @property
    def healthy(self) -> bool:
        """A leader lives, no job failed last or is overdue, no source is failed or lost."""
        jobs_well = all(job.last_status != "failed" and not self.overdue(job) for job in self.jobs)
        sources_well = all(source.state not in ("failed", "lost") for source in self.sources if source.enabled)
        return self.leader is not None and jobs_well and sources_well


async def load_service_state(db: Database) -> ServiceState:
    """The state of the service now."""
    return ServiceState(
        instances=await service_state.instances(db),
        jobs=await service_state.jobs(db),
        sources=tuple(await sources.all_sources(db)),
        database=await service_state.database_info(db),
    )


async def request_run(db: Database, job_id: int) -> int:
    """Ask for a run of a job now; the slot (ns UTC) of the run to come.

    Raises:
        DeniedError: the person may not.
        KnownError: the job is switched off, or runs all the time anyway.
    """
    try:
        return to_ns(await scheduler.request_run(db, job_id))
    except NoDataFoundError as error:
        raise KnownError("job.not_requestable", N_("This job can't be run on request now.")) from error
