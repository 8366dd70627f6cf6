"""Ridge regression on lags, one linear map per horizon step (direct multi-step), relative to the newest value.

The inputs are described in `ridge_features`. Coefficients minimise absolute errors (least squares reweighted, Huber
1964), so that wild targets weigh less; the penalty is the one with the least absolute error on the newest fifth of
the origins, whose errors also give the bounds. A long gap in the history costs the origins beside it, no more. An
outage is seen no farther out than usual values lie, unless those held-out errors say that such values tell something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.forecasting.base import Forecast, Frozen, scale_of, too_short
from ksys_core.forecasting.error_bounds import KNOTS, error_quantiles, half_widths
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import DEFAULT_ZONE, ZoneName
from ksys_core.forecasting.ridge_features import (
    ALIGNED,
    DEEP,
    DEEP_FROM,
    OPEN,
    Indices,
    Layout,
    Matrix,
    clock_of,
    completed,
    features,
    fences,
    filled,
    layout_for,
    usable_origins,
)
from ksys_core.forecasting.week_shape import WeekShape, shape_at, week_shape

PENALTIES: Final = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
FEWEST: Final = 40
"""Origins to learn from."""
MOST: Final = 4000
REWEIGHTED: Final = 4
"""How often least squares are weighted anew."""
ROBUST_FROM: Final = 0.5
"""An error weighs in by its square up to this part of the median error, and by its size beyond."""
CLEARLY: Final = 0.95
"""Part of the error that has to be left for values beyond the usual ones to be looked at as they are."""

Chosen = npt.NDArray[np.bool_]
Limits = tuple[float, float]


class RidgeParams(Frozen):
    """Newest points used for training, and the plant's time zone."""

    max_points: int = Field(8640, ge=100, le=200_000)
    zone: ZoneName = DEFAULT_ZONE


class RidgeState(Frozen):
    """Coefficients ``coef[h][feature]``, error quantiles ``errors[knot][h]`` in units of `scale`.

    Attributes:
        depth: how many seasons the inputs look back, a key of `ridge_features.ALIGNED`.
        zone: the plant's time zone where the calendar is an input.
        shape: what is taken off the series for the model, and put on its forecasts.
        limits: as `ridge_features.features` takes them; None: none.
    """

    season: int = Field(ge=1, le=100_000)
    depth: int
    zone: ZoneName | None
    scale: float = Field(gt=0)
    penalty: float
    coef: tuple[tuple[float, ...], ...] = Field(min_length=1, max_length=10_000)
    errors: tuple[tuple[float, ...], ...]
    shape: WeekShape = ()
    limits: tuple[float, float] | None = None

    @property
    def layout(self) -> Layout:
        """The model's inputs."""
        return Layout(self.season, self.depth, self.zone)

    def shape_at(self, y: RegularSeries, ahead: int = 0) -> ValueArray:
        """What of `y`, and of `ahead` intervals after it, is the week's shape."""
        return np.zeros(len(y) + ahead) if self.zone is None else shape_at(self.shape, y, self.zone, ahead)

    @model_validator(mode="after")
    def _consistent(self) -> RidgeState:
        if self.depth not in ALIGNED or (self.depth and self.season == 1):
            raise ValueError("there are no such inputs")
        if self.shape and (len(self.shape) != 7 * self.season or self.zone is None):
            raise ValueError("the shape is not that of a week of the plant")
        if any(len(row) != self.layout.width for row in self.coef):
            raise ValueError("one coefficient a feature")
        if len(self.errors) != len(KNOTS) or any(len(row) != len(self.coef) for row in self.errors):
            raise ValueError("one error quantile a knot and step")
        return self


class Ridge:
    """Direct ridge; the cheapest engine that knows season and calendar."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: RidgeParams) -> RidgeState:
        y = y.tail(params.max_points)
        layout = layout_for(y, season, horizon, params.zone)
        shape = () if layout.zone is None else week_shape(y, season, layout.zone)
        rest = y.v - shape_at(shape, y, params.zone)
        reach = layout.reach(horizon)
        history = filled(rest, season)
        origins = usable_origins(y.v, history, reach, horizon)
        if len(origins) < FEWEST:
            raise too_short(reach + horizon + FEWEST)
        _, scale = scale_of(y.v[np.isfinite(y.v)])
        z = history / scale
        origins = _sample(origins)
        target = z[origins[:, None] + np.arange(1, horizon + 1)] - z[origins][:, None]
        held = origins > np.quantile(origins, 0.8)
        early = origins < origins[held][0] - min(horizon, len(y) // 10)
        penalty, limits, errors, x = _validated(z, clock_of(y, 0, layout), origins, layout, target, (early, held))
        coef = _solved(_moments(x, target, _weights(x, target, penalty)), penalty)
        return RidgeState(
            season=season,
            depth=layout.depth,
            zone=layout.zone,
            scale=scale,
            penalty=penalty,
            coef=tuple(tuple(float(f"{c:.7g}") for c in row) for row in coef.tolist()),
            errors=tuple(map(tuple, errors.tolist())),
            shape=shape,
            limits=None if limits == OPEN else limits,
        )

    def forecast(self, state: RidgeState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        (moves,) = self.moves([state], [self.inputs(state, y, horizon)])
        return self.finished(state, y, moves, levels)

    def inputs(self, state: RidgeState, y: RegularSeries, horizon: int) -> Matrix:
        """Features of steps 1..`horizon` after the end of `y`, float64[step, feature]."""
        layout, steps = state.layout, len(state.coef)
        reach = layout.reach(steps)
        y = y.tail(reach + 1)
        need = 1 + min(reach, max(12, 2 * state.season))
        if int(np.isfinite(y.v).sum()) < need:
            raise too_short(need)
        missing = reach + 1 - len(y)
        rest = y.v - state.shape_at(y)
        z = completed(np.concatenate((np.full(missing, np.nan), rest)), state.season) / state.scale
        clock = clock_of(RegularSeries(y.start - missing * y.step, y.step, z), steps, layout)
        return features(z, clock, np.array([reach]), steps, layout, state.limits or OPEN)[0, :horizon]

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
        shape = state.shape_at(y.tail(1), len(moves))
        value = y.v[-1] - shape[0] + moves * state.scale + shape[1:]
        return Forecast.symmetric(value, levels, half * state.scale)

    def lookback(self, season: int, horizon: int, params: RidgeParams) -> int:
        depth = 0 if season == 1 else DEEP if params.max_points >= DEEP_FROM * season else 2
        return Layout(season, depth, None).reach(horizon) + 1


def _sample(origins: Indices) -> Indices:
    """At most `MOST` of `origins`, the same ones every time."""
    if len(origins) <= MOST:
        return origins
    chosen: Indices = np.sort(np.random.default_rng(1).choice(origins, MOST, replace=False))
    return chosen


def _moments(x: Matrix, target: Matrix, weight: Matrix) -> tuple[Matrix, Matrix]:
    """Weighted products of features with themselves and with targets, float64[step, feature, feature] and [.., 1]."""
    xs = x.transpose(1, 2, 0)
    weighted = xs * weight.T[:, None, :]
    return weighted @ x.transpose(1, 0, 2), weighted @ target.T[:, :, None]


def _solved(moments: tuple[Matrix, Matrix], penalty: float) -> Matrix:
    """Coefficients float64[step, feature] minimising weighted squares plus `penalty` x each feature's power x b²."""
    gram, moment = moments[0].copy(), moments[1]
    power = np.einsum("hff->hf", gram)
    diagonal = np.arange(gram.shape[1])
    gram[:, diagonal, diagonal] += penalty * power + 1e-12 * (1 + power.max(axis=1, keepdims=True))
    coef: Matrix = np.asarray(np.linalg.solve(gram, moment)[:, :, 0], dtype=np.float64)
    return coef


def _weights(x: Matrix, target: Matrix, penalty: float) -> Matrix:
    """Weights of the targets with which squares come near to absolute errors."""
    weight = np.ones_like(target)
    for _ in range(REWEIGHTED):
        size = _sizes(x, target, _solved(_moments(x, target, weight), penalty))
        usual = np.median(size, axis=0) + 1e-12
        weight = 1 / np.maximum(size / usual, ROBUST_FROM)
    return weight


def _sizes(x: Matrix, target: Matrix, coef: Matrix) -> Matrix:
    """Absolute errors."""
    found: Matrix = np.abs((x.transpose(1, 0, 2) @ coef[:, :, None])[:, :, 0].T - target)
    return found


def _validated(
    z: ValueArray, clock: TimeArray, origins: Indices, layout: Layout, target: Matrix, split: tuple[Chosen, Chosen]
) -> tuple[float, Limits, Matrix, Matrix]:
    """The penalty and the limits with the least absolute error on the held-out part after learning from the early one.

    Returns:
        Both, the quantiles of these errors, and the features of all origins within the limits.
    """
    early, held = split
    usual = fences(z)
    beyond = bool((z < usual[0]).any() or (z > usual[1]).any())
    found: list[tuple[float, float, Limits, Matrix, Matrix]] = []
    for limits in (usual, OPEN) if beyond else (usual,):
        x = features(z, clock, origins, target.shape[1], layout, limits)
        moments = _moments(x[early], target[early], _weights(x[early], target[early], PENALTIES[len(PENALTIES) // 2]))
        tried = {p: _sizes(x[held], target[held], _solved(moments, p)) for p in PENALTIES}
        penalty = min(tried, key=lambda p: float(tried[p].mean()))
        found.append((float(tried[penalty].mean()), penalty, limits, error_quantiles(tried[penalty]), x))
    dropped = len(found) > 1 and found[1][0] < CLEARLY * found[0][0]
    return found[dropped][1:]
