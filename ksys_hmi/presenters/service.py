"""What the Service page shows: the service's state from the database, the screen's stalls from the watchdog."""

from __future__ import annotations

from dataclasses import dataclass

from ksys_core.i18n import tr
from ksys_core.services.jobs import ServiceState, load_service_state, request_run
from ksys_core.store.service_state import JobState
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime
from ksys_hmi.watchdog import Stalls


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePageState(PageState):
    """`service` and `stalls` are None until they are known."""

    service: ServiceState | None = None
    stalls: Stalls | None = None


class ServicePresenter(Presenter[ServicePageState]):
    """Loads every 2 s and on every event of jobs, instances and sources."""

    kinds = frozenset({"jobs", "service", "sources"})
    period_s = 2.0

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, ServicePageState())

    async def load(self) -> ServicePageState:
        watchdog = self.runtime.watchdog
        return ServicePageState(
            loading=False,
            service=await load_service_state(self.runtime.db),
            stalls=watchdog.stalls() if watchdog else None,
        )

    def run_now(self, job: JobState) -> None:
        """Ask the service for a run of `job`; the outcome goes to the status line."""
        self.runtime.spawn(self._request(job), "run a job")

    async def _request(self, job: JobState) -> None:
        await request_run(self.runtime.db, job.job_id)
        self.runtime.events.message.emit(tr("Asked for a run of “{job}”.", job=tr(job.title)))
        self.refresh()
