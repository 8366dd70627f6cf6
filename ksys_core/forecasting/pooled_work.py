"""What a worker does for a model of several tags: one fit, one artefact, and what each tag needs beside it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.attempts import attempt
from ksys_core.forecasting.base import MAX_LATE, Fitted, Frozen, ModelSpec
from ksys_core.forecasting.grid import RegularSeries, bridged, prepared
from ksys_core.forecasting.registry import SPECS, spec_named
from ksys_core.forecasting.scores import mase_scale
from ksys_core.forecasting.season import season_length
from ksys_core.i18n import N_


@runtime_checkable
class PooledEngine(Protocol):
    """An engine that learns one model from many series and forecasts any of them with it."""

    def fit_many(self, series: Any, *, season: int, horizon: int, params: Any) -> Frozen:
        """The state after `series`, all without gaps."""


def pooled(algorithm: str) -> bool:
    """Whether `algorithm` learns from several tags together."""
    return algorithm in SPECS and isinstance(SPECS[algorithm].engine, PooledEngine)


@dataclass(frozen=True, slots=True, eq=False)
class PooledTask:
    """Fit one model of `algorithm` to all `series` (by sensor, one step); `season` None: the one most of them have."""

    algorithm: str
    series: Mapping[int, RegularSeries]
    horizon: int
    season: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PooledResult:
    """The artefact of all, and by sensor the mean absolute one-season change, for MASE."""

    artefact: str
    sha256: str
    season: int
    seconds: float
    scales: Mapping[int, float | None]
    notes: tuple[str, ...]


def train_pooled(task: PooledTask) -> PooledResult:
    """Fit one model to several series.

    Raises:
        KnownError: unknown algorithm, or one that fits each series alone, or none of the series is long enough.
        pydantic.ValidationError: parameters out of range.
    """
    spec = spec_named(task.algorithm)
    if not isinstance(spec.engine, PooledEngine):
        text = N_("{algorithm} fits each tag alone: train the tags one by one.")
        raise KnownError("forecast.not_pooled", text, algorithm=task.algorithm)
    params = spec.params_model.model_validate(dict(task.params))
    begun = time.perf_counter()
    found = [season_length(y) for y in task.series.values()] if task.season is None else [task.season]
    season = spec.season_for(common_season(found))
    made = attempt(partial(_fitted, spec, task, season, params))
    if isinstance(made, KnownError):
        raise made
    fitted, notes = made
    text = artefacts.dump(fitted, *task.series.values(), notes=notes)
    return PooledResult(
        artefact=text,
        sha256=artefacts.sha256(text),
        season=season,
        seconds=time.perf_counter() - begun,
        scales={sensor: mase_scale(bridged(y.v, season), season) for sensor, y in task.series.items()},
        notes=notes,
    )


def common_season(seasons: Sequence[int]) -> int:
    """The season that most series have; of equally frequent ones the longest."""
    found, counts = np.unique(seasons, return_counts=True)
    return int(found[counts == counts.max()].max())


def _fitted(spec: ModelSpec[Any, Any], task: PooledTask, season: int, params: Frozen) -> tuple[Fitted, tuple[str, ...]]:
    engine: Any = spec.engine
    windows = [prepared(y, season)[0] for y in task.series.values()]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        state = engine.fit_many(windows, season=season, horizon=task.horizon + MAX_LATE, params=params)
    first = next(iter(task.series.values()))
    fitted = Fitted(spec, params, state, season, task.horizon, RegularSeries(first.stop, first.step, np.empty(0)))
    return fitted, tuple(sorted({f"{entry.category.__name__}: {entry.message}" for entry in seen}))
