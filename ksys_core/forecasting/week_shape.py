"""The shape of the plant's week: how far a series usually lies off that time of any day at each time of the week.

People and shifts make Sundays another curve than Mondays. Engines that learn from differences see that only dimly, so
the shape is taken off before they learn, and put back on what they forecast. What all days share stays in the series:
it drifts over the year, and the engines follow it by what they see a day before.
"""

from __future__ import annotations

from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from ksys_core.domain.series import ValueArray
from ksys_core.domain.times import DAY
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import local

LEARNED_FROM: Final = 84
"""Days of history from which on a week can be learned."""
HALF_LIFE: Final = 40
"""Weeks after which what was counts half."""
PRIOR: Final = 2.0
"""Weeks of evidence it takes to half believe that a time of the week is unlike that time of any day."""
DIFFERENT: Final = 0.99
"""Part of the distances from the shape of any day that the week's shape may leave in the newest quarter."""

Places = npt.NDArray[np.int64]
WeekShape = Annotated[tuple[float, ...], Field(max_length=7 * 1440)]
"""A value for each step of the week from Monday 00:00 on, in the series' unit; empty: none was learned."""


def week_shape(y: RegularSeries, season: int, zone: str) -> WeekShape:
    """The shape of `y`; empty where its season is no day, it is too short, or days of the week do not differ in it."""
    known = np.flatnonzero(np.isfinite(y.v))
    if season * y.step != DAY or len(known) < LEARNED_FROM * season:
        return ()
    week = 7 * season
    off = y.v[known] - _levels(y.v, week)[known]
    weight = 0.5 ** ((len(y) - known) / (HALF_LIFE * week))
    place = _places(y, 0, week, zone)[known]
    early = len(known) * 3 // 4
    daily, weekly = _shapes(off[:early], weight[:early], place[:early], season)
    like = off[early:] - daily[place[early:]]
    if np.abs(like - weekly[place[early:]]).mean() > DIFFERENT * np.abs(like).mean():
        return ()
    _, shape = _shapes(off, weight, place, season)
    return tuple(float(f"{value:.6g}") for value in shape.tolist())


def _shapes(off: ValueArray, weight: ValueArray, place: Places, season: int) -> tuple[ValueArray, ValueArray]:
    """What any day has at each step of the week, and what that one has besides."""
    week = 7 * season
    daily = _means(off, weight, place % season, season, 0.0)[np.arange(week) % season]
    return daily, _means(off - daily[place], weight, place, week, PRIOR)


def shape_at(shape: WeekShape, y: RegularSeries, zone: str, ahead: int = 0) -> ValueArray:
    """`shape` at the intervals of `y` and of `ahead` after it; zero where there is none."""
    if not shape:
        return np.zeros(len(y) + ahead)
    return np.array(shape)[_places(y, ahead, len(shape), zone)]


def _places(y: RegularSeries, ahead: int, week: int, zone: str) -> Places:
    """The step of the plant's week of each interval; 1970 began on a Thursday."""
    middle = y.start + y.step * np.arange(len(y) + ahead, dtype=np.int64) + y.step // 2
    found: Places = (local(middle, zone) // y.step + 3 * (week // 7)) % week
    return found


def _levels(v: ValueArray, week: int) -> ValueArray:
    """Mean of the known values of the week around each value; of the first and the last whole week at the ends."""
    first = np.clip(np.arange(len(v)) - week // 2, 0, len(v) - week)
    total, count = (np.concatenate(([0.0], np.cumsum(part))) for part in (np.nan_to_num(v), np.isfinite(v)))
    levels: ValueArray = (total[first + week] - total[first]) / np.maximum(count[first + week] - count[first], 1)
    return levels


def _means(v: ValueArray, weight: ValueArray, place: Places, n: int, prior: float) -> ValueArray:
    """Weighted mean of `v` at each of `n` places, drawn to zero by `prior` values of weight 1."""
    weights = np.bincount(place, weight, n) + prior
    means: ValueArray = np.divide(np.bincount(place, weight * v, n), weights, out=np.zeros(n), where=weights > 0)
    return means
