"""The forecast cycle: every active deployment continued from its newest values, stored by issue time."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Final

from ksys_core.domain.forecasts import ForecastBand
from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.errors import KnownError
from ksys_core.forecasting.conformal import HalfWidths
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.work import PredictResult, PredictTask, needs, predict_known
from ksys_core.forecasting.yardsticks import reach, yardsticks
from ksys_core.i18n import N_
from ksys_core.services import model_grids
from ksys_core.services.model_inputs import beside
from ksys_core.store import forecasts, models
from ksys_core.store.calibration import half_widths
from ksys_core.store.forecasts import NewForecast
from ksys_core.store.model_artefacts import artefacts_of
from ksys_core.store.models import Deployment, RunNote
from ksys_core.store.pool import Database
from ksys_core.store.virtual import sensor_ids

Whole = Callable[[Sequence[PredictTask]], Awaitable[list[PredictTask]]]

BATCH: Final = 64
SHARED_BATCH: Final = 1000
TIME_LIMIT_S: Final = 240.0
STALE: Final = N_("The newest values are missing.")
LATE: Final = N_("The forecast took too long.")
KILLED: Final = N_("The process that computed the forecast was killed.")


def issue_time(now_ns: int, interval_s: int) -> int:
    """The newest end of an interval at or before `now_ns`: what a forecast made now continues from."""
    step = interval_s * SECOND
    return now_ns // step * step


async def run_cycle(
    db: Database,
    *,
    now_ns: int,
    executor: Executor,
    time_limit_s: float = TIME_LIMIT_S,
    sensor_ids: Sequence[int] | None = None,
) -> int:
    """Forecast every active deployment (or those of `sensor_ids`); the number of rows stored.

    Running again for the same issue time replaces its rows. A model that fails gets a fallback that is marked so; a
    sensor whose newest values are missing gets none. Either reason is recorded on the deployment.
    """
    deployments = await models.active_deployments(db)
    if sensor_ids is not None:
        deployments = [d for d in deployments if d.sensor_id in set(sensor_ids)]
    if not deployments:
        return 0
    by_id = {d.deployment_id: d for d in deployments}
    instant = {d.deployment_id: d.algorithm in SPECS and SPECS[d.algorithm].instant for d in deployments}
    tasks = await _tasks(db, deployments, now_ns)
    whole = partial(_with_artefacts, db, {d.deployment_id: d.model_id for d in deployments})
    results, others = await asyncio.gather(
        _computed(None, [task for task in tasks if instant[task.key]], time_limit_s, whole),
        _computed(executor, [task for task in tasks if not instant[task.key]], time_limit_s, whole),
    )
    results += others
    inputs = {task.key: task.y for task in tasks}
    made = [_stored(by_id[r.key], r, inputs[r.key], now_ns) for r in results if r.forecast is not None]
    notes = [_note(by_id[r.key], r, now_ns) for r in results]
    return await forecasts.write(db, made, notes, now_ns)


async def catch_up(db: Database, *, now_ns: int, executor: Executor) -> int:
    """Forecast what has none of the current issue time although a minute has passed: data may have come late; rows."""
    behind = [
        d.sensor_id
        for d in await models.active_deployments(db)
        if (d.last_issue_ns or 0) < issue_time(now_ns - MINUTE, d.interval_s)
    ]
    return await run_cycle(db, now_ns=now_ns, executor=executor, sensor_ids=behind) if behind else 0


async def latest_forecasts(db: Database, sensor_ids: Sequence[int]) -> dict[int, ForecastBand]:
    """The newest forecast of each sensor's champion model; sensors without one are left out."""
    return await forecasts.latest(db, sensor_ids)


async def _tasks(db: Database, deployments: Sequence[Deployment], now_ns: int) -> list[PredictTask]:
    """One read of inputs per interval in use, one task a deployment."""
    tasks: list[PredictTask] = []
    widths = await half_widths(db, [d.model_id for d in deployments])
    for interval_s in sorted({d.interval_s for d in deployments}):
        same = [d for d in deployments if d.interval_s == interval_s]
        stop = issue_time(now_ns, interval_s)
        looks = {d.model_id: needs(d.algorithm, d.season, d.horizon, d.params) for d in same}
        ids = await sensor_ids(db, {tag for _, tags in looks.values() for tag in tags})
        own = [(d.sensor_id, max(looks[d.model_id][0], reach(d.season))) for d in same]
        others = [(ids[tag], n) for n, tags in looks.values() for tag in tags if tag in ids]
        grids = await model_grids.grids(db, own + others, stop_ns=stop, step_s=interval_s)
        for d in same:
            y = beside(grids[d.sensor_id], looks[d.model_id][1], ids, grids)
            kept = widths.get(d.model_id)
            tasks.append(_task(d, y, None if kept is None else kept.half))
    return tasks


def _task(d: Deployment, y: RegularSeries, half: HalfWidths | None) -> PredictTask:
    """Values below zero can't exist where the span begins at zero or above."""
    low = 0.0 if d.span_low is not None and d.span_low >= 0 else -math.inf
    return PredictTask(d.deployment_id, "", d.artefact_sha256, y, d.horizon, low=low, half=half)


async def _with_artefacts(db: Database, model_of: Mapping[int, int], tasks: Sequence[PredictTask]) -> list[PredictTask]:
    """`tasks` with the texts of their models."""
    texts = await artefacts_of(db, [model_of[task.key] for task in tasks])
    return [replace(task, artefact=texts.get(model_of[task.key], "")) for task in tasks]


async def _computed(
    executor: Executor | None, tasks: Sequence[PredictTask], time_limit_s: float, whole: Whole
) -> list[PredictResult]:
    """Results of all tasks; those that are not there in time are failures of their own.

    Workers know the models they have read before; a worker that is asked for another one gets its artefact.
    """
    results, unknown, lost = await _submitted(executor, tasks, time_limit_s)
    if unknown or lost:  # new to its worker, or the worker was killed and another one makes up for it
        again, _, gone = await _submitted(executor, await whole([*unknown, *lost]), time_limit_s)
        results += again
        results += [PredictResult(task.key, None, "failed", KILLED) for task in gone]
    return results


def batched(tasks: Sequence[PredictTask]) -> list[list[PredictTask]]:
    """What one worker does in one go: tags that share a model together, the others by `BATCH`."""
    sizes = Counter(task.sha256 for task in tasks)
    alone = [task for task in tasks if sizes[task.sha256] == 1]
    together = sorted((task for task in tasks if sizes[task.sha256] > 1), key=lambda task: task.sha256)
    parts = [list(group) for _, group in groupby(together, key=lambda task: task.sha256)]
    return [
        *([*part[i : i + SHARED_BATCH]] for part in parts for i in range(0, len(part), SHARED_BATCH)),
        *([*alone[i : i + BATCH]] for i in range(0, len(alone), BATCH)),
    ]


async def _submitted(
    executor: Executor | None, tasks: Sequence[PredictTask], time_limit_s: float
) -> tuple[list[PredictResult], list[PredictTask], list[PredictTask]]:
    """Results, the tasks whose model was not known where they came to, and those whose worker died."""
    loop = asyncio.get_running_loop()
    batches = batched(tasks)
    futures = [loop.run_in_executor(executor, predict_known, batch) for batch in batches]
    if futures:
        await asyncio.wait(futures, timeout=time_limit_s)
    results: list[PredictResult] = []
    unknown: list[PredictTask] = []
    lost: list[PredictTask] = []
    for batch, future in zip(batches, futures, strict=True):
        if not future.done():
            future.cancel()
            results += [PredictResult(task.key, None, "failed", LATE) for task in batch]
        elif isinstance(future.exception(), BrokenExecutor):
            lost += batch
        else:
            made, missing = future.result()
            results += made
            unknown += [task for task in batch if task.key in missing]
    return results, unknown, lost


def _stored(d: Deployment, result: PredictResult, y: RegularSeries, now_ns: int) -> NewForecast:
    assert result.forecast is not None
    naive, seasonal = yardsticks(y, d.season, len(result.forecast.value))
    return NewForecast(
        model_id=d.model_id,
        sensor_id=d.sensor_id,
        issue_ns=issue_time(now_ns, d.interval_s),
        interval_s=d.interval_s,
        source="model" if result.source == "model" else "fallback",
        value=result.forecast.value,
        lo=result.forecast.lo,
        hi=result.forecast.hi,
        naive=naive,
        seasonal=seasonal,
    )


def _note(d: Deployment, result: PredictResult, now_ns: int) -> RunNote:
    error = result.error or (STALE if result.source == "stale" else "")
    issue = issue_time(now_ns, d.interval_s) if result.forecast is not None else None
    return RunNote(d.deployment_id, result.source, error, issue)


def algorithm_title(name: str) -> str:
    """The name of an algorithm for people (English; translate at the screen)."""
    if name not in SPECS:
        raise KnownError("forecast.unknown_algorithm", N_("There is no algorithm {name}."), name=name)
    return SPECS[name].title
