"""AutoARIMA (statsforecast): orders and coefficients fitted once, then run over the newest window (`forward`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field, model_validator

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import Forecast, Frozen, scale_of, too_short
from ksys_core.forecasting.grid import RegularSeries

MAX_SEASON = 24


class ArimaParams(Frozen):
    """Newest points used for training and as the window, search breadth, and whether seasonal terms are tried."""

    max_points: int = Field(1000, ge=40, le=5000)
    max_models: int = Field(30, ge=1, le=200)
    seasonal: bool = False


class ArimaState(Frozen):
    """``arma`` is (p, q, P, Q, m, d, D); coefficients by the library's names; values in scaled units."""

    arma: tuple[int, int, int, int, int, int, int]
    coef_names: tuple[str, ...]
    coef: tuple[float, ...]
    sigma2: float = Field(ge=0)
    loc: float
    scale: float = Field(gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> ArimaState:
        p, q, sp, sq, m, d, sd = self.arma
        if min(self.arma) < 0 or m < 1 or max(p, q, sp, sq) > 10 or m > 1000 or d > 2 or sd > 1:
            raise ValueError("orders out of range")
        names = [f"ar{i + 1}" for i in range(p)] + [f"ma{i + 1}" for i in range(q)]
        names += [f"sar{i + 1}" for i in range(sp)] + [f"sma{i + 1}" for i in range(sq)]
        extra = self.coef_names[len(names) :]
        if list(self.coef_names[: len(names)]) != names or extra not in ((), ("intercept",), ("drift",)):
            raise ValueError("coefficients do not belong to the orders")
        if len(self.coef) != len(self.coef_names):
            raise ValueError("one value a coefficient")
        return self


def fit_scaled(z: ValueArray, season: int, max_models: int) -> dict[str, Any]:
    """The library's model of `z`; seasonal terms when `season` > 1."""
    from statsforecast.models import AutoARIMA

    model = AutoARIMA(season_length=season, seasonal=season > 1, approximation=True, nmodels=max_models).fit(z).model_
    return dict(model)


def state_of(model: dict[str, Any], loc: float, scale: float) -> ArimaState:
    """The numbers of a library model that `forward` needs."""
    p, q, sp, sq, m, d, sd = (int(k) for k in model["arma"])
    return ArimaState(
        arma=(p, q, sp, sq, m, d, sd),
        coef_names=tuple(str(name) for name in model["coef"]),
        coef=tuple(float(value) for value in model["coef"].values()),
        sigma2=max(float(model["sigma2"]), 0.0),
        loc=loc,
        scale=scale,
    )


def forward(state: ArimaState, v: ValueArray, horizon: int, levels: Sequence[float]) -> Forecast:
    """Run the stored model over `v` and forecast from its end."""
    from statsforecast.models import AutoARIMA

    p, q, sp, sq, m, d, sd = state.arma
    need = max(p, q) + d + m * (max(sp, sq) + sd) + 3
    if len(v) < need:
        raise too_short(need)
    model = AutoARIMA(season_length=m)
    drift = "drift" in state.coef_names
    model.model_ = {
        "arma": state.arma,
        "coef": dict(zip(state.coef_names, state.coef, strict=True)),
        "sigma2": state.sigma2,
        "var_coef": np.zeros((len(state.coef), len(state.coef))),
        "mask": np.ones(len(state.coef), dtype=bool),
        "lambda": None,
        "distribution": "normal",
        "x": np.zeros(8),
        "xreg": np.arange(1.0, 9.0)[:, None] if drift else None,
    }
    result = model.forward((v - state.loc) / state.scale, horizon, level=list(levels))

    def unscaled(values: object) -> ValueArray:
        return np.asarray(values, dtype=np.float64) * state.scale + state.loc

    lo = np.array([unscaled(result[f"lo-{level}"]) for level in levels])
    hi = np.array([unscaled(result[f"hi-{level}"]) for level in levels])
    return Forecast(unscaled(result["mean"]), tuple(levels), lo, hi)


class Arima:
    """AutoARIMA on the newest points; without season unless asked for."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: ArimaParams) -> ArimaState:
        period = season if params.seasonal else 1
        v = y.tail(params.max_points).v
        need = max(30, 3 * period)
        if len(v) < need:
            raise too_short(need)
        loc, scale = scale_of(v)
        return state_of(fit_scaled((v - loc) / scale, period, params.max_models), loc, scale)

    def forecast(self, state: ArimaState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        return forward(state, y.v, horizon, levels)

    def lookback(self, season: int, horizon: int, params: ArimaParams) -> int:
        return max(300, 4 * season) if params.seasonal else 300
