"""Bounds from the errors that were made: conformal widths, kept on target by what has come true.

First bounds are quantiles of errors in walk-forward (`half_widths`): with n absolute errors of a step, the value
forecast now plus or minus the ceil((n + 1) p)-th smallest of them holds the coming value with probability at least p as
long as errors of now are like those of then (split conformal; Vovk et al. 2005, Lei et al. 2018). They do not stay so.

From the first forecast that comes true on, widths are therefore tracked (`Tracked`; adaptive conformal inference,
Gibbs, Candès 2021; quantile tracking, Angelopoulos et al. 2023). Whenever a target time has come, each of its forecasts
tells whether the actual lay within the bounds *as they were issued*: one beyond widens, one within narrows, in the
ratio that keeps the promise. Since the changes of a width add up to misses minus promised misses, the share of misses
can only stray from the promise by the change of the width over the number of targets, whatever the errors do. Errors of
one target are alike, so most of the change is common to all steps; what is left shapes the widths over the horizon.
Wider bounds also follow narrower ones, whose misses tell sooner that errors have changed.

Widths never shrink with the horizon: neighbours that would are averaged. `Tracked.after` is the one calculation,
whether forecasts come from the database, a walk-forward or a benchmark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import Forecast

SEED: Final = 20
"""Errors of a step in walk-forward that the first bounds of a new model need."""
NEWEST: Final = 500
"""Target times at most that widths follow in one go."""
COMMON: Final = 1.0
"""How much the misses of one horizon of targets change the logarithm of all widths."""
SHAPE: Final = 0.15
"""How much those of a step alone change that of its width."""
LINK: Final = 0.15
"""Part of the common change of the narrowest bounds that wider ones share."""
SPREAD: Final = 8
"""Steps by which a horizon counts as longer: a short one must not chase each single error."""
EAGER: Final = 2.0
"""By so many times more widths change at first; after two horizons by half of that."""
LEAST: Final = 1e-3
"""Part of an error beyond it that a width has at least: one of 0 could not grow."""
_TIE: Final = 1e-9
"""Relative difference from which on an error counts as beyond the width: rounding decides nothing."""

HalfWidths = npt.NDArray[np.float64]
"""float64[levels, steps]; NaN where they are not known."""
Errors = npt.NDArray[np.float64]
"""float64[n, steps] absolute errors, NaN where there is none."""


def half_widths(errors: Errors, levels: Sequence[float]) -> HalfWidths:
    """First half widths of the bounds of `levels` (per cent) for every step; NaN from less than `SEED` errors."""
    if not len(errors):
        return np.full((len(levels), errors.shape[1]), np.nan)
    known = np.isfinite(errors).sum(axis=0)
    rank = np.minimum(np.ceil((known + 1) * np.array(levels)[:, None] / 100).astype(np.int64), known) - 1
    half = np.take_along_axis(np.sort(errors, axis=0), np.maximum(rank, 0), axis=0)
    return _ordered(np.where(known >= SEED, half, np.nan))


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """Half widths of the bounds of `levels` after what has come true.

    Attributes:
        half: NaN for a step of which no forecast has come true.
        targets: target times they have followed.
    """

    levels: tuple[float, ...]
    half: HalfWidths
    targets: int = 0

    @classmethod
    def begun(cls, levels: Sequence[float], steps: int) -> Tracked:
        """Before anything has come true."""
        return cls(tuple(levels), np.full((len(levels), steps), np.nan))

    def after(self, error: ValueArray, issued: HalfWidths) -> Tracked:
        """The widths after a target time with the absolute `error` of every step's forecast of it.

        Args:
            error: NaN for a step that did not forecast it.
            issued: the half widths that these forecasts were issued with.
        """
        known = np.isfinite(error)
        if not known.any():
            return self
        half = np.where(known & np.isnan(self.half), issued, self.half)
        missed = known & (error > issued * (1 + _TIE))
        half = np.where(missed, np.maximum(half, LEAST * error), half)
        surplus: Errors = missed - np.where(known, 1 - np.array(self.levels)[:, None] / 100, 0.0)
        steps, here = len(error), int(known.sum())
        pace = (1 + EAGER / (1 + self.targets / (2 * steps))) / (steps + SPREAD)
        common: Errors = surplus.sum(axis=1, keepdims=True) / here
        common[1:] += LINK * common[0]
        shape = SHAPE * surplus * (steps / here)
        return Tracked(self.levels, _ordered(half * np.exp(pace * (COMMON * common + shape))), self.targets + 1)


def _ordered(half: HalfWidths) -> HalfWidths:
    """The non-decreasing rows nearest to those of `half` (isotonic regression), NaN left out, and nested levels."""
    out = half.copy()
    for row in out:
        known = np.flatnonzero(np.isfinite(row))
        row[known] = _isotonic(row[known])
    nested: HalfWidths = np.maximum.accumulate(out, axis=0)
    return nested


def _isotonic(v: ValueArray) -> ValueArray:
    """Pool adjacent violators."""
    if (v[1:] >= v[:-1]).all():
        return v
    means: list[float] = []
    sizes: list[int] = []
    for value in v.tolist():
        means.append(value)
        sizes.append(1)
        while len(means) > 1 and means[-2] >= means[-1]:
            size = sizes[-2] + sizes[-1]
            means[-2:] = [(means[-2] * sizes[-2] + means[-1] * sizes[-1]) / size]
            sizes[-2:] = [size]
    return np.repeat(means, sizes)


def calibrated(forecast: Forecast, half: HalfWidths) -> Forecast:
    """`forecast` with bounds `half` to both sides for the steps that `half` has; elsewhere its own stay."""
    own = np.full_like(forecast.lo, np.nan)
    steps = min(len(forecast.value), half.shape[1])
    own[:, :steps] = half[:, :steps]
    lo = np.where(np.isnan(own), forecast.lo, forecast.value - own)
    hi = np.where(np.isnan(own), forecast.hi, forecast.value + own)
    return Forecast(forecast.value, forecast.levels, lo, hi)
