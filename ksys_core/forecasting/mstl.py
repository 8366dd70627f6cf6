"""MSTL: seasonal-trend decomposition of the newest window, the deseasonalised part continued by a stored ARIMA model.

Bandara, Hyndman, Bergmeir (2021); the season is carried on by its last period, as in statsforecast's MSTL.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from ksys_core.domain.series import ValueArray
from ksys_core.errors import KnownError
from ksys_core.forecasting.arima import ArimaState, fit_scaled, forward, state_of
from ksys_core.forecasting.base import Forecast, Frozen, scale_of, too_short
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.i18n import N_

MAX_SEASON = 2016
INNER = 2
"""Passes of the decomposition, as in R's stl; five, as in statsmodels, cost 2.5 times as much and change 1 in 10^4."""


class MstlParams(Frozen):
    """Newest seasons used for training and as the window, and ARIMA's search breadth."""

    seasons: int = Field(7, ge=3, le=30)
    max_models: int = Field(30, ge=1, le=200)


class MstlState(Frozen):
    """Season length, window in seasons, and the ARIMA model of trend and remainder."""

    season: int = Field(ge=2, le=MAX_SEASON)
    seasons: int = Field(ge=2, le=30)
    remainder: ArimaState


def _seasonal(v: ValueArray, season: int) -> ValueArray:
    """The seasonal component of `v`."""
    from statsmodels.tsa.seasonal import STL

    jump = max(1, season // 12)
    stl = STL(v, period=season, seasonal=11, seasonal_deg=0, trend_jump=jump, low_pass_jump=jump)
    return np.asarray(stl.fit(inner_iter=INNER).seasonal, dtype=np.float64)


class Mstl:
    """MSTL with one season and a non-seasonal AutoARIMA."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: MstlParams) -> MstlState:
        if season < 4:
            raise KnownError("forecast.no_season", N_("The series has no season that this model could use."))
        seasons = min(params.seasons, len(y) // season)
        if seasons < 2 or len(y) < 2 * season + 8:
            raise too_short(2 * season + 8)
        v = y.tail(seasons * season).v
        loc, scale = scale_of(v)
        z = (v - loc) / scale
        rest = z - _seasonal(z, season)
        _, spread = scale_of(rest)
        model = fit_scaled(rest[-1000:] / spread, 1, params.max_models)
        return MstlState(season=season, seasons=seasons, remainder=state_of(model, loc, spread * scale))

    def forecast(self, state: MstlState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        m = state.season
        if len(y) < 2 * m:
            raise too_short(2 * m)
        v = y.tail(state.seasons * m).v
        seasonal = _seasonal(v, m)
        rest = forward(state.remainder, (v - seasonal)[-1000:], horizon, levels)
        ahead = seasonal[len(v) - m + np.arange(horizon) % m]
        return Forecast(rest.value + ahead, rest.levels, rest.lo + ahead, rest.hi + ahead)

    def lookback(self, season: int, horizon: int, params: MstlParams) -> int:
        return params.seasons * season
