"""XGBoost for many tags: one model of all series of a kind, which knows each only by how it moves.

Every row is divided by the spread of the series over the newest seasons before its origin, so nothing of a series has
to be stored with the model: what tells one from another are shares of that spread (roughness, level, repetition,
newest spread). A series that the model has not seen is forecast like those it resembles. The bounds are quantiles of
the errors that all series together made on the newest fifth of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from pydantic import Field

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.base import Forecast, too_short
from ksys_core.forecasting.boosting.booster import (
    GrowthParams,
    Trees,
    predicted_together,
    stored,
    trained,
    trained_until,
)
from ksys_core.forecasting.boosting.engine import TreeState
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
from ksys_core.forecasting.error_bounds import Table, error_quantiles
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import DEFAULT_ZONE, ZoneName

LIKENESS: Final = ("roughness", "level", "repetition", "newest_spread")
WINDOW: Final = 72
FAR: Final = 50.0
"""Level in units of the spread beyond which it says no more."""
HELD_ROWS: Final = 20_000


class PooledParams(GrowthParams):
    """Rows learned from over all series, newest points of each, and the plant's time zone."""

    max_rows: int = Field(40_000, ge=1_000, le=1_000_000)
    trees: int = Field(200, ge=1, le=500)
    leaves: int = Field(32, ge=2, le=64)
    max_points: int = Field(8640, ge=100, le=200_000)
    zone: ZoneName = DEFAULT_ZONE


class PooledState(TreeState):
    """A model of `series` series."""

    series: int = Field(ge=1, le=100_000)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the inputs in order."""
        return (*self.layout.names, *LIKENESS)


def window_of(layout: Layout) -> int:
    """Values over which the spread is taken."""
    return max(WINDOW, 2 * layout.season)


class PooledPanel:
    """The history of one series with its rows for any origins and steps, each in units of its own spread."""

    def __init__(self, y: RegularSeries, layout: Layout) -> None:
        self._y = y
        self._layout = layout

    def rows(self, origins: Indices, steps: Indices) -> tuple[Matrix, ValueArray]:
        """Inputs, and the unit of each row."""
        unique, where = np.unique(origins, return_inverse=True)
        unit, likeness = _likeness(self._y.v, unique, self._layout)
        clocks = clock(self._y.start, self._y.step, origins + steps, self._layout.zone)
        rows = matrix(self._y.v, clocks, origins, steps, self._layout, unit[where])
        return np.concatenate([rows, likeness[where]], axis=1), unit[where]

    def learned(self, origins: Indices, steps: Indices) -> tuple[Matrix, ValueArray]:
        """Inputs and targets for training."""
        rows, unit = self.rows(origins, steps)
        rows = without_short_calendar(rows, self._layout, self._y.stop - self._y.start)
        return rows, (self._y.v[origins + steps] - self._y.v[origins]) / unit


def _likeness(v: ValueArray, origins: Indices, layout: Layout) -> tuple[ValueArray, Matrix]:
    """Spread before each origin, and how the series looks in its units, float32[origins, columns]."""
    width = window_of(layout)
    window = v[origins[:, None] + np.arange(1 - width, 1)]
    mean = window.mean(axis=1)
    floor = np.maximum(np.abs(window).max(axis=1) * 1e-9, 1e-30)
    unit = np.maximum(window.std(axis=1), floor)
    back = layout.season if layout.season > 1 else width // 2
    columns = [
        np.abs(np.diff(window, axis=1)).mean(axis=1) / unit,
        np.clip(mean / unit, -FAR, FAR),
        np.abs(window[:, back:] - window[:, :-back]).mean(axis=1) / unit,
        window[:, -width // 4 :].std(axis=1) / unit,
    ]
    return unit, np.stack(columns, axis=1).astype(np.float32)


class XgboostPooled:
    """Direct XGBoost of all series of a kind."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: PooledParams) -> PooledState:
        return self.fit_many([y], season=season, horizon=horizon, params=params)

    def fit_many(
        self, series: Sequence[RegularSeries], *, season: int, horizon: int, params: PooledParams
    ) -> PooledState:
        """One model of `series`, all without gaps and with one step; those that are too short are left out."""
        layout = Layout(season, params.zone)
        least = self.least(layout)
        usable = [y for y in (y.tail(params.max_points) for y in series) if len(y) >= least + horizon + 40]
        if not usable:
            raise too_short(least + horizon + 40)
        rounds, errors = _held_out(usable, layout, least, horizon, params)
        parts = []
        for i, y in enumerate(usable):
            pairs = sampled(least, len(y) - horizon, horizon, params.max_rows // len(usable), i)
            parts.append(PooledPanel(y, layout).learned(*pairs))
        booster = trained(*_joined(parts), params, rounds)
        trees: Trees = stored(booster, (*layout.names, *LIKENESS))
        table = tuple(map(tuple, errors.tolist()))
        return PooledState(season=season, zone=params.zone, trees=trees, errors=table, series=len(usable))

    def least(self, layout: Layout) -> int:
        """Values before an origin that have to be there."""
        return max(layout.least, window_of(layout))

    def forecast(self, state: PooledState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        (moves,) = self.moves([state], [self.inputs(state, y, horizon)])
        return self.finished(state, y, moves, levels)

    def inputs(self, state: PooledState, y: RegularSeries, horizon: int) -> Matrix:
        """The rows of steps 1..`horizon` after the end of `y`."""
        least = self.least(state.layout)
        if len(y) <= least:
            raise too_short(least + 1)
        y = y.tail(max(state.layout.reach(state.horizon), least) + 1)
        return PooledPanel(y, state.layout).rows(np.full(horizon, len(y) - 1), np.arange(1, horizon + 1))[0]

    def moves(self, states: Sequence[PooledState], inputs: Sequence[Matrix]) -> list[ValueArray]:
        """Moves in units of each series' spread; one call for all series of a model."""
        return predicted_together([state.trees for state in states], inputs)

    def finished(self, state: PooledState, y: RegularSeries, moves: ValueArray, levels: Sequence[float]) -> Forecast:
        """The forecast after `y` from its moves."""
        unit = float(_likeness(y.v, np.array([len(y) - 1]), state.layout)[0][0])
        return Forecast.symmetric(y.v[-1] + moves * unit, levels, state.half(len(moves), levels) * unit)

    def lookback(self, season: int, horizon: int, params: PooledParams) -> int:
        layout = Layout(season, params.zone)
        return max(layout.reach(horizon), self.least(layout)) + 1


def _held_out(
    series: Sequence[RegularSeries], layout: Layout, least: int, horizon: int, params: PooledParams
) -> tuple[int, Table]:
    """How many trees are best on the newest fifth of the time, and the error quantiles of all series there."""
    grown, held = [], []
    for i, (y, cut) in enumerate(zip(series, _cuts(series, least, horizon), strict=True)):
        panel = PooledPanel(y, layout)
        early = _early(cut, least, horizon)
        if early > least:
            grown.append(panel.learned(*sampled(least, early, horizon, params.max_rows // len(series), i)))
        count = max(20, HELD_ROWS // horizon // len(series))
        origins = np.unique(np.linspace(cut, len(y) - horizon - 1, count).astype(np.int64))
        held.append(panel.learned(*every_step(origins, range(1, horizon + 1))))
    held_rows, held_target = _joined(held)
    rounds, guess = trained_until(*_joined(grown), held_rows, held_target, params)
    return rounds, error_quantiles(np.abs(guess - held_target).reshape(-1, horizon))


def _early(cut: int, least: int, horizon: int) -> int:
    """End of the origins learned from, so that few of their targets lie after `cut`."""
    return max(cut - horizon, least + (cut - least) // 2)


def _cuts(series: Sequence[RegularSeries], least: int, horizon: int) -> list[int]:
    """First origin of each series that is held out: at one instant for all, for they are related.

    Where the histories are too short for that, at four fifths of each one's origins.
    """
    stop = max(y.stop for y in series)
    since = stop - (stop - min(y.start for y in series)) // 5
    lasts = [len(y) - horizon - 1 for y in series]
    cuts = [min(max((since - y.start) // y.step, least), last) for y, last in zip(series, lasts, strict=True)]
    if any(_early(cut, least, horizon) > least for cut in cuts):
        return cuts
    return [least + 4 * (last - least) // 5 for last in lasts]


def _joined(parts: Sequence[tuple[Matrix, ValueArray]]) -> tuple[Matrix, ValueArray]:
    return np.concatenate([rows for rows, _ in parts]), np.concatenate([target for _, target in parts])
