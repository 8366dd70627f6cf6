"""XGBoost for one tag: one model for all steps, the step being an input (direct multi-step).

Target: ``(y[i+h] - y[i]) / scale``. How many trees are kept is found on the newest fifth of the origins, whose errors
also give the bounds; the kept model is then grown on all origins. A long gap in the history
costs the pairs of origin and step that end in it; elsewhere what it takes away is missing, which trees know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Self

import numpy as np
from pydantic import Field, model_validator

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import Forecast, Frozen, scale_of, too_short
from ksys_core.forecasting.boosting.booster import (
    GrowthParams,
    Trees,
    predicted_together,
    stored,
    trained,
    trained_until,
)
from ksys_core.forecasting.boosting.features import (
    Indices,
    Layout,
    Matrix,
    clock,
    every_step,
    matrix,
    sampled,
    without_short_calendar,
)
from ksys_core.forecasting.boosting.inputs import MAX_INPUTS, Input, columns_of, input_names, input_of, scaled
from ksys_core.forecasting.error_bounds import KNOTS, Table, error_quantiles, half_widths
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import DEFAULT_ZONE, ZoneName
from ksys_core.forecasting.week_shape import WeekShape, shape_at, week_shape

FEWEST: Final = 40
"""Rows, and origins, to learn from."""
HELD_ORIGINS: Final = 60
"""Least number of origins whose errors give the bounds, where there are so many."""


class XgboostParams(GrowthParams):
    """Newest points used for training, the plant's time zone, and tags that are looked at up to the issue time."""

    max_points: int = Field(8640, ge=100, le=200_000)
    zone: ZoneName = DEFAULT_ZONE
    inputs: tuple[str, ...] = Field((), max_length=MAX_INPUTS, strict=False)


class TreeState(Frozen):
    """Trees, and error quantiles ``errors[knot][h]`` in units of the series' scale."""

    season: int = Field(ge=1, le=100_000)
    zone: ZoneName
    trees: Trees
    errors: tuple[tuple[float, ...], ...]

    @property
    def layout(self) -> Layout:
        """The model's inputs."""
        return Layout(self.season, self.zone)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the inputs in order."""
        return self.layout.names

    @property
    def horizon(self) -> int:
        """Steps it was trained for."""
        return len(self.errors[0])

    def half(self, steps: int, levels: Sequence[float]) -> Table:
        """Half widths float64[levels, steps] in units of the scale."""
        return half_widths(np.array(self.errors)[:, :steps], levels)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.trees.features != self.columns:
            raise ValueError("the trees have other inputs than this version makes")
        steps = len(self.errors[0]) if self.errors else 0
        if len(self.errors) != len(KNOTS) or not steps or any(len(row) != steps for row in self.errors):
            raise ValueError("one error quantile a knot and step")
        return self


class XgboostState(TreeState):
    """A model of one series, its scale, the tags it looks at beside, and the week's shape, which is taken off first."""

    scale: float = Field(gt=0)
    inputs: tuple[Input, ...] = Field((), max_length=MAX_INPUTS)
    shape: WeekShape = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the inputs in order."""
        return (*self.layout.names, *input_names(len(self.inputs)))

    @model_validator(mode="after")
    def _of_a_week(self) -> Self:
        if self.shape and len(self.shape) != 7 * self.season:
            raise ValueError("the shape is not that of a week")
        return self


class Panel:
    """The scaled history of one series with its rows for any origins and steps."""

    def __init__(self, y: RegularSeries, scale: float, layout: Layout, inputs: Sequence[Input] = ()) -> None:
        self.z = y.v / scale
        self.span = y.stop - y.start
        self._layout = layout
        self._others = [scaled(y, each) for each in inputs]
        self._grid = (y.start, y.step)

    def rows(self, origins: Indices, steps: Indices) -> Matrix:
        """Inputs."""
        clocks = clock(*self._grid, origins + steps, self._layout.zone)
        own = matrix(self.z, clocks, origins, steps, self._layout)
        return np.concatenate([own, *(columns_of(values, origins) for values in self._others)], axis=1)

    def learned(self, origins: Indices, steps: Indices) -> tuple[Matrix, Table]:
        """Inputs and targets for training, where both ends are known."""
        target = self.z[origins + steps] - self.z[origins]
        known = np.isfinite(target)
        rows = without_short_calendar(self.rows(origins[known], steps[known]), self._layout, self.span)
        return rows, target[known]


class Xgboost:
    """Direct XGBoost of one series."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: XgboostParams) -> XgboostState:
        y = y.tail(params.max_points)
        layout = Layout(season, params.zone)
        need = layout.least + horizon + FEWEST
        held = _held(y, layout, horizon, params)
        if len(y) < need or not len(held):
            raise too_short(need)
        _, scale = scale_of(y.v[np.isfinite(y.v)])
        inputs = tuple(input_of(y, tag) for tag in params.inputs)
        shape = week_shape(y, season, params.zone)
        panel = Panel(_without(shape, y, params.zone), scale, layout, inputs)
        early = max(int(held[0]) - horizon, layout.least + (int(held[0]) - layout.least) // 2)
        first = panel.learned(*sampled(layout.least, early, horizon, params.max_rows, 1))
        held_rows, held_target = panel.learned(*every_step(held, range(1, horizon + 1)))
        if len(first[1]) < FEWEST:
            raise too_short(need)
        rounds, guess = trained_until(*first, held_rows, held_target, params)
        errors = error_quantiles(np.abs(guess - held_target).reshape(len(held), horizon))
        rows, target = panel.learned(*sampled(layout.least, len(y) - horizon, horizon, params.max_rows, 2))
        return XgboostState(
            season=season,
            zone=params.zone,
            scale=scale,
            inputs=inputs,
            trees=stored(trained(rows, target, params, rounds), (*layout.names, *input_names(len(inputs)))),
            errors=tuple(map(tuple, errors.tolist())),
            shape=shape,
        )

    def forecast(self, state: XgboostState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        (moves,) = self.moves([state], [self.inputs(state, y, horizon)])
        return self.finished(state, y, moves, levels)

    def inputs(self, state: XgboostState, y: RegularSeries, horizon: int) -> Matrix:
        """The rows of steps 1..`horizon` after the end of `y`."""
        layout = state.layout
        if len(y) <= layout.least:
            raise too_short(layout.least + 1)
        y = _without(state.shape, y.tail(layout.reach(state.horizon) + 1), state.zone)
        steps = np.arange(1, horizon + 1)
        return Panel(y, state.scale, layout, state.inputs).rows(np.full(horizon, len(y) - 1), steps)

    def moves(self, states: Sequence[XgboostState], inputs: Sequence[Matrix]) -> list[ValueArray]:
        """Scaled moves; one call for all series that share the same trees."""
        return predicted_together([state.trees for state in states], inputs)

    def finished(self, state: XgboostState, y: RegularSeries, moves: ValueArray, levels: Sequence[float]) -> Forecast:
        """The forecast after `y` from its scaled moves."""
        half = state.half(len(moves), levels) * state.scale
        shape = shape_at(state.shape, y.tail(1), state.zone, len(moves))
        return Forecast.symmetric(y.v[-1] - shape[0] + moves * state.scale + shape[1:], levels, half)

    def lookback(self, season: int, horizon: int, params: XgboostParams) -> int:
        return Layout(season, params.zone).reach(horizon) + 1


def _without(shape: WeekShape, y: RegularSeries, zone: str) -> RegularSeries:
    """`y` without the week's shape."""
    return replace(y, v=y.v - shape_at(shape, y, zone))


def _held(y: RegularSeries, layout: Layout, horizon: int, params: GrowthParams) -> Indices:
    """Origins of the newest fifth that are held out, evenly spread, with every step known.

    So many that their rows are a quarter of those learned from.
    """
    missing = np.concatenate([[0], np.cumsum(np.isnan(y.v))])
    origins = np.arange(layout.least, len(y) - horizon)
    newest = origins[len(origins) * 4 // 5 :]
    whole: Indices = newest[missing[newest + horizon + 1] == missing[newest]]
    if not len(whole):
        return whole
    count = max(HELD_ORIGINS, params.max_rows // 4 // horizon)
    chosen: Indices = whole[np.unique(np.linspace(0, len(whole) - 1, count).astype(np.int64))]
    return chosen
