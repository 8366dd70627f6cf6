"""Walk-forward of several engines over a tag's history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

from ksys_core.forecasting.evaluation import FOLDS, EvaluateTask, Trial, evaluate
from ksys_core.forecasting.registry import spec_named
from ksys_core.services import models
from ksys_core.services.models import TrainingPlan
from ksys_core.store.pool import Database


async def run(
    db: Database,
    *,
    now_ns: int,
    executor: Executor,
    tag: str,
    plan: TrainingPlan,
    algorithms: Sequence[str] = (),
    count: int = FOLDS,
    refit_every: int | None = None,
) -> Trial:
    """Test the plan's algorithm and `algorithms` on the same `count` folds of the history of `tag`.

    Args:
        refit_every: folds after which models are fitted anew; None: never.

    Raises:
        KnownError: unknown tag or algorithm, values out of range, or too little history.
    """
    plan.checked()
    names = tuple(dict.fromkeys((plan.algorithm, *algorithms)))
    for name in names:
        spec_named(name)
    y = await models.history(
        db,
        now_ns=now_ns,
        sensor_id=await models.sensor_of(db, tag),
        interval_s=plan.interval_s,
        days=plan.history_days,
    )
    task = EvaluateTask(
        y,
        names,
        plan.horizon,
        plan.season,
        count=count,
        refit_every=refit_every,
        params={plan.algorithm: dict(plan.params)},
    )
    return await asyncio.get_running_loop().run_in_executor(executor, evaluate, task)
