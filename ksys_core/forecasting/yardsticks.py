"""What the last value and seasonal naive would have said at the issue time: stored beside every forecast, for skill."""

from __future__ import annotations

import numpy as np

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import MAX_LATE
from ksys_core.forecasting.grid import RegularSeries, bridged


def reach(season: int) -> int:
    """Intervals of history that `yardsticks` wants."""
    return max(season, 1) + MAX_LATE + 1


def yardsticks(y: RegularSeries, season: int, horizon: int) -> tuple[ValueArray, ValueArray]:
    """Naive and seasonal naive for steps 1..`horizon` after the end of `y`, float64[horizon] each; NaN: not known.

    Without a season (1) both are the last value. The value of one season before is taken for the target's own time.
    """
    naive = np.full(horizon, np.nan)
    newest = y.v[-MAX_LATE - 1 :]
    known = newest[np.isfinite(newest)]
    if len(known):
        naive[:] = known[-1]
    if season <= 1:
        return naive, naive
    v = bridged(y.v)
    place = len(v) - season + np.arange(horizon) % season
    there = place >= 0
    seasonal = np.full(horizon, np.nan)
    seasonal[there] = v[place[there]]
    return naive, seasonal
