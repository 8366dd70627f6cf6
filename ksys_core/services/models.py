"""Training and deploying models."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from pydantic import ValidationError

from ksys_core.domain.times import DAY, SECOND
from ksys_core.errors import KnownError
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import in_zone, inputs_of, spec_named
from ksys_core.forecasting.work import TrainResult, TrainTask, train
from ksys_core.i18n import N_
from ksys_core.services import model_grids
from ksys_core.services.forecast import issue_time
from ksys_core.services.model_inputs import with_inputs
from ksys_core.store import models
from ksys_core.store.model_artefacts import newest_artefact
from ksys_core.store.models import ModelRow, NewModel
from ksys_core.store.pool import Database

INTERVAL_S: Final = 300
HORIZON: Final = 36
HISTORY_DAYS: Final = 30.0


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What is to be fitted.

    Attributes:
        season: season length in steps; None: found from the data, 1: none.
        history_days: how much of the newest history is used at most.
        params: the algorithm's own parameters.
    """

    algorithm: str
    interval_s: int = INTERVAL_S
    horizon: int = HORIZON
    season: int | None = None
    history_days: float = HISTORY_DAYS
    params: Mapping[str, Any] = field(default_factory=dict)

    def in_zone(self, zone: str) -> TrainingPlan:
        """Itself for a plant in the time `zone`: engines that look at the clock look at the plant's."""
        return replace(self, params=in_zone(self.algorithm, self.params, zone))

    def checked(self) -> TrainingPlan:
        """Itself.

        Raises:
            KnownError: unknown algorithm or parameters, or interval, horizon or history out of range.
        """
        spec = spec_named(self.algorithm)
        try:
            spec.params_model.model_validate(dict(self.params))
        except ValidationError as error:
            raise KnownError(
                "models.params",
                N_("The parameters of {algorithm} are wrong: {reason}"),
                algorithm=self.algorithm,
                reason="; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()),
            ) from error
        if self.interval_s < 60 or self.interval_s % 60 or DAY // SECOND % self.interval_s:
            raise KnownError(
                "models.interval",
                N_("The interval must be whole minutes and divide a day, not {n} s."),
                n=self.interval_s,
            )
        if not 1 <= self.horizon <= 10_000 or not 0 < self.history_days <= 3660:
            raise KnownError(
                "models.range", N_("The horizon must be 1 to 10,000 steps and the history up to ten years.")
            )
        return self


async def deploy(
    db: Database, *, now_ns: int, executor: Executor, tag: str, plan: TrainingPlan, role: str = "champion"
) -> int:
    """Fit `plan` to the history of `tag` and deploy it; the number of the model.

    Raises:
        KnownError: unknown tag or algorithm, values out of range, or a history that can't be modelled.
    """
    plan.checked()
    sensor_id = await sensor_of(db, tag)
    model_id = await train_model(db, now_ns=now_ns, executor=executor, sensor_id=sensor_id, plan=plan)
    await models.deploy(db, model_id, role=role)
    return model_id


async def train_model(db: Database, *, now_ns: int, executor: Executor, sensor_id: int, plan: TrainingPlan) -> int:
    """Fit `plan` in `executor` and keep the model without deploying it; its number."""
    y = await history(db, now_ns=now_ns, sensor_id=sensor_id, interval_s=plan.interval_s, days=plan.history_days)
    spec = spec_named(plan.algorithm)
    y = await with_inputs(db, y, inputs_of(plan.algorithm, plan.params))
    before = await newest_artefact(db, sensor_id, plan.algorithm) if spec.warm else ""
    task = TrainTask(plan.algorithm, y, plan.horizon, plan.season, dict(plan.params), before)
    where = None if spec.instant else executor
    result = await asyncio.get_running_loop().run_in_executor(where, train, task)
    return await models.add_model(db, fitted_model(sensor_id, task, result))


def fitted_model(sensor_id: int, task: TrainTask, result: TrainResult) -> NewModel:
    """What is kept of a fit."""
    y = task.y
    return NewModel(
        sensor_id=sensor_id,
        algorithm=task.algorithm,
        interval_s=y.step // SECOND,
        horizon=task.horizon,
        season=result.season,
        artefact=result.artefact,
        artefact_sha256=result.sha256,
        data_from_ns=y.start,
        data_to_ns=y.stop,
        data_n=int(np.isfinite(y.v).sum()),
        fit_s=result.seconds,
        scale=result.scale,
        params=dict(task.params),
        notes=result.notes,
    )


async def sensor_of(db: Database, tag: str) -> int:
    """The sensor called `tag`.

    Raises:
        KnownError: there is none.
    """
    sensor_id = await models.sensor_id_of(db, tag)
    if sensor_id is None:
        raise KnownError("models.unknown_tag", N_("There is no tag {tag}."), tag=tag)
    return sensor_id


async def history(db: Database, *, now_ns: int, sensor_id: int, interval_s: int, days: float) -> RegularSeries:
    """The newest `days` of a sensor on a grid, from its first value on.

    Raises:
        KnownError: it has no usable readings there.
    """
    stop = issue_time(now_ns, interval_s)
    steps = round(days * DAY / (interval_s * SECOND))
    return _from_first_value(
        (await model_grids.grids(db, [(sensor_id, steps)], stop_ns=stop, step_s=interval_s))[sensor_id]
    )


def _from_first_value(y: RegularSeries) -> RegularSeries:
    """Without the gap before the history begins."""
    known = np.flatnonzero(~np.isnan(y.v))
    if not len(known):
        raise no_history()
    return y.tail(len(y) - int(known[0]))


def no_history() -> KnownError:
    """The error for a tag that has nothing to learn from."""
    return KnownError("models.no_history", N_("The tag has no usable readings in the training window."))


async def undeploy(db: Database, *, model_id: int, reason: str = "", station: str = "") -> None:
    """End the deployment of `model_id`.

    Raises:
        KnownError: it is not deployed. DeniedError: the person may not.
    """
    await models.undeploy(db, model_id, reason=reason, station=station)


async def listed(db: Database, *, deployed_only: bool = False) -> list[ModelRow]:
    """All models, by tag."""
    return await models.models(db, deployed_only=deployed_only)
