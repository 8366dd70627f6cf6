"""Training jobs as a person sees them: what is possible, filing, following, cancelling, repeating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np

from ksys_core.domain.times import DAY, SECOND
from ksys_core.errors import KnownError
from ksys_core.forecasting.evaluation import FOLDS
from ksys_core.forecasting.feasibility import Feasibility, feasibility
from ksys_core.forecasting.outliers import outliers
from ksys_core.forecasting.registry import in_zone
from ksys_core.forecasting.season import season_length
from ksys_core.i18n import N_
from ksys_core.services import models
from ksys_core.services.models import HISTORY_DAYS, HORIZON, INTERVAL_S, TrainingPlan
from ksys_core.store import training as store
from ksys_core.store import training_lists
from ksys_core.store.pool import Database
from ksys_core.store.training import NewJob
from ksys_core.store.training_lists import JobRow, StepRow

TIME_LIMIT_S: Final = 3600.0
MEMORY_LIMIT_MB: Final = 4096


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What is to be trained.

    Attributes:
        season: steps; None: found from the data of each tag, 1: none.
        history_days: how much of the newest history is used at most.
        folds: tests at most, on the same past times for all algorithms.
        params: parameters by algorithm.
        after: "keep": the models are kept; "gate": those that pass the gate go into shadow (or the empty seat).
    """

    algorithms: tuple[str, ...]
    interval_s: int = INTERVAL_S
    horizon: int = HORIZON
    season: int | None = None
    history_days: float = HISTORY_DAYS
    folds: int = FOLDS
    seed: int = 0
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    after: Literal["keep", "gate"] = "keep"

    def checked(self) -> TrainingRequest:
        """Itself.

        Raises:
            KnownError: an unknown algorithm, wrong parameters, or a number out of range.
        """
        if not self.algorithms:
            raise KnownError("training.size", N_("A training job has 1 to 1,000 tags and 1 to 16 algorithms."))
        for name in self.algorithms:
            params = self.params.get(name, {})
            TrainingPlan(name, self.interval_s, self.horizon, self.season, self.history_days, params).checked()
        return self

    def in_zone(self, zone: str) -> TrainingRequest:
        """With the plant's time zone for the algorithms that look at the clock.

        Raises:
            KnownError: an unknown algorithm.
        """
        params = {name: in_zone(name, self.params.get(name, {}), zone) for name in self.algorithms}
        return replace(self, params={name: values for name, values in params.items() if values})

    def plain(self) -> dict[str, Any]:
        """For `file_training`."""
        return {
            "interval_s": self.interval_s,
            "horizon": self.horizon,
            "season": self.season,
            "history_days": self.history_days,
            "folds": self.folds,
            "seed": self.seed,
            "params": {name: dict(values) for name, values in self.params.items()},
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class Prospect:
    """What the data of one tag allow; `season`: as found or asked for, 1: none; shares 0-1 of the window."""

    tag: str
    feasibility: Feasibility
    season: int
    gaps: float
    outliers: float


async def prospect(db: Database, *, now_ns: int, tag: str, request: TrainingRequest) -> Prospect:
    """What can be trained for `tag` with the data that are there now.

    Raises:
        KnownError: unknown tag or algorithm, numbers out of range, or no readings at all.
    """
    request.checked()
    sensor_id = await models.sensor_of(db, tag)
    y = await models.history(
        db, now_ns=now_ns, sensor_id=sensor_id, interval_s=request.interval_s, days=request.history_days
    )
    season = season_length(y) if request.season is None else request.season
    usable = int(np.isfinite(y.v).sum())
    found = feasibility(
        usable, interval_s=request.interval_s, horizon=request.horizon, season=season, folds=request.folds
    )
    asked = round(request.history_days * DAY / (request.interval_s * SECOND))
    return Prospect(tag, found, season, 1 - usable / max(asked, 1), float(outliers(y.v).sum()) / max(usable, 1))


async def file(
    db: Database,
    *,
    tags: Sequence[str],
    request: TrainingRequest,
    time_limit_s: float = TIME_LIMIT_S,
    memory_limit_mb: int = MEMORY_LIMIT_MB,
    station: str = "",
) -> int:
    """File a job for `tags`; its number.

    Raises:
        KnownError: an unknown tag or algorithm, or a number out of range. DeniedError: the person may not.
    """
    request.checked()
    sensors = [await models.sensor_of(db, tag) for tag in tags]
    job = NewJob(sensors, request.algorithms, request.plain(), time_limit_s, memory_limit_mb)
    made = await store.file(db, job, station=station)
    assert made is not None
    return made


async def repeat(db: Database, *, job_id: int, station: str = "") -> int:
    """File a job's exact repetition; its number."""
    return await store.repeat(db, job_id, station=station)


async def cancel(db: Database, *, job_id: int, reason: str = "", station: str = "") -> bool:
    """End a job; False when it had ended before."""
    return await store.cancel(db, job_id, reason=reason, station=station)


async def jobs(db: Database, *, newest: int = 200) -> list[JobRow]:
    """What runs, what waits, then the newest others."""
    return await training_lists.jobs(db, newest=newest)


async def job(db: Database, job_id: int) -> JobRow:
    """One job.

    Raises:
        KnownError: there is none of this number.
    """
    found = await training_lists.jobs(db, job_id=job_id)
    if not found:
        raise KnownError("training.unknown", N_("There is no training job {job}."), job=job_id)
    return found[0]


async def steps(db: Database, job_id: int) -> Sequence[StepRow]:
    """What a job has finished."""
    return await training_lists.steps(db, job_id)


async def log_of(db: Database, job_id: int) -> str:
    """A job's log."""
    return await training_lists.log_of(db, job_id)
