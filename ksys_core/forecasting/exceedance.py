"""Deviation from a forecast as a series that alarms can be made of: how far a value lies outside what was expected.

The training part fits an engine and tells, by forecasts within its newest third, how far values usually lie from the
forecast. What follows is forecast in blocks, each from the values before it; the deviation of step h is
``|value - forecast| / usual_h``, where `usual_h` is the 99 % quantile of the errors of that step in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.forecasting.backtest import Folds, walk_forward
from ksys_core.forecasting.base import ModelSpec
from ksys_core.forecasting.grid import RegularSeries

USUAL: Final = 99.0
"""Per cent of the errors in training that count as usual."""
_LEARNT: Final = 2 / 3
_LEAST: Final = 1e-3
_NEVER_SEEN: Final = 1e9


@dataclass(frozen=True, slots=True, eq=False)
class Deviations:
    """How far values lie from what was expected.

    Attributes:
        t: int64 ns, end of each interval after training; v: float64 deviation, NaN where it is not known.
        error: mean absolute error of the forecasts within the training part.
    """

    t: TimeArray
    v: ValueArray
    error: float


def deviations(spec: ModelSpec[Any, Any], y: RegularSeries, training: int, *, season: int, block: int) -> Deviations:
    """How far the values of `y` after the first `training` ones deviate from what the engine expects.

    Args:
        block: steps that are forecast from one origin.

    Raises:
        KnownError: the engine can't be fitted to the training part, or has too few forecasts.
    """
    known = RegularSeries(y.start, y.step, y.v[:training])
    learnt = round(training * _LEARNT)
    checked = walk_forward(spec, known, _blocks(learnt, training, block), season=season)
    errors = np.abs(checked.value - checked.actual)
    spread = float(np.nanstd(known.v))
    usual = np.array([_quantile(errors[:, h]) for h in range(block)])
    usual = np.maximum.accumulate(np.maximum(np.nan_to_num(usual, nan=float(np.nanmax(usual))), _LEAST * spread))
    made = walk_forward(spec, y, _blocks(training, len(y), block), season=season)
    error = np.abs(made.value - made.actual)
    never = np.where(error > 0, _NEVER_SEEN, error)  # where training never deviated
    found = np.divide(error, usual, out=never, where=usual > 0).ravel()
    begun = made.folds.origins[0]
    t = y.start + (begun + 1 + np.arange(len(found), dtype=np.int64)) * y.step
    return Deviations(t, found, float(np.nanmean(errors)))


def _blocks(first: int, n: int, block: int) -> Folds:
    """Whole blocks from value number `first` on."""
    return Folds(tuple(range(first, n - block + 1, block)), block, block)


def _quantile(errors: ValueArray) -> float:
    known = errors[np.isfinite(errors)]
    return float(np.percentile(known, USUAL)) if len(known) else float("nan")
