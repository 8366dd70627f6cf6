"""AutoTheta (statsforecast) on the deseasonalised series; the season is kept by its place on the grid.

The library decides anew in every `forward` whether the window is seasonal, and takes the season from the window. Here
the seasonal figure is fitted once (classical additive decomposition) and found again by time: a short window will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import Forecast, Frozen, scale_of, too_short
from ksys_core.forecasting.grid import RegularSeries

MAX_SEASON = 2016
WINDOW = 400


class ThetaParams(Frozen):
    """Newest points used for training."""

    max_points: int = Field(2016, ge=20, le=20_000)


class ThetaState(Frozen):
    """Model type and parameters (Fiorucci et al. 2016), and one value for each place in the season, in scaled units."""

    kind: Literal["STM", "OTM", "DSTM", "DOTM"]
    alpha: float = Field(gt=0, lt=1)
    theta: float = Field(ge=1)
    figure: tuple[float, ...] = Field(min_length=1, max_length=MAX_SEASON)
    loc: float
    scale: float = Field(gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> ThetaState:
        if self.kind in {"STM", "DSTM"} and self.theta != 2:
            raise ValueError("the standard models have theta 2")
        return self


def seasonal_figure(y: RegularSeries, season: int) -> ValueArray:
    """Mean deviation from the centred moving average at each place of the season (``t // step % season``), sum 0."""
    if season == 1:
        return np.zeros(1)
    half = season // 2
    weights = np.ones(season) if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5]
    trend = np.convolve(y.v, weights / season, "valid")
    deviation = y.v[half : half + len(trend)] - trend
    place = (y.start // y.step + half + np.arange(len(trend))) % season
    total = np.bincount(place, weights=deviation, minlength=season)
    mean = total / np.bincount(place, minlength=season)
    return np.asarray(mean - mean.mean(), dtype=np.float64)


class Theta:
    """AutoTheta with additive season."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: ThetaParams) -> ThetaState:
        from statsforecast.theta import auto_theta

        y = y.tail(params.max_points)
        need = max(20, 2 * season + 2)
        if len(y) < need:
            raise too_short(need)
        loc, scale = scale_of(y.v)
        scaled = RegularSeries(y.start, y.step, (y.v - loc) / scale)
        figure = seasonal_figure(scaled, season)
        model: dict[str, Any] = auto_theta(y=scaled.v - _at(figure, y.start // y.step, len(y)), m=1)
        return ThetaState(
            kind=model["modeltype"],
            alpha=float(model["par"]["alpha"]),
            theta=float(model["par"]["theta"]),
            figure=tuple(figure.tolist()),
            loc=loc,
            scale=scale,
        )

    def forecast(self, state: ThetaState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        from statsforecast.theta import auto_theta, forecast_theta

        if len(y) < 8:
            raise too_short(8)
        figure, place = np.array(state.figure), y.start // y.step
        z = (y.v - state.loc) / state.scale - _at(figure, place, len(y))
        fixed = {"initial_smoothed": z[0] / 2, "alpha": state.alpha, "theta": state.theta}
        model = auto_theta(y=z, m=1, model=state.kind, **fixed)
        result = forecast_theta(model, horizon, level=list(levels))
        ahead = _at(figure, place + len(y), horizon)

        def unscaled(values: object) -> ValueArray:
            return (np.asarray(values, dtype=np.float64) + ahead) * state.scale + state.loc

        lo = np.array([unscaled(result[f"lo-{level}"]) for level in levels])
        hi = np.array([unscaled(result[f"hi-{level}"]) for level in levels])
        return Forecast(unscaled(result["mean"]), tuple(levels), lo, hi)

    def lookback(self, season: int, horizon: int, params: ThetaParams) -> int:
        return WINDOW


def _at(figure: ValueArray, place: int, n: int) -> ValueArray:
    """The seasonal values of `n` steps from `place` on."""
    return figure[(place + np.arange(n)) % len(figure)]
