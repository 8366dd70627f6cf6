"""How good forecasts were: errors, bounds and skill (Hyndman, Koehler 2006; Gneiting, Raftery 2007).

Errors are forecast minus actual. A pair without an actual (NaN) does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import ValueArray

BUCKETS: Final = ((1, 1), (2, 3), (4, 6), (7, 12), (13, 24))
"""First and last step of each part of the horizon; steps after these are one more part."""
NEAR_ZERO: Final = 0.05
"""Part of the span below which an actual makes percentages meaningless."""

Table = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BandScore:
    """One band: share of actuals inside (0-1), mean width and mean interval score, both in the unit of the series."""

    level: float
    coverage: float
    width: float
    interval_score: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures over `n` pairs.

    Attributes:
        mae, rmse, bias, pinball: in the unit of the series; `pinball` is the mean over the quantiles of all bounds and
            the median.
        wape: sum of absolute errors over sum of absolute actuals; None when every actual is 0.
        mase: `mae` over the seasonal naive's in the training part; None without such a scale.
        smape: mean of ``2|error| / (|forecast| + |actual|)``, 0 where both are 0.
        mape: None when an actual comes near zero.
    """

    n: int
    mae: float
    rmse: float
    bias: float
    wape: float | None
    mase: float | None
    smape: float
    mape: float | None
    pinball: float
    bands: tuple[BandScore, ...]


def score(
    actual: Table,
    value: Table,
    levels: Sequence[float],
    lo: Table,
    hi: Table,
    *,
    scale: float | None = None,
    span: float | None = None,
) -> Scores | None:
    """The figures of `value` (any shape) and its bounds (levels x that shape); None without a single pair.

    Args:
        scale: what MASE divides by, see `mase_scale`.
        span: range of the series, against which an actual is near zero; None: of the actuals.
    """
    known = np.isfinite(actual) & np.isfinite(value)
    if not known.any():
        return None
    y, f = actual[known], value[known]
    error = f - y
    size, total = np.abs(error), float(np.abs(y).sum())
    width = float(np.ptp(y)) if span is None else span
    away = bool((np.abs(y) > NEAR_ZERO * width).all())
    bounds = [(level, lo[i][known], hi[i][known]) for i, level in enumerate(levels)]
    sums = np.abs(f) + np.abs(y)
    mae = float(size.mean())
    return Scores(
        n=len(y),
        mae=mae,
        rmse=float(np.sqrt((error**2).mean())),
        bias=float(error.mean()),
        wape=float(size.sum()) / total if total > 0 else None,
        mase=mae / scale if scale is not None and scale > 0 else None,
        smape=float(np.divide(2 * size, sums, out=np.zeros_like(size), where=sums > 0).mean()),
        mape=float((size / np.abs(y)).mean()) if away else None,
        pinball=_mean_pinball(y, f, bounds),
        bands=tuple(_band(y, *bound) for bound in bounds),
    )


def pinball(actual: ValueArray, quantile: ValueArray, probability: float) -> float:
    """Mean pinball loss of a forecast of the quantile of `probability`."""
    above = actual - quantile
    return float(np.maximum(probability * above, (probability - 1) * above).mean())


def interval_score(actual: ValueArray, lo: ValueArray, hi: ValueArray, level: float) -> float:
    """Mean width plus ``2/alpha`` times how far actuals lie outside, with ``alpha = 1 - level/100``."""
    outside = np.maximum(lo - actual, 0) + np.maximum(actual - hi, 0)
    return float((hi - lo + 2 / (1 - level / 100) * outside).mean())


def _band(actual: ValueArray, level: float, lo: ValueArray, hi: ValueArray) -> BandScore:
    inside = (lo <= actual) & (actual <= hi)
    return BandScore(level, float(inside.mean()), float((hi - lo).mean()), interval_score(actual, lo, hi, level))


def _mean_pinball(y: ValueArray, f: ValueArray, bounds: Sequence[tuple[float, ValueArray, ValueArray]]) -> float:
    losses = [pinball(y, f, 0.5)]
    for level, lo, hi in bounds:
        losses += [pinball(y, lo, 0.5 - level / 200), pinball(y, hi, 0.5 + level / 200)]
    return float(np.mean(losses))


def mase_scale(v: ValueArray, season: int) -> float | None:
    """Mean absolute change over one season in the training part, at least its resolution; None when neither is there.

    Args:
        v: the training part; NaN where a value is missing.
    """
    change = np.abs(v[season:] - v[:-season])
    change = change[np.isfinite(change)]
    if not len(change):
        return None
    scale = max(float(change.mean()), resolution(v))
    return scale if scale > 0 else None


def resolution(v: ValueArray) -> float:
    """The smallest difference between two values; 0 when all are the same."""
    distinct = np.unique(v[np.isfinite(v)])
    return float(np.diff(distinct).min()) if len(distinct) > 1 else 0.0


def skill(mae: float, references: Sequence[float]) -> float | None:
    """1 minus `mae` over the best of `references`: 0 is no better, 1 is perfect; None when a reference is perfect."""
    best = min(references)
    return 1 - mae / best if best > 0 else None


def bucket_maes(actual: Table, value: Table) -> dict[str, float]:
    """MAE per part of the horizon ("1", "2-3", ...) of tables of origins x steps; parts without a pair are left out."""
    error = np.abs(value - actual)
    steps = error.shape[1]
    parts = [*BUCKETS, (BUCKETS[-1][1] + 1, max(steps, BUCKETS[-1][1] + 1))]
    found = {}
    for first, last in parts:
        part = error[:, first - 1 : last]
        if np.isfinite(part).any():
            found[str(first) if first == last else f"{first}-{last}"] = float(np.nanmean(part))
    return found
