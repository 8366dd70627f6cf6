"""Whether deployed models still fit their plant."""

from __future__ import annotations

import asyncio
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import ValueArray
from ksys_core.domain.times import DAY, HOUR, SECOND
from ksys_core.forecasting.drift import Finding, error_drift, input_drift
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.services import model_grids
from ksys_core.services.forecast import issue_time
from ksys_core.store import drift as store
from ksys_core.store.drift import NewFinding, OpenFinding, Watched
from ksys_core.store.pool import Database

ERRORS: Final = 2000
"""Newest one-step errors that are looked at."""
LONGEST: Final = 30 * DAY
"""Of the values in training, and of those since, no more than so much."""

__all__ = ["OpenFinding", "findings", "run"]


async def run(db: Database, *, now_ns: int) -> int:
    """Judge every deployed model; how many findings were opened or cleared."""
    watched = await store.watched(db)
    ids = [model.model_id for model in watched]
    errors = await store.first_step_errors(db, ids, now_ns=now_ns, newest=ERRORS)
    found: list[NewFinding] = []
    for model in watched:
        values = await _values(db, model, now_ns)
        shown = await asyncio.to_thread(_judged, errors[model.model_id], values, model)
        found += [NewFinding(model.model_id, f.kind, f.severity, f.statistic, f.threshold) for f in shown]
    return await store.keep(db, ids, found, now_ns)


async def findings(db: Database) -> list[OpenFinding]:
    """What shows now, by tag."""
    return await store.open_findings(db)


async def _values(db: Database, model: Watched, now_ns: int) -> RegularSeries:
    """The sensor's values from training up to now."""
    stop = issue_time(now_ns, model.interval_s)
    start = max(model.data_from_ns, model.data_to_ns - LONGEST, stop - 2 * LONGEST)
    steps = max(1, (stop - start) // (model.interval_s * SECOND))
    grids = await model_grids.grids(db, [(model.sensor_id, steps)], stop_ns=stop, step_s=model.interval_s)
    return grids[model.sensor_id]


def _judged(errors: ValueArray, y: RegularSeries, model: Watched) -> list[Finding]:
    times: npt.NDArray[np.int64] = y.start + y.step * np.arange(len(y), dtype=np.int64)
    hours = times // HOUR % 24
    old, new = times < model.data_to_ns, times >= max(model.data_to_ns, y.stop - LONGEST)
    return error_drift(errors) + input_drift(y.v[old], y.v[new], hours[old], hours[new])
