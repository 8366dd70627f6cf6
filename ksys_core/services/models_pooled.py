"""One model for several tags: trained over all of them, kept once, deployed for each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ksys_core.errors import KnownError
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.pooled_work import PooledResult, PooledTask, train_pooled
from ksys_core.forecasting.work import TrainResult, TrainTask
from ksys_core.i18n import N_
from ksys_core.services.models import TrainingPlan, fitted_model, history, sensor_of
from ksys_core.store import model_artefacts, models
from ksys_core.store.models import NewModel
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True)
class PooledTraining:
    """The model of each sensor, and why others have none."""

    models: Mapping[int, int]
    refused: Mapping[int, KnownError]
    seconds: float


async def members(db: Database, *, tags: Sequence[str], unit: str = "") -> dict[int, str]:
    """The sensors called `tags` and those in use that are measured in `unit`, with their tags.

    Raises:
        KnownError: an unknown tag, or there are none.
    """
    named = {await sensor_of(db, tag): tag for tag in tags}
    found = named | (await model_artefacts.of_unit(db, unit) if unit else {})
    if not found:
        raise KnownError("models.no_members", N_("Name tags, or a unit that tags are measured in."))
    return found


async def train(
    db: Database, *, now_ns: int, executor: Executor, sensor_ids: Sequence[int], plan: TrainingPlan
) -> PooledTraining:
    """Fit `plan` over the histories of all `sensor_ids` and keep a model for each, without deploying them.

    Raises:
        KnownError: values out of range, an algorithm that fits each tag alone, or no history that can be modelled.
    """
    plan.checked()
    series, refused = await _histories(db, now_ns, sensor_ids, plan)
    if not series:
        raise next(iter(refused.values()))
    task = PooledTask(plan.algorithm, series, plan.horizon, plan.season, dict(plan.params))
    result = await asyncio.get_running_loop().run_in_executor(executor, train_pooled, task)
    fits = {
        sensor_id: TrainTask(plan.algorithm, y, plan.horizon, plan.season, dict(plan.params))
        for sensor_id, y in series.items()
    }
    async with db.transaction() as connection:
        await model_artefacts.share(connection, result.sha256, result.artefact)
        kept = {
            sensor_id: await models.add_model(connection, member_model(sensor_id, fit, result))
            for sensor_id, fit in fits.items()
        }
    return PooledTraining(kept, refused, result.seconds)


async def deploy(
    db: Database,
    *,
    now_ns: int,
    executor: Executor,
    sensor_ids: Sequence[int],
    plan: TrainingPlan,
    role: str = "champion",
) -> PooledTraining:
    """As `train`; every model is deployed."""
    trained = await train(db, now_ns=now_ns, executor=executor, sensor_ids=sensor_ids, plan=plan)
    for model_id in trained.models.values():
        await models.deploy(db, model_id, role=role)
    return trained


async def _histories(
    db: Database, now_ns: int, sensor_ids: Sequence[int], plan: TrainingPlan
) -> tuple[dict[int, RegularSeries], dict[int, KnownError]]:
    series: dict[int, RegularSeries] = {}
    refused: dict[int, KnownError] = {}
    for sensor_id in sensor_ids:
        try:
            series[sensor_id] = await history(
                db, now_ns=now_ns, sensor_id=sensor_id, interval_s=plan.interval_s, days=plan.history_days
            )
        except KnownError as error:
            if error.code != "models.no_history":
                raise
            refused[sensor_id] = error
    return series, refused


def member_model(sensor_id: int, task: TrainTask, result: PooledResult) -> NewModel:
    """The model as one sensor has it; the database gives it the shared text."""
    own = TrainResult("", result.sha256, result.season, result.seconds, result.scales[sensor_id], result.notes)
    return fitted_model(sensor_id, task, own)
