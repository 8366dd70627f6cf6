"""XGBoost for one tag: one model for all steps, the step being an input (direct multi-step).

Target: ``(y[i+h] - y[i]) / scale``. How many trees are kept is found on the newest fifth of the origins, whose errors
also give the bounds; the kept model is then grown on all origins.
"""

from __future__ import annotations

from collections.abc import Sequence

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
from ksys_core.forecasting.error_bounds import KNOTS, Table, error_quantiles, half_widths
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import DEFAULT_ZONE, ZoneName

HELD_ORIGINS = 60
"""Least number of origins whose errors give the bounds, where there are so many."""


class XgboostParams(GrowthParams):
    """Newest points used for training, and the plant's time zone."""

    max_points: int = Field(8640, ge=100, le=200_000)
    zone: ZoneName = DEFAULT_ZONE


class XgboostState(Frozen):
    """Trees, and error quantiles ``errors[knot][h]`` in units of `scale`."""

    season: int = Field(ge=1, le=100_000)
    zone: ZoneName
    scale: float = Field(gt=0)
    trees: Trees
    errors: tuple[tuple[float, ...], ...]

    @property
    def layout(self) -> Layout:
        """The model's inputs."""
        return Layout(self.season, self.zone)

    @property
    def horizon(self) -> int:
        """Steps it was trained for."""
        return len(self.errors[0])

    @model_validator(mode="after")
    def _consistent(self) -> XgboostState:
        if self.trees.features != self.layout.names:
            raise ValueError("the trees have other inputs than this version makes")
        steps = len(self.errors[0]) if self.errors else 0
        if len(self.errors) != len(KNOTS) or not steps or any(len(row) != steps for row in self.errors):
            raise ValueError("one error quantile a knot and step")
        return self


class Panel:
    """The scaled history of one series with its rows for any origins and steps."""

    def __init__(self, y: RegularSeries, scale: float, horizon: int, layout: Layout) -> None:
        self.z = y.v / scale
        self.span = y.stop - y.start
        self._layout = layout
        self._clock = clock(y.start, y.step, np.arange(len(y) + horizon), layout.zone)

    def rows(self, origins: Indices, steps: Indices) -> Matrix:
        """Inputs."""
        return matrix(self.z, self._clock, origins, steps, self._layout)

    def learned(self, origins: Indices, steps: Indices) -> tuple[Matrix, Table]:
        """Inputs and targets for training."""
        rows = without_short_calendar(self.rows(origins, steps), self._layout, self.span)
        return rows, self.z[origins + steps] - self.z[origins]


class Xgboost:
    """Direct XGBoost of one series."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: XgboostParams) -> XgboostState:
        y = y.tail(params.max_points)
        layout = Layout(season, params.zone)
        need = layout.least + horizon + 40
        if len(y) < need:
            raise too_short(need)
        _, scale = scale_of(y.v)
        panel = Panel(y, scale, horizon, layout)
        last = len(y) - horizon
        cut = layout.least + int((last - layout.least) * 0.8)
        early = max(cut - horizon, layout.least + (cut - layout.least) // 2)
        held = np.unique(np.linspace(cut, last - 1, held_origins(params, horizon)).astype(np.int64))
        rows, target = panel.learned(*sampled(layout.least, early, horizon, params.max_rows, 1))
        held_rows, held_target = panel.learned(*every_step(held, range(1, horizon + 1)))
        rounds, guess = trained_until(rows, target, held_rows, held_target, params)
        errors = error_quantiles(np.abs(guess - held_target).reshape(len(held), horizon))
        rows, target = panel.learned(*sampled(layout.least, last, horizon, params.max_rows, 2))
        return XgboostState(
            season=season,
            zone=params.zone,
            scale=scale,
            trees=stored(trained(rows, target, params, rounds), layout.names),
            errors=tuple(map(tuple, errors.tolist())),
        )

    def forecast(self, state: XgboostState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        (moves,) = self.moves([state], [self.inputs(state, y, horizon)])
        return self.finished(state, y, moves, levels)

    def inputs(self, state: XgboostState, y: RegularSeries, horizon: int) -> Matrix:
        """The rows of steps 1..`horizon` after the end of `y`."""
        layout = state.layout
        if len(y) <= layout.least:
            raise too_short(layout.least + 1)
        y = y.tail(layout.reach(state.horizon) + 1)
        steps = np.arange(1, horizon + 1)
        return Panel(y, state.scale, horizon, layout).rows(np.full(horizon, len(y) - 1), steps)

    def moves(self, states: Sequence[XgboostState], inputs: Sequence[Matrix]) -> list[ValueArray]:
        """Scaled moves; one call for all series that share the same trees."""
        return predicted_together([state.trees for state in states], inputs)

    def finished(self, state: XgboostState, y: RegularSeries, moves: ValueArray, levels: Sequence[float]) -> Forecast:
        """The forecast after `y` from its scaled moves."""
        half = half_widths(np.array(state.errors)[:, : len(moves)], levels)
        return Forecast.symmetric(y.v[-1] + moves * state.scale, levels, half * state.scale)

    def lookback(self, season: int, horizon: int, params: XgboostParams) -> int:
        return Layout(season, params.zone).reach(horizon) + 1


def held_origins(params: GrowthParams, horizon: int) -> int:
    """How many origins are held out so that their rows are a quarter of the rows learned from."""
    return max(HELD_ORIGINS, params.max_rows // 4 // horizon)
