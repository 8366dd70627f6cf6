"""Bounds from the errors that were made: rolling split conformal per horizon step, kept on target by feedback.

With n absolute errors of a step, the value forecast now plus or minus the ceil((n + 1) p)-th smallest of them holds the
coming value with probability at least p, whatever the distribution, as long as errors of now are like those of then
(Vovk et al. 2005; Lei et al. 2018). Where they are not, the quantile is followed through them in the order of time:
each error beyond the width so far widens it by a small part, each one within narrows it, in the ratio that keeps the
promise (quantile tracking, Gibbs, Candès 2021; Angelopoulos et al. 2023). Widths never shrink with the horizon:
neighbours that would are averaged.

`half_widths` is the one calculation, whether errors come from the database, a walk-forward or a benchmark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.forecasting.base import Forecast

ENOUGH: Final = 60
"""Errors of a step that must have matured before they are used."""
SEED: Final = 20
"""Errors of a step in walk-forward that the first bounds of a new model need."""
NEWEST: Final = 500
"""The newest errors of a step that are used."""
TRACKING: Final = 0.1
"""How much one error changes the logarithm of the width."""
_TIE: Final = 1e-9
"""Relative difference from which on an error counts as beyond the width: rounding decides nothing."""

HalfWidths = npt.NDArray[np.float64]
"""float64[levels, steps]; NaN where too few errors have matured."""
Errors = npt.NDArray[np.float64]
"""float64[n, steps] absolute errors of the newest issue times, oldest first; NaN where none has matured."""


def half_widths(errors: Errors, levels: Sequence[float], *, enough: int = ENOUGH) -> HalfWidths:
    """Half widths of the bounds of `levels` (per cent) for every step.

    Args:
        enough: errors a step must have.
    """
    errors = errors[-NEWEST:]
    probability = np.array(levels)[:, None] / 100
    known = np.isfinite(errors).sum(axis=0)
    if not len(errors):
        return np.full((len(levels), errors.shape[1]), np.nan)
    rank = np.minimum(np.ceil((known + 1) * probability).astype(np.int64), known) - 1
    half = np.take_along_axis(np.sort(errors, axis=0), np.maximum(rank, 0), axis=0)
    half = np.where(known >= enough, _tracked(half, errors, probability), np.nan)
    return np.maximum.accumulate(_never_shrinking(half), axis=0)


def _tracked(half: HalfWidths, errors: Errors, probability: npt.NDArray[np.float64]) -> HalfWidths:
    """`half` after following the quantiles of `probability` through `errors`."""
    with np.errstate(divide="ignore"):
        sizes, width = np.log(errors)[:, None, :], np.log(half)
    narrowed = TRACKING * (1 - probability) * np.isfinite(errors)[:, None, :]
    for size, part in zip(sizes, narrowed, strict=True):
        width = width + TRACKING * (size > width + _TIE) - part
    return np.exp(width)


def _never_shrinking(half: HalfWidths) -> HalfWidths:
    """The non-decreasing sequences nearest to the rows of `half` (isotonic regression), NaN left out."""
    out = half.copy()
    for row in out:
        known = np.flatnonzero(np.isfinite(row))
        row[known] = _isotonic(row[known])
    return out


def _isotonic(v: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Pool adjacent violators."""
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
