"""What every stored band obeys: nested levels, widths that never shrink with the horizon, physical limits."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import Forecast


def normal_score(level: float) -> float:
    """The two-sided standard normal quantile of `level` per cent."""
    return NormalDist().inv_cdf(0.5 + level / 200)


def tidy(forecast: Forecast, low: float = -np.inf, high: float = np.inf) -> Forecast:
    """`forecast` with nested bounds of never-shrinking width, cut to ``[low, high]``."""
    below = _widths(forecast.value - forecast.lo)
    above = _widths(forecast.hi - forecast.value)
    value: ValueArray = np.clip(forecast.value, low, high)
    return Forecast(
        value,
        forecast.levels,
        np.clip(np.minimum(forecast.value - below, value), low, high),
        np.clip(np.maximum(forecast.value + above, value), low, high),
    )


def _widths(half: ValueArray) -> ValueArray:
    """Half widths (levels x steps) made non-negative and non-decreasing along both axes."""
    along = np.maximum.accumulate(np.maximum(half, 0.0), axis=1)
    return np.maximum.accumulate(along, axis=0)
