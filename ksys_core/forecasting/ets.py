"""AutoETS (statsforecast): exponential smoothing with additive errors, continued from its last state.

The artefact keeps the state vector at the end of training and its time. New observations are run through the
recursion from exactly there, so the season can't get out of phase. When the window begins later than the state, the
seasonal states are turned by the steps between and the level is taken from the window's first values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import Forecast, Frozen, scale_of, too_short
from ksys_core.forecasting.grid import RegularSeries

MAX_SEASON = 24


class EtsParams(Frozen):
    """Newest points used for training."""

    max_points: int = Field(2016, ge=20, le=20_000)


class EtsState(Frozen):
    """Components, smoothing parameters and the vector ``[level, slope?, seasonal newest..oldest]``, scaled."""

    trend: Literal["N", "A"]
    seasonal: Literal["N", "A"]
    damped: bool
    alpha: float
    beta: float | None
    gamma: float | None
    phi: float | None
    m: int = Field(ge=1, le=MAX_SEASON)
    sigma2: float = Field(ge=0)
    x: tuple[float, ...]
    at: int
    loc: float
    scale: float = Field(gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> EtsState:
        wanted = 1 + (self.trend == "A") + (self.m if self.seasonal == "A" else 0)
        parameters = ((self.beta, self.trend == "A"), (self.gamma, self.seasonal == "A"), (self.phi, self.damped))
        if len(self.x) != wanted or any((value is not None) != there for value, there in parameters):
            raise ValueError("state and parameters do not belong to the components")
        if (self.damped and self.trend == "N") or not 0 < self.alpha < 1:
            raise ValueError("parameters out of range")
        return self


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _nan(value: float | None) -> float:
    return np.nan if value is None else value


class Ets:
    """AutoETS over the additive-error family."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: EtsParams) -> EtsState:
        from statsforecast.models import AutoETS

        y = y.tail(params.max_points)
        need = max(12, 2 * season + 6)
        if len(y) < need:
            raise too_short(need)
        loc, scale = scale_of(y.v)
        model = AutoETS(season_length=season, model="AZZ").fit((y.v - loc) / scale).model_
        _, trend, seasonal, damped = model["components"]
        alpha, beta, gamma, phi = model["par"][:4]
        return EtsState(
            trend=trend,
            seasonal=seasonal,
            damped=damped == "D",
            alpha=float(alpha),
            beta=_number(beta) if trend == "A" else None,
            gamma=_number(gamma) if seasonal == "A" else None,
            phi=_number(phi) if damped == "D" else None,
            m=int(model["m"]),
            sigma2=float(model["sigma2"]),
            x=tuple(model["states"][-1].tolist()),
            at=y.stop,
            loc=loc,
            scale=scale,
        )

    def forecast(self, state: EtsState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        from statsforecast.ets import forecast_ets

        z = (y.v - state.loc) / state.scale
        skip = (state.at - y.start) // y.step
        ahead = max(skip - len(z), 0)
        if ahead >= horizon:
            raise ValueError("the window ends before the model's state")
        x = np.array(state.x) if skip >= 0 else _carried(state, z, -skip)
        x = _advanced(state, x, z[max(skip, 0) :])
        with np.errstate(invalid="ignore", divide="ignore"):
            result = forecast_ets(_library_model(state, x), horizon - ahead, level=list(levels))

        def unscaled(key: str) -> ValueArray:
            return np.pad(np.asarray(result[key], dtype=np.float64), (ahead, 0), "edge") * state.scale + state.loc

        lo = np.array([unscaled(f"lo-{level}") for level in levels])
        hi = np.array([unscaled(f"hi-{level}") for level in levels])
        return Forecast(unscaled("mean"), tuple(levels), lo, hi)

    def lookback(self, season: int, horizon: int, params: EtsParams) -> int:
        return max(600, 8 * season)


def _library_model(state: EtsState, x: ValueArray) -> dict[str, Any]:
    """What `forecast_ets` reads of a fitted model."""
    return {
        "components": f"A{state.trend}{state.seasonal}{'D' if state.damped else 'N'}",
        "par": np.array([state.alpha, _nan(state.beta), _nan(state.gamma), _nan(state.phi), *x]),
        "m": state.m,
        "sigma2": state.sigma2,
        "states": x[None, :],
        "residuals": None,
        "fitted": None,
        "distribution": "normal",
    }


def _carried(state: EtsState, z: ValueArray, steps: int) -> ValueArray:
    """The state vector `steps` later at the beginning of `z`: season turned, level from the first values."""
    x = np.array(state.x)
    head = z[: max(state.m, 6)]
    seasonal = 0.0
    if state.seasonal == "A":
        x[-state.m :] = np.roll(x[-state.m :], steps % state.m)
        ahead = x[-state.m :][::-1]
        seasonal = float(np.mean(ahead[np.arange(len(head)) % state.m]))
    if state.trend == "A":
        x[1] *= _nan(state.phi) ** steps if state.damped else 1.0
    x[0] = float(np.mean(head)) - seasonal if len(head) else x[0]
    return x


def _advanced(state: EtsState, x: ValueArray, z: ValueArray) -> ValueArray:
    """The state vector after the observations `z`."""
    from statsforecast.ets import pegelsresid_C

    if not len(z):
        return x
    _, _, states, _ = pegelsresid_C(
        y=np.ascontiguousarray(z),
        m=state.m,
        init_state=x,
        errortype="A",
        trendtype=state.trend,
        seasontype=state.seasonal,
        damped=state.damped,
        alpha=state.alpha,
        beta=_nan(state.beta),
        gamma=_nan(state.gamma),
        phi=_nan(state.phi),
        nmse=3,
    )
    return np.asarray(states[-1], dtype=np.float64)
