"""Walk-forward of several engines over a tag's history, and the gate before a champion."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np

from ksys_core.forecasting.backtest import Backtest
from ksys_core.forecasting.evaluation import CHAMPION, FOLDS, EvaluateTask, Kind, Trial, evaluate
from ksys_core.forecasting.gate import Verdict, judged
from ksys_core.forecasting.registry import SPECS, inputs_of, spec_named
from ksys_core.forecasting.voting import BASELINES
from ksys_core.services import models
from ksys_core.services.model_inputs import with_inputs
from ksys_core.services.models import TrainingPlan
from ksys_core.store import models as store
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
    return await _tested(db, now_ns, executor, tag, plan, names, count=count, refit_every=refit_every)


async def verdict(db: Database, *, now_ns: int, executor: Executor, tag: str, plan: TrainingPlan) -> Verdict:
    """How the plan's algorithm does against naive, seasonal naive and the champion on the same folds.

    A champion of exactly the same kind forecasts the same: there is nothing to compare.

    Raises:
        KnownError: unknown tag or algorithm, values out of range, too little history, or a challenger that fails.
    """
    plan.checked()
    now_in_charge = await store.champion(db, await models.sensor_of(db, tag))
    champion = None if now_in_charge is None or now_in_charge[0] not in SPECS else Kind(*now_in_charge)
    trial = await _tested(db, now_ns, executor, tag, plan, (plan.algorithm,), champion=champion)
    if plan.algorithm in trial.errors:
        raise trial.errors[plan.algorithm]
    tests = trial.scored()
    challenger = tests[plan.algorithm]
    opponents: dict[str, Backtest] = {
        name: tests[name]
        for name in (*BASELINES, CHAMPION)
        if name in tests and not np.array_equal(tests[name].value, challenger.value, equal_nan=True)
    }
    return judged(challenger, opponents)


async def deploy_if_better(
    db: Database, *, now_ns: int, executor: Executor, tag: str, plan: TrainingPlan
) -> tuple[Verdict, int | None]:
    """Fit `plan` and make it the champion of `tag` if it passes the gate; the number of the model then."""
    found = await verdict(db, now_ns=now_ns, executor=executor, tag=tag, plan=plan)
    if not found.passed:
        return found, None
    return found, await models.deploy(db, now_ns=now_ns, executor=executor, tag=tag, plan=plan)


async def _tested(
    db: Database,
    now_ns: int,
    executor: Executor,
    tag: str,
    plan: TrainingPlan,
    names: tuple[str, ...],
    *,
    champion: Kind | None = None,
    count: int = FOLDS,
    refit_every: int | None = None,
) -> Trial:
    """Walk `names` forward over the history of `tag`, in `executor`."""
    sensor_id = await models.sensor_of(db, tag)
    y = await models.history(db, now_ns=now_ns, sensor_id=sensor_id, interval_s=plan.interval_s, days=plan.history_days)
    kinds = [(plan.algorithm, plan.params), *([] if champion is None else [(champion.algorithm, champion.params)])]
    y = await with_inputs(db, y, [tag for kind in kinds for tag in inputs_of(*kind)])
    task = EvaluateTask(
        y,
        names,
        plan.horizon,
        plan.season,
        count=count,
        refit_every=refit_every,
        params={plan.algorithm: dict(plan.params)},
        champion=champion,
    )
    return await asyncio.get_running_loop().run_in_executor(executor, evaluate, task)
