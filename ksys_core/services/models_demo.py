"""The six forecasts of the demo plant, deployed as soon as there is history to learn from."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Final

import numpy as np

from ksys_core.domain.times import DAY, SECOND
from ksys_core.errors import KnownError
from ksys_core.forecasting.registry import DEFAULT
from ksys_core.forecasting.work import warm
from ksys_core.services import model_grids
from ksys_core.services.forecast import catch_up, issue_time, run_cycle
from ksys_core.services.models import INTERVAL_S, TrainingPlan, train_model
from ksys_core.store import models
from ksys_core.store.pool import Database

DEMO: Final = ("FEED_FLOW", "OUTLET_PRESSURE", "PRODUCT_FLOW", "PRODUCT_COND", "FEED_COND", "INLET_PRESSURE")
HISTORY_DAYS: Final = 2.0
DAY_STEPS: Final = 86_400 // INTERVAL_S


async def deploy_demo(db: Database, *, now_ns: int, executor: Executor) -> int:
    """Deploy what of the six is not deployed yet and has two days of history; how many were deployed.

    A tag that ever had a deployment is left alone: what a person changed stays. Forecasts that could not be made in
    time, because the plant's history was still being filled, are made up.
    """
    waiting = await _waiting(db)
    if not waiting:
        await catch_up(db, now_ns=now_ns, executor=executor)
        return 0
    executor.submit(warm)
    ready = await _with_history(db, list(waiting.values()), now_ns)
    deployed = 0
    plan = TrainingPlan(DEFAULT, season=DAY_STEPS, history_days=HISTORY_DAYS)
    for tag in DEMO:
        sensor_id = waiting.get(tag)
        if sensor_id not in ready:
            continue
        try:
            model_id = await train_model(db, now_ns=now_ns, executor=executor, sensor_id=sensor_id, plan=plan)
        except KnownError:  # a plant that stands still: tried again by the next run
            continue
        await models.deploy(db, model_id, reason="demo")
        await run_cycle(db, now_ns=now_ns, executor=executor, sensor_ids=[sensor_id])
        deployed += 1
    return deployed


async def _waiting(db: Database) -> dict[str, int]:
    """Those of the six tags that there are and that never had a deployment."""
    by_tag = {tag: await models.sensor_id_of(db, tag) for tag in DEMO}
    known = {tag: sensor_id for tag, sensor_id in by_tag.items() if sensor_id is not None}
    touched = await models.ever_deployed(db, list(known.values()))
    return {tag: sensor_id for tag, sensor_id in known.items() if sensor_id not in touched}


async def _with_history(db: Database, sensor_ids: list[int], now_ns: int) -> set[int]:
    """Those of `sensor_ids` with nearly all of the last two days."""
    if not sensor_ids:
        return set()
    steps = round(HISTORY_DAYS * DAY / (INTERVAL_S * SECOND))
    stop = issue_time(now_ns, INTERVAL_S)
    grids = await model_grids.grids(db, [(i, steps) for i in sensor_ids], stop_ns=stop, step_s=INTERVAL_S)
    return {i for i, y in grids.items() if np.isfinite(y.v).mean() >= 0.9}
