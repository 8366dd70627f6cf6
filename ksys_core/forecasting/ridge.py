"""Ridge regression on lags, one linear map per horizon step (direct multi-step), relative to the newest value.

Features of step h at origin i: ``y[i-k] - y[i]`` for short lags k and whole seasons, and the target's own time one and
two seasons before. Everything is divided by the spread of the training window, so scale and level do not matter.
The bounds are quantiles of the absolute errors on the newest fifth of the window, which the choice of the penalty saw
but the coefficients did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import Forecast, Frozen, scale_of, too_short
from ksys_core.forecasting.error_bounds import KNOTS, error_quantiles, half_widths
from ksys_core.forecasting.grid import RegularSeries

LAGS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 18, 24, 36)
PENALTIES: Final = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)

Matrix = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class RidgeParams(Frozen):
    """Newest points used for training."""

    max_points: int = Field(8640, ge=100, le=200_000)


class RidgeState(Frozen):
    """Coefficients ``coef[h][feature]``, error quantiles ``errors[knot][h]`` in units of `scale`."""

    season: int = Field(ge=1, le=100_000)
    seasons: int = Field(ge=0, le=2)
    scale: float = Field(gt=0)
    penalty: float
    coef: tuple[tuple[float, ...], ...] = Field(min_length=1, max_length=10_000)
    errors: tuple[tuple[float, ...], ...]

    @model_validator(mode="after")
    def _consistent(self) -> RidgeState:
        features = len(LAGS) + 2 * self.seasons + 1
        if any(len(row) != features for row in self.coef):
            raise ValueError("one coefficient a feature")
        if len(self.errors) != len(KNOTS) or any(len(row) != len(self.coef) for row in self.errors):
            raise ValueError("one error quantile a knot and step")
        return self


def _lags(season: int, seasons: int) -> list[int]:
    return [*LAGS, *(season * j for j in range(1, seasons + 1))]


def _reach(season: int, seasons: int, horizon: int) -> int:
    """How many values before the origin the features look at."""
    longest = season * (seasons - 1) + season * -(-horizon // season) if seasons else 0
    return max(*LAGS, longest, season * seasons)


def _features(z: ValueArray, origins: Indices, horizon: int, season: int, seasons: int) -> Matrix:
    """Features float64[origin, step, feature]; the last one is 1."""
    lags = z[origins[:, None] - np.array(_lags(season, seasons))] - z[origins][:, None]
    common = np.repeat(lags[:, None, :], horizon, axis=1)
    steps = np.arange(1, horizon + 1)
    parts = [common]
    for j in range(seasons):
        back = season * -(-steps // season) + season * j
        parts.append((z[origins[:, None] + steps - back] - z[origins][:, None])[:, :, None])
    parts.append(np.ones((len(origins), horizon, 1)))
    return np.concatenate(parts, axis=2)


def _solve(x: Matrix, target: Matrix, penalty: float) -> Matrix:
    """Coefficients float64[step, feature] minimising squared error plus `penalty` x mean feature power x |b|²."""
    xs = x.transpose(1, 0, 2)
    gram = xs.transpose(0, 2, 1) @ xs
    moment = (xs.transpose(0, 2, 1) @ target.T[:, :, None])[:, :, 0]
    size = gram.shape[1]
    power = np.trace(gram, axis1=1, axis2=2) / size
    ridge = gram + (penalty * power + 1e-12)[:, None, None] * np.eye(size)
    return np.linalg.solve(ridge, moment[:, :, None])[:, :, 0]


def _seasons_for(n: int, season: int, horizon: int) -> int:
    """How many seasons back the features may look so that enough origins remain."""
    usable = (2, 1) if season > 1 else ()
    return next((k for k in usable if n - _reach(season, k, horizon) - horizon >= max(60, season // 4)), 0)


class Ridge:
    """Direct ridge; the default engine of every sensor."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: RidgeParams) -> RidgeState:
        v = y.tail(params.max_points).v
        seasons = _seasons_for(len(v), season, horizon)
        reach = _reach(season, seasons, horizon)
        need = reach + horizon + 40
        if len(v) < need:
            raise too_short(need)
        _, scale = scale_of(v)
        z = v / scale
        origins = np.arange(reach, len(z) - horizon)
        x = _features(z, origins, horizon, season, seasons)
        target = z[origins[:, None] + np.arange(1, horizon + 1)] - z[origins][:, None]
        penalty, errors = _validated(x, target, horizon)
        return RidgeState(
            season=season,
            seasons=seasons,
            scale=scale,
            penalty=penalty,
            coef=tuple(map(tuple, _solve(x, target, penalty).tolist())),
            errors=tuple(map(tuple, errors.tolist())),
        )

    def forecast(self, state: RidgeState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        (moves,) = self.moves([state], [self.inputs(state, y, horizon)])
        return self.finished(state, y, moves, levels)

    def inputs(self, state: RidgeState, y: RegularSeries, horizon: int) -> Matrix:
        """Features of steps 1..`horizon` after the end of `y`, float64[step, feature]."""
        steps = len(state.coef)
        reach = _reach(state.season, state.seasons, steps)
        if len(y) <= reach:
            raise too_short(reach + 1)
        z = y.v[-reach - 1 :] / state.scale
        return _features(z, np.array([reach]), steps, state.season, state.seasons)[0, :horizon]

    def moves(self, states: Sequence[RidgeState], inputs: Sequence[Matrix]) -> list[ValueArray]:
        """Scaled moves of every series; models of equal shape in one product."""
        made: list[ValueArray] = [np.empty(0)] * len(states)
        shapes: dict[tuple[int, ...], list[int]] = {}
        for i, x in enumerate(inputs):
            shapes.setdefault(x.shape, []).append(i)
        for (steps, _), members in shapes.items():
            coef = np.array([states[i].coef[:steps] for i in members])
            products = (np.stack([inputs[i] for i in members]) * coef).sum(axis=2)
            for i, moves in zip(members, products, strict=True):
                made[i] = moves
        return made

    def finished(self, state: RidgeState, y: RegularSeries, moves: ValueArray, levels: Sequence[float]) -> Forecast:
        """The forecast after `y` from its scaled moves."""
        half = half_widths(np.array(state.errors)[:, : len(moves)], levels)
        return Forecast.symmetric(y.v[-1] + moves * state.scale, levels, half * state.scale)

    def lookback(self, season: int, horizon: int, params: RidgeParams) -> int:
        return _reach(season, 2 if season > 1 else 0, horizon) + 1


def _validated(x: Matrix, target: Matrix, horizon: int) -> tuple[float, Matrix]:
    """The penalty with the least absolute error on the newest fifth of the origins, and its error quantiles."""
    cut = int(len(x) * 0.8)
    train = slice(0, max(cut - horizon, cut // 2))
    best: tuple[float, float, Matrix] | None = None
    for penalty in PENALTIES:
        coef = _solve(x[train], target[train], penalty)
        error = np.abs(np.einsum("nhf,hf->nh", x[cut:], coef) - target[cut:])
        if best is None or error.mean() < best[0]:
            best = (float(error.mean()), penalty, error)
    assert best is not None
    return best[1], error_quantiles(best[2])
