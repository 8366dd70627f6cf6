"""Presenter of the Models page: what is deployed and how good it is, training jobs, and what engineers do with them."""

from __future__ import annotations

import platform
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import Signal

from ksys_core.errors import KnownError
from ksys_core.forecasting.registry import SPECS
from ksys_core.i18n import N_, tr
from ksys_core.services import drift, lifecycle, metrics, models, training
from ksys_core.services.drift_words import KINDS
from ksys_core.services.training import Prospect, TrainingRequest
from ksys_core.services.training_words import prospect_text
from ksys_core.store.models import ModelRow
from ksys_core.store.training_lists import JobRow, StepRow
from ksys_hmi.models.model_rows import ModelLine
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

JOBS_SHOWN: Final = 100
PROSPECTS: Final = 12
"""Tags whose data are looked at while a request is made."""
ALGORITHMS: Final = tuple((name, spec.title) for name, spec in SPECS.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsState(PageState):
    """Deployed models, and training jobs: what runs, what waits, the newest others."""

    lines: tuple[ModelLine, ...] = ()
    jobs: tuple[JobRow, ...] = ()


@dataclass(frozen=True, slots=True)
class JobDetails:
    """A job with what it has done and its log."""

    job: JobRow
    steps: tuple[StepRow, ...]
    log: str


class ModelsPresenter(Presenter[ModelsState]):
    """Loads on events of models, training and forecasts, and now and then for the figures."""

    prospects = Signal(object)
    """Lines that say what the data allow, for the newest request that was looked at."""
    details = Signal(object)
    """`JobDetails`"""
    kinds = frozenset({"models", "training"})
    period_s = 10.0
    pause_s = 0.5

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, ModelsState())
        self._asked = 0

    async def load(self) -> ModelsState:
        db = self.runtime.db
        rows = await models.listed(db, deployed_only=True)
        scores = await metrics.scores(db, [row.model_id for row in rows], now_ns=self.runtime.now_ns())
        by_model = {score.model_id: score for score in scores}
        drifts: dict[int, list[str]] = {}
        for found in await drift.findings(db):
            drifts.setdefault(found.model_id, []).append(tr(KINDS[found.kind]))
        lines = [
            ModelLine(row, _title(row), by_model.get(row.model_id), ", ".join(drifts.get(row.model_id, ())))
            for row in sorted(rows, key=lambda row: (row.tag, row.role != "champion", row.model_id))
        ]
        jobs = await training.jobs(db, newest=JOBS_SHOWN)
        return ModelsState(loading=False, lines=tuple(lines), jobs=tuple(jobs))

    def promote(self, line: ModelLine, reason: str) -> None:
        """Make a model the champion."""
        row = line.row
        call = lifecycle.promote(self.runtime.db, model_id=row.model_id, reason=reason, station=platform.node())
        self._do(call, lambda: tr("Model {model} is the champion now.", model=row.model_id), "promote a model")

    def rollback(self, line: ModelLine, reason: str) -> None:
        """Bring the champion before back."""
        call = lifecycle.rollback(self.runtime.db, sensor_id=line.row.sensor_id, reason=reason, station=platform.node())
        self._do(call, lambda: tr("The champion before is back for {tag}.", tag=line.row.tag), "roll back a model")

    def retire(self, line: ModelLine, reason: str) -> None:
        """End the deployment of a model."""
        row = line.row
        call = models.undeploy(self.runtime.db, model_id=row.model_id, reason=reason, station=platform.node())
        self._do(call, lambda: tr("Model {model} runs no longer.", model=row.model_id), "retire a model")

    def train(self, tags: Sequence[str], request: TrainingRequest) -> None:
        """File a training job."""
        zoned = request.in_zone(self.runtime.settings.time_zone)
        call = training.file(self.runtime.db, tags=tags, request=zoned, station=platform.node())
        self._do(call, lambda: tr("The training job is filed."), "file a training job")

    def cancel(self, job: JobRow, reason: str) -> None:
        """End a training job."""
        call = training.cancel(self.runtime.db, job_id=job.job_id, reason=reason, station=platform.node())
        text = N_("Training job {job} is cancelled.")
        self._do(call, lambda: tr(text, job=job.job_id), "cancel a training job")

    def look_at(self, tags: Sequence[str], request: TrainingRequest) -> None:
        """See what the data allow; the answer comes by `prospects`, unless a newer request is made meanwhile."""
        self._asked += 1
        self.runtime.spawn(self._look_at(self._asked, tuple(tags)[:PROSPECTS], request), "look at training data")

    def open_details(self, job: JobRow) -> None:
        """Read what a job has done; the answer comes by `details`."""
        self.runtime.spawn(self._open_details(job.job_id), "read a training job")

    async def _look_at(self, number: int, tags: Sequence[str], request: TrainingRequest) -> None:
        said: list[str] = []
        for tag in tags:
            try:
                found: Prospect = await training.prospect(
                    self.runtime.db, now_ns=self.runtime.now_ns(), tag=tag, request=request
                )
                said.append(prospect_text(found))
            except KnownError as error:
                said.append(f"{tag}: {error}")
            if number != self._asked:
                return
        self.prospects.emit(tuple(said))

    async def _open_details(self, job_id: int) -> None:
        db = self.runtime.db
        job, steps, log = await training.job(db, job_id), await training.steps(db, job_id), ""
        log = await training.log_of(db, job_id)
        self.details.emit(JobDetails(job, tuple(steps), log))

    def _do(self, call: Coroutine[Any, Any, object], said: Callable[[], str], name: str) -> None:
        async def work() -> None:
            await call
            self.runtime.events.message.emit(said())
            self.refresh()

        self.runtime.spawn(work(), name)


def _title(row: ModelRow) -> str:
    spec = SPECS.get(row.algorithm)
    return row.algorithm if spec is None else spec.title
