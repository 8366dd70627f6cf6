"""Inputs of the tree models: nothing of them is newer than the issue time, except the clock at the target.

One row a pair of origin i (the newest value known) and step h (target i + h). Values are differences to the newest
value in units of the series' own scale, so level and unit do not matter. Seasonal inputs are aligned with the target:
the value one, two and seven seasons before it, and how far the series moved over the same steps then. What lies before
the history is NaN, which trees know as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.domain.times import DAY
from ksys_core.forecasting.plant_time import hour_of_day, local, weekday

LAGS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 18, 24, 36)
WINDOWS: Final = (6, 24)
SEASONS: Final = (1, 2, 7)
HOURS_FROM: Final = 3 * DAY
WEEKDAYS_FROM: Final = 42 * DAY
"""Spans of history from which on the hour of the day and the day of the week are learned from."""

Matrix = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which inputs there are: season length in steps (1: none) and the plant's time zone."""

    season: int
    zone: str

    @property
    def seasons(self) -> tuple[int, ...]:
        """How many seasons before the target is looked at."""
        return SEASONS if self.season > 1 else ()

    @property
    def windows(self) -> tuple[int, ...]:
        """Lengths of the rolling statistics."""
        return (*WINDOWS, self.season) if self.season > max(WINDOWS) else WINDOWS

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in order: the schema a stored model is checked against."""
        lags = [f"lag_{k}" for k in LAGS]
        windows = [f"{kind}_{w}" for w in self.windows for kind in ("mean", "std")]
        seasons = [f"{kind}_{j}" for j in self.seasons for kind in ("season", "season_move")]
        return ("step", *lags, *windows, *seasons, "hour", "weekday")

    @property
    def least(self) -> int:
        """Values before the origin that have to be there."""
        return max(*LAGS, *self.windows, self.season)

    def reach(self, horizon: int) -> int:
        """Values before the origin that are looked at where they are there."""
        if not self.seasons:
            return self.least
        return max(self.least, self.season * (max(self.seasons) - 1 + -(-horizon // self.season)))


def clock(start: int, step: int, indices: Indices, zone: str) -> TimeArray:
    """The plant's clock in the middle of the intervals with `indices` of a grid."""
    return local(start + indices * step + step // 2, zone)


def matrix(
    z: ValueArray,
    clocks: TimeArray,
    origins: Indices,
    steps: Indices,
    layout: Layout,
    unit: ValueArray | float = 1.0,
) -> Matrix:
    """Inputs float32[rows, columns].

    Args:
        z: scaled values without gaps.
        clocks: the plant's clock at the target of each row.
        origins: index of the newest known value of each row, at least `Layout.least`.
        steps: how many steps after it the target lies.
        unit: what differences are divided by, float64[rows], where ``z`` itself is not scaled.
    """
    unique, where = np.unique(origins, return_inverse=True)
    moves = [
        _history(z, unique, layout)[where],
        *(_seasonal(z, origins, steps, layout.season, j) for j in layout.seasons),
    ]
    columns = [
        steps[:, None],
        np.concatenate(moves, axis=1) / np.broadcast_to(unit, len(origins))[:, None],
        hour_of_day(clocks)[:, None],
        weekday(clocks)[:, None],
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def without_short_calendar(rows: Matrix, layout: Layout, span: int) -> Matrix:
    """`rows` for training on `span` ns of history: a calendar it does not show often enough is hidden."""
    for name, enough in (("hour", HOURS_FROM), ("weekday", WEEKDAYS_FROM)):
        if span < enough:
            rows[:, layout.names.index(name)] = np.nan
    return rows


def _history(z: ValueArray, origins: Indices, layout: Layout) -> ValueArray:
    """Lags, means and spreads up to each origin, float64[origins, columns]."""
    newest = z[origins][:, None]
    columns = [z[origins[:, None] - np.array(LAGS)] - newest]
    for width in layout.windows:
        window = z[origins[:, None] - np.arange(width)]
        columns += [window.mean(axis=1, keepdims=True) - newest, window.std(axis=1, keepdims=True)]
    return np.concatenate(columns, axis=1)


def _seasonal(z: ValueArray, origins: Indices, steps: Indices, season: int, back: int) -> ValueArray:
    """The value `back` seasons before each target, and its move since that origin, float64[rows, 2]."""
    before = season * (-(-steps // season) + back - 1)
    then = _at(z, origins + steps - before)
    return np.stack([then - z[origins], then - _at(z, origins - before)], axis=1)


def _at(z: ValueArray, index: Indices) -> ValueArray:
    """``z[index]``, NaN before its beginning."""
    return np.where(index >= 0, z[np.maximum(index, 0)], np.nan)


def sampled(first: int, last: int, horizon: int, most: int, seed: int) -> tuple[Indices, Indices]:
    """At most `most` pairs of origin in ``[first, last)`` and step in 1..`horizon`, the same ones every time."""
    total = (last - first) * horizon
    if total <= most:
        pairs = np.arange(total)
    else:
        pairs = np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
    return first + pairs // horizon, 1 + pairs % horizon


def every_step(origins: Indices, steps: Sequence[int] | range) -> tuple[Indices, Indices]:
    """The pairs of all `origins` with all `steps`, origin by origin."""
    wanted = np.array(steps, dtype=np.int64)
    return np.repeat(origins, len(wanted)), np.tile(wanted, len(origins))
