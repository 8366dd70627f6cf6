"""What a worker process does: fit one model, forecast a batch. Plain values in, plain values out, no exception lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np

from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.attempts import attempt, fit_recorded
from ksys_core.forecasting.bands import tidy
from ksys_core.forecasting.base import LEVELS, MAX_LATE, Fitted, Forecast, Frozen, fit
from ksys_core.forecasting.batches import forecast_all
from ksys_core.forecasting.conformal import HalfWidths, calibrated
from ksys_core.forecasting.grid import RegularSeries, bridged, prepared
from ksys_core.forecasting.parsed import FORECASTERS
from ksys_core.forecasting.registry import SPECS, spec_named
from ksys_core.forecasting.scores import mase_scale
from ksys_core.forecasting.season import season_length
from ksys_core.forecasting.seeding import seed
from ksys_core.i18n import N_

FALLBACK_LOOKBACK = 600
WITHOUT: Final = N_("Forecast without {tags}: no newest values.")


@dataclass(frozen=True, slots=True, eq=False)
class TrainTask:
    """Fit `algorithm` to `y`.

    Attributes:
        season: None: found from the data.
        before: artefact of an older model of the same series; empty: none.
    """

    algorithm: str
    y: RegularSeries
    horizon: int
    season: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    before: str = ""


@dataclass(frozen=True, slots=True)
class TrainResult:
    """The artefact and what was seen while fitting. `scale`: mean absolute one-season change, for MASE."""

    artefact: str
    sha256: str
    season: int
    seconds: float
    scale: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PredictTask:
    """Forecast from the end of `y` with the model of `artefact`.

    The artefact may be left out where the model of `sha256` is known. Values outside ``[low, high]`` can't exist.
    `half`: half widths after what came true, which go before native bounds.
    """

    key: int
    artefact: str
    sha256: str
    y: RegularSeries
    horizon: int
    low: float = -np.inf
    high: float = np.inf
    half: HalfWidths | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PredictResult:
    """`forecast` None: none could be made, `error` says why. A fallback has both."""

    key: int
    forecast: Forecast | None
    source: str
    error: str = ""


def train(task: TrainTask) -> TrainResult:
    """Fit one model.

    Raises:
        KnownError: unknown algorithm, or the series can't be modelled, or the library failed on it.
        pydantic.ValidationError: parameters out of range.
    """
    spec = spec_named(task.algorithm)
    params = spec.params_model.model_validate(task.params)
    begun = time.perf_counter()
    season = season_length(task.y) if task.season is None else task.season
    before = _older_state(task)
    outcome = attempt(
        lambda: fit_recorded(spec, task.y, season=season, horizon=task.horizon, params=params, before=before)
    )
    if isinstance(outcome, KnownError):
        raise outcome
    fitted, notes = outcome
    half = seed(spec, task.y, season=season, horizon=task.horizon, params=params)
    text = artefacts.dump(replace(fitted, half=half), task.y, notes=notes)
    return TrainResult(
        artefact=text,
        sha256=artefacts.sha256(text),
        season=fitted.season,
        seconds=time.perf_counter() - begun,
        scale=mase_scale(bridged(task.y.v, season), season),
        notes=notes,
    )


def _older_state(task: TrainTask) -> Frozen | None:
    """The state a search may begin at; a model that can't be read any more is no reason not to train a new one."""
    older = attempt(lambda: artefacts.load(task.before)) if task.before else None
    return older.state if isinstance(older, Fitted) and older.spec.name == task.algorithm else None


@lru_cache(maxsize=4096)
def needs(algorithm: str, season: int, horizon: int, params: str) -> tuple[int, tuple[str, ...]]:
    """Intervals of history and other tags that a model wants; those of the fallback for what is unknown.

    Args:
        params: as JSON.
    """
    try:
        spec = spec_named(algorithm)
        chosen = spec.params_model.model_validate_json(params)
    except (KnownError, ValueError):
        return FALLBACK_LOOKBACK, ()
    back = spec.engine.lookback(spec.season_for(season), horizon + MAX_LATE, chosen)
    return back + MAX_LATE, _inputs(chosen)


def _inputs(params: Frozen) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(params, "inputs", ())
    return found


def warm() -> None:
    """Load what takes seconds, before it is needed."""
    import xgboost  # noqa: F401 - only loaded


def predict_known(tasks: Sequence[PredictTask]) -> tuple[list[PredictResult], list[int]]:
    """`predict_batch` of the tasks that bring their artefact or whose model is known here, and the others' keys."""
    known = [bool(task.artefact) or FORECASTERS.known(task.sha256) for task in tasks]
    results = predict_batch([task for task, here in zip(tasks, known, strict=True) if here])
    return results, [task.key for task, here in zip(tasks, known, strict=True) if not here]


def predict_batch(tasks: Sequence[PredictTask]) -> list[PredictResult]:
    """A result for every task; one that fails gets a fallback and never touches the others."""
    models = {i: attempt(partial(_continued, task)) for i, task in enumerate(tasks) if _fresh(task)}
    sound = {i: model for i, model in models.items() if isinstance(model, Fitted)}
    made = forecast_all(list(sound.values()), [tasks[i].horizon for i in sound], LEVELS)
    forecasts = dict(zip(sound, made, strict=True))
    errors = {i: model for i, model in models.items() if isinstance(model, KnownError)}
    outcomes = {**errors, **forecasts}
    return [_result(task, outcomes.get(i), _silent(sound.get(i))) for i, task in enumerate(tasks)]


def _fresh(task: PredictTask) -> bool:
    window, late = prepared(task.y)
    return late <= MAX_LATE and len(window) > 0


def _continued(task: PredictTask) -> Fitted:
    return FORECASTERS.model(task.artefact, task.sha256).update(task.y)


def _silent(model: Fitted | None) -> tuple[str, ...]:
    """The other tags of `model` that have no newest value."""
    if model is None:
        return ()
    newest = {tag: values[-MAX_LATE - 1 :] for tag, values in model.window.inputs.items()}
    return tuple(tag for tag in _inputs(model.params) if not np.isfinite(newest.get(tag, np.empty(0))).any())


def _result(task: PredictTask, outcome: Forecast | KnownError | None, silent: Sequence[str]) -> PredictResult:
    """What is kept of `outcome`; None: the newest values are missing. A model whose inputs are `silent` says so."""
    if outcome is None:
        return PredictResult(task.key, None, "stale")
    made = attempt(partial(_calibrated, outcome, task)) if isinstance(outcome, Forecast) else outcome
    if isinstance(made, KnownError):
        return _fallback(task, made.text.format(**made.params))
    said = WITHOUT.format(tags=", ".join(silent)) if silent else ""
    return PredictResult(task.key, made, "model", said)


def _calibrated(forecast: Forecast, task: PredictTask) -> Forecast:
    """With bounds after what came true; for steps of which nothing has, from errors in walk-forward."""
    for half in (FORECASTERS.model(task.artefact, task.sha256).half, task.half):
        forecast = forecast if half is None else calibrated(forecast, half)
    return _finished(forecast, task)


def _finished(forecast: Forecast, task: PredictTask) -> Forecast:
    if len(forecast.value) != task.horizon:
        raise ValueError("the forecast has not as many steps as were asked for")
    if not forecast.finite:
        raise ValueError("the forecast is not finite")
    return tidy(forecast, task.low, task.high)


def _fallback(task: PredictTask, error: str) -> PredictResult:
    """Seasonal naive when a day or the data's season is there, else the last value."""
    season = season_length(task.y)
    for name, m in (("seasonal_naive", season), ("naive", 1)):
        try:
            fitted = fit(SPECS[name], task.y, season=m, horizon=task.horizon)
            return PredictResult(task.key, _finished(fitted.predict(levels=LEVELS), task), "fallback", error)
        except (KnownError, ValueError):
            continue
    return PredictResult(task.key, None, "failed", error)
