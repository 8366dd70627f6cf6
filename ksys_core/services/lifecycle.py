"""Promotion, rollback and retirement of deployed models: by rule, and by hand with a reason."""

from __future__ import annotations

from typing import Final

import numpy as np

from ksys_core.domain.times import DAY, HOUR
from ksys_core.forecasting.promotion import SHADOW_PAIRS, Shadow, failed, proven, rejected_together
from ksys_core.store import lifecycle as store
from ksys_core.store import models
from ksys_core.store.lifecycle import Trial
from ksys_core.store.pool import Database

SHADOW: Final = DAY
"""A challenger forecasts so long beside the champion before it is judged."""
GIVEN_UP: Final = 7 * DAY
"""A challenger that still has too few pairs then goes."""


MODELS_KEPT: Final = 30 * DAY
"""Models that the service made by itself are kept so long when they are not deployed, nor the champion before one."""
JOBS_KEPT: Final = 180 * DAY


async def forget_old(db: Database, *, now_ns: int) -> int:
    """Forget what nights have left behind; how many models and jobs."""
    return await store.forget(db, models_before_ns=now_ns - MODELS_KEPT, jobs_before_ns=now_ns - JOBS_KEPT)


async def run(db: Database, *, now_ns: int) -> int:
    """Judge every pair of champion and shadow; how many deployments changed."""
    changed = 0
    for trial in await store.successors(db):
        changed += await _watch_successor(db, trial, now_ns)
    taken: set[int] = set()
    for trial in await store.challengers(db):
        if now_ns - trial.since_ns >= SHADOW and trial.p is not None and trial.sensor_id not in taken:
            changed += await _judge_challenger(db, trial, now_ns, taken)
    return changed


async def compared(db: Database, trial: Trial, now_ns: int) -> Shadow:
    """The two models of `trial` over the targets of the last day, as far as both forecast them themselves."""
    start = max(trial.since_ns, now_ns - DAY)
    rows = await store.pairs(
        db, trial.model_id, trial.other_id, start_ns=start, stop_ns=now_ns + HOUR, issued_ns=trial.since_ns
    )
    columns = {name: rows[name].astype(np.float64) for name in ("n", "own", "other")}
    return Shadow(**columns, hits=np.stack([rows["hits80"], rows["hits95"]]).astype(np.float64))


async def _watch_successor(db: Database, trial: Trial, now_ns: int) -> int:
    shadow = await compared(db, trial, now_ns)
    if failed(shadow):
        reason = f"by rule: 24-h MASE {shadow.ratio:.2f} of the former champion's over {shadow.pairs} pairs"
        await store.rollback(db, trial.sensor_id, reason=reason)
        return 1
    if trial.kept_until_ns is not None and now_ns >= trial.kept_until_ns:
        await models.undeploy(db, trial.other_id, reason=f"by rule: model {trial.model_id} has proved itself")
        return 1
    return 0


async def _judge_challenger(db: Database, trial: Trial, now_ns: int, taken: set[int]) -> int:
    shadow = await compared(db, trial, now_ns)
    if shadow.pairs < SHADOW_PAIRS and now_ns - trial.since_ns < GIVEN_UP:
        return 0
    alone = trial.batch is None or trial.model_id in rejected_together(await store.batch_p(db, trial.batch))
    found = f"24-h MAE {shadow.ratio:.3f} of the champion's over {shadow.pairs} pairs"
    if alone and proven(shadow):
        await store.promote(db, trial.model_id, reason=f"by rule: {found}")
        taken.add(trial.sensor_id)
    else:
        why = found if alone else "too many were tested that night for so small an advantage"
        await models.undeploy(db, trial.model_id, reason=f"by rule: {why}")
    return 1


async def promote(db: Database, *, model_id: int, reason: str, station: str = "") -> None:
    """Make a model the champion of its sensor; the former one stays beside it in shadow for a day.

    Raises:
        KnownError: no reason, an unknown model, or it is the champion. DeniedError: the person may not.
    """
    await store.promote(db, model_id, reason=reason, station=station)


async def rollback(db: Database, *, sensor_id: int, reason: str, station: str = "") -> int:
    """Bring the champion before back; the number of its model.

    Raises:
        KnownError: no reason, or there is none before. DeniedError: the person may not.
    """
    return await store.rollback(db, sensor_id, reason=reason, station=station)
