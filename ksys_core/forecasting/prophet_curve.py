"""Prophet's curve from its parameters in NumPy: piecewise linear trend and Fourier seasons (Taylor, Letham 2018).

The clock is the plant's, so that a daily and a weekly season follow people over the change to daylight saving time.
The newest residual is carried on and dies away by the autocorrelation of the residuals: Prophet alone forgets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.domain.times import SECOND
from ksys_core.forecasting.bands import normal_score
from ksys_core.forecasting.base import Forecast, Frozen, too_short
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import ZoneName, local

MAX_CHANGEPOINTS: Final = 200
MAX_ORDER: Final = 50


class Season(Frozen):
    """A Fourier series: period in days, number of sine and cosine pairs."""

    name: str = Field(pattern="^[a-z]{1,20}$")
    period: float = Field(gt=0)
    order: int = Field(ge=1, le=MAX_ORDER)


class ProphetState(Frozen):
    """Prophet's parameters under its own names, for values scaled by `loc` and `scale`.

    Attributes:
        start: plant's clock at Prophet's time 0, ns; `t_scale`: ns until its time 1.
        sigma: standard deviation of the residuals; `phi`: their autocorrelation from step to step.
    """

    zone: ZoneName
    mode: Literal["additive", "multiplicative"]
    loc: float
    scale: float = Field(gt=0)
    k: float
    m: float
    delta: tuple[float, ...] = Field(max_length=MAX_CHANGEPOINTS)
    changepoints_t: tuple[float, ...] = Field(max_length=MAX_CHANGEPOINTS)
    beta: tuple[float, ...] = Field(max_length=2 * MAX_ORDER * 5)
    sigma_obs: float = Field(ge=0)
    start: int
    t_scale: int = Field(gt=0)
    y_scale: float = Field(gt=0)
    seasonalities: tuple[Season, ...] = Field(max_length=5)
    sigma: float = Field(ge=0)
    phi: float = Field(ge=0, lt=1)

    @model_validator(mode="after")
    def _consistent(self) -> ProphetState:
        if len(self.delta) != len(self.changepoints_t):
            raise ValueError("one change of slope a changepoint")
        if len(self.beta) != sum(2 * season.order for season in self.seasonalities):
            raise ValueError("one coefficient a sine and cosine")
        return self


def curve(state: ProphetState, clock: TimeArray) -> ValueArray:
    """The fitted curve in scaled values at times of the plant's clock, float64[len(clock)]."""
    trend = _trend(state, (clock - state.start) / state.t_scale) * state.y_scale
    seasonal = _fourier(state.seasonalities, clock) @ np.array(state.beta)
    if state.mode == "multiplicative":
        return np.asarray(trend * (1 + seasonal), dtype=np.float64)
    return np.asarray(trend + seasonal * state.y_scale, dtype=np.float64)


def _trend(state: ProphetState, t: ValueArray) -> ValueArray:
    changes, delta = np.array(state.changepoints_t), np.array(state.delta)
    passed = (changes[None, :] <= t[:, None]) * delta
    slope = passed.sum(axis=1) + state.k
    offset = (passed * -changes).sum(axis=1) + state.m
    return np.asarray(slope * t + offset, dtype=np.float64)


def _fourier(seasons: Sequence[Season], clock: TimeArray) -> npt.NDArray[np.float64]:
    """float64[len(clock), coefficients]: sine and cosine of every order of every season."""
    turns = np.pi * 2 * (clock / SECOND / (24 * 60 * 60))
    columns = []
    for season in seasons:
        for order in range(1, season.order + 1):
            angle = order / season.period * turns
            columns += [np.sin(angle), np.cos(angle)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(clock), 0))


def continued(state: ProphetState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
    """The curve over the next `horizon` steps with the newest residual dying away."""
    if not len(y):
        raise too_short(1)
    middle = y.stop - y.step + y.step // 2
    clock = local(middle + np.arange(horizon + 1) * y.step, state.zone)
    fitted = curve(state, clock)
    residual = (y.v[-1] - state.loc) / state.scale - fitted[0]
    h = np.arange(1, horizon + 1)
    value = (fitted[1:] + residual * state.phi**h) * state.scale + state.loc
    sd = np.sqrt(state.sigma**2 * (1 - state.phi ** (2 * h)) + _trend_variance(state, h * y.step)) * state.scale
    return Forecast.symmetric(value, levels, np.outer([normal_score(level) for level in levels], sd))


def _trend_variance(state: ProphetState, ahead: npt.NDArray[np.int64]) -> ValueArray:
    """Variance of the trend `ahead` ns after the newest value when the slope goes on changing as often and as much.

    Prophet draws Laplace changes of scale mean(|delta|) at a rate of one a changepoint's share of the history; their
    sum over s in (0, d) with weight (d - s) has the variance 2 scale² rate d³ / 3.
    """
    if not state.delta:
        return np.zeros(len(ahead))
    scale = float(np.mean(np.abs(state.delta))) * state.y_scale
    return np.asarray(2 * scale**2 * len(state.delta) * (ahead / state.t_scale) ** 3 / 3, dtype=np.float64)
