"""AutoTheta (statsforecast): the chosen theta model with its parameters, run over the newest window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import Forecast, Frozen, scale_of, too_short
from ksys_core.forecasting.grid import RegularSeries

MAX_SEASON = 288


class ThetaParams(Frozen):
    """Newest points used for training."""

    max_points: int = Field(2016, ge=20, le=20_000)


class ThetaState(Frozen):
    """Model type and parameters (Fiorucci et al. 2016), in scaled units."""

    kind: Literal["STM", "OTM", "DSTM", "DOTM"]
    alpha: float = Field(gt=0, lt=1)
    theta: float = Field(ge=1)
    season: int = Field(ge=1, le=MAX_SEASON)
    loc: float
    scale: float = Field(gt=0)


class Theta:
    """AutoTheta with additive season."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: ThetaParams) -> ThetaState:
        from statsforecast.theta import auto_theta

        v = y.tail(params.max_points).v
        need = max(20, 2 * season + 2)
        if len(v) < need:
            raise too_short(need)
        loc, scale = scale_of(v)
        model = auto_theta(y=(v - loc) / scale, m=season, decomposition_type="additive")
        par = model["par"]
        return ThetaState(
            kind=model["modeltype"],
            alpha=float(par["alpha"]),
            theta=float(par["theta"]),
            season=season,
            loc=loc,
            scale=scale,
        )

    def forecast(self, state: ThetaState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        from statsforecast.theta import auto_theta, forecast_theta

        need = max(8, 2 * state.season + 2)
        if len(y) < need:
            raise too_short(need)
        z = (y.v - state.loc) / state.scale
        model = auto_theta(
            y=z,
            m=state.season,
            model=state.kind,
            initial_smoothed=z[0] / 2,
            alpha=state.alpha,
            theta=state.theta,
            decomposition_type="additive",
        )
        result = forecast_theta(model, horizon, level=list(levels))

        def unscaled(values: object) -> ValueArray:
            return np.asarray(values, dtype=np.float64) * state.scale + state.loc

        lo = np.array([unscaled(result[f"lo-{level}"]) for level in levels])
        hi = np.array([unscaled(result[f"hi-{level}"]) for level in levels])
        return Forecast(unscaled(result["mean"]), tuple(levels), lo, hi)

    def lookback(self, season: int, horizon: int, params: ThetaParams) -> int:
        return max(400, 3 * season)
