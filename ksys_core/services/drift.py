"""Whether deployed models still fit their plant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.times import DAY, HOUR, SECOND
from ksys_core.forecasting.drift import PSI_POINTS, Finding, coverage_drift, error_drift, input_drift
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.services import model_grids, retraining
from ksys_core.services.forecast import issue_time
from ksys_core.store import drift as store
from ksys_core.store.drift import FirstSteps, NewFinding, OpenFinding, Watched
from ksys_core.store.pool import Database

ERRORS: Final = 2000
"""Newest one-step errors that are looked at."""
GRID_S: Final = 3600
"""Values are compared as means of hours: independent ones are hours apart anyway."""
LONGEST: Final = 90 * DAY
"""Of the values up to the end of training, and of those since, no more than so much."""
COVERAGE_DAYS: Final = 7
CHUNK: Final = 20
"""Sensors read at once."""

__all__ = ["OpenFinding", "findings", "run"]


async def run(db: Database, *, now_ns: int) -> int:
    """Judge every deployed model and file retraining where it is needed; how many findings were opened or cleared.

    A model whose newest values are missing or bad is left alone: neither opened nor cleared, nor retrained.
    """
    watched = await store.watched(db, now_ns)
    ids = [model.model_id for model in watched]
    steps = await store.first_steps(db, ids, now_ns=now_ns, newest=ERRORS)
    found: list[NewFinding] = []
    values = await _values(db, watched, now_ns)
    for model in watched:
        shown = await asyncio.to_thread(_judged, steps[model.model_id], values.get(model.sensor_id), model)
        found += [NewFinding(model.model_id, f.kind, f.severity, f.statistic, f.threshold) for f in shown]
    changed = await store.keep(db, ids, found, now_ns)
    await retraining.after_drift(db, now_ns=now_ns)
    return changed


async def findings(db: Database) -> list[OpenFinding]:
    """What shows now, by tag."""
    return await store.open_findings(db)


async def _values(db: Database, watched: Sequence[Watched], now_ns: int) -> dict[int, RegularSeries]:
    """Hourly values from before the end of training up to now, by sensor, where there can be enough since."""
    stop = issue_time(now_ns, GRID_S)
    since = {m.sensor_id: stop - m.data_to_ns for m in watched if stop - m.data_to_ns >= PSI_POINTS * HOUR}
    wanted = [(sensor_id, (min(age, LONGEST) + LONGEST) // HOUR) for sensor_id, age in since.items()]
    found: dict[int, RegularSeries] = {}
    for i in range(0, len(wanted), CHUNK):
        found.update(await model_grids.grids(db, wanted[i : i + CHUNK], stop_ns=stop, step_s=GRID_S))
    return found


def _judged(steps: FirstSteps, y: RegularSeries | None, model: Watched) -> list[Finding]:
    week = max(COVERAGE_DAYS * DAY // (model.interval_s * SECOND), 1)
    found = error_drift(steps.errors) + coverage_drift(steps.errors[-week:], steps.inside[-week:])
    if y is None:
        return found
    times: npt.NDArray[np.int64] = y.start + y.step * np.arange(len(y), dtype=np.int64)
    hours = times // HOUR % 24
    old, new = times < model.data_to_ns, times >= max(model.data_to_ns, y.stop - LONGEST)
    return found + input_drift(y.v[old], y.v[new], hours[old], hours[new])
