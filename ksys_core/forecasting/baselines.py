"""Naive, drift and seasonal naive: the yardsticks of every other engine (Hyndman, Athanasopoulos, FPP3 5.2, 5.5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.bands import normal_score
from ksys_core.forecasting.base import Forecast, Frozen, NoParams, too_short
from ksys_core.forecasting.grid import RegularSeries


class Spread(Frozen):
    """Root mean square of the in-sample errors of one step (or one season), and of what sample size it is."""

    sigma: float = Field(ge=0)
    n: int = Field(ge=2)
    slope: float = 0.0
    season: int = Field(1, ge=1, le=100_000)


def _banded(value: ValueArray, growth: ValueArray, sigma: float, levels: Sequence[float]) -> Forecast:
    scores = np.array([normal_score(level) for level in levels])
    return Forecast.symmetric(value, levels, np.outer(scores, growth * sigma))


class Naive:
    """The newest value for all steps."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: NoParams) -> Spread:
        return Spread(sigma=float(np.sqrt(np.mean(np.diff(y.v) ** 2))), n=len(y))

    def forecast(self, state: Spread, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        growth = np.sqrt(np.arange(1.0, horizon + 1))
        return _banded(np.full(horizon, y.v[-1]), growth, state.sigma, levels)

    def lookback(self, season: int, horizon: int, params: NoParams) -> int:
        return 8


class Drift:
    """The newest value, continued along the line between the first and the last value of the training window."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: NoParams) -> Spread:
        steps = np.diff(y.v)
        slope = float(steps.mean())
        return Spread(sigma=float(np.sqrt(np.mean((steps - slope) ** 2))), n=len(y), slope=slope)

    def forecast(self, state: Spread, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        h = np.arange(1.0, horizon + 1)
        growth = np.sqrt(h * (1 + h / (state.n - 1)))
        return _banded(y.v[-1] + state.slope * h, growth, state.sigma, levels)

    def lookback(self, season: int, horizon: int, params: NoParams) -> int:
        return 8


class SeasonalNaive:
    """The value of one season before; without a season, the newest value."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: NoParams) -> Spread:
        if len(y) <= season + 1:
            raise too_short(season + 2)
        errors = y.v[season:] - y.v[:-season]
        return Spread(sigma=float(np.sqrt(np.mean(errors**2))), n=len(y), season=season)

    def forecast(self, state: Spread, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        m = state.season
        if len(y) < m:
            raise too_short(m)
        h = np.arange(horizon)
        growth = np.sqrt(h // m + 1.0)
        return _banded(y.v[len(y) - m + h % m], growth, state.sigma, levels)

    def lookback(self, season: int, horizon: int, params: NoParams) -> int:
        return season + max(8, season)
