"""Inputs of the ridge engine: nothing of them is newer than the origin, except the clock at the target.

Values are differences to the newest one in units of the series' own scale. Seasonal inputs are aligned with the target:
the value of the target's own place in the season so many seasons before. With three months of a daily season these
are the days of a week and the same day two weeks before, with the plant's calendar beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.domain.times import DAY
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import hour_of_day, local, weekday

LAGS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 18, 24, 36)
DEEP: Final = 14
"""Seasons the weekly layout looks back."""
ALIGNED: Final = {0: (), 1: (1,), 2: (1, 2), DEEP: (1, 2, 3, 4, 5, 6, 7, DEEP)}
"""By depth: how many seasons before the target its inputs are."""
LAGGED: Final = {0: (), 1: (1,), 2: (1, 2), DEEP: (1, 2, 7)}
"""By depth: how many seasons before the origin inputs are."""
DEEP_FROM: Final = 84
"""Seasons of history from which on the weekly layout is learned."""
OPEN: Final = (-np.inf, np.inf)
FENCE: Final = 3.0
"""How far beyond the ninth decile, in distances of it from the median, a value is no usual one (below alike)."""
HARMONICS: Final = 3
ENOUGH: Final = 60
"""Origins that a layout needs to be learned from."""

Matrix = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which inputs there are: season in steps (1: none), seasons looked back (a key of `ALIGNED`), plant's calendar."""

    season: int
    depth: int
    zone: str | None

    @property
    def lags(self) -> tuple[int, ...]:
        """Steps before the origin."""
        return (*LAGS, *(self.season * j for j in LAGGED[self.depth]))

    @property
    def width(self) -> int:
        """Inputs of a step."""
        calendar = 0 if self.zone is None else 2 * HARMONICS + 4
        return len(self.lags) + len(ALIGNED[self.depth]) + calendar + 1

    def reach(self, horizon: int) -> int:
        """How many values before the origin are looked at."""
        seasons = max(ALIGNED[self.depth], default=0)
        longest = self.season * (seasons - 1 + -(-horizon // self.season)) if seasons else 0
        return max(*self.lags, longest)


def layout_for(y: RegularSeries, season: int, horizon: int, zone: str) -> Layout:
    """The layout that so much history can teach."""
    known = int(np.isfinite(y.v).sum())
    if season > 1 and known >= DEEP_FROM * season:
        return Layout(season, DEEP, zone if season * y.step == DAY else None)
    for depth in (2, 1) if season > 1 else ():
        layout = Layout(season, depth, None)
        if known - layout.reach(horizon) - horizon >= max(ENOUGH, season // 4):
            return layout
    return Layout(season, 0, None)


def filled(v: ValueArray, season: int) -> ValueArray:
    """`v` with NaN taken from seven seasons or one season before, which may be filled itself; others stay."""
    out = v.copy()
    for i in np.flatnonzero(np.isnan(v)) if season > 1 else ():
        for back in (7 * season, season):
            if i >= back and np.isfinite(out[i - back]):
                out[i] = out[i - back]
                break
    return out


def completed(v: ValueArray, season: int) -> ValueArray:
    """A window whose newest value is known without NaN: from seasons before, else after, else its newest value."""
    out = filled(v, season)
    if np.isnan(out).any():
        out = filled(out[::-1], season)[::-1]
    return np.where(np.isnan(out), v[-1], out)


def usable_origins(v: ValueArray, z: ValueArray, reach: int, horizon: int) -> Indices:
    """Places in `v` whose targets are all known and before which `z` (the same, filled) has no NaN within `reach`."""
    origins = np.arange(reach, len(v) - horizon)
    if not len(origins):
        return origins
    holes = np.concatenate(([0], np.cumsum(np.isnan(v))))
    ok = np.isfinite(v[origins]) & (holes[origins + horizon + 1] == holes[origins + 1])
    behind = np.concatenate(([0], np.cumsum(np.isnan(z))))
    found: Indices = origins[ok & (behind[origins + 1] == behind[origins - reach])]
    return found


def fences(z: ValueArray) -> tuple[float, float]:
    """Between which usual values of `z` lie: an outage is beyond, however often there was one."""
    low, middle, high = np.nanquantile(z, (0.1, 0.5, 0.9)).tolist()
    return low - FENCE * (middle - low), high + FENCE * (high - middle)


def features(
    z: ValueArray,
    clock: TimeArray,
    origins: Indices,
    horizon: int,
    layout: Layout,
    limits: tuple[float, float] = OPEN,
) -> Matrix:
    """Inputs float64[origin, step, `layout.width`]; the last one is 1.

    Args:
        z: scaled values without NaN where they are looked at.
        clock: the plant's clock of `z` and of the `horizon` intervals after it.
        limits: values beyond are seen as these, or as the newest where that one is farther out.
    """
    newest = z[origins][:, None]
    low, high = np.minimum(newest, limits[0]), np.maximum(newest, limits[1])
    steps = np.arange(1, horizon + 1)
    lags = np.clip(z[origins[:, None] - np.array(layout.lags)], low, high) - newest
    parts = [np.repeat(lags[:, None, :], horizon, axis=1)]
    for j in ALIGNED[layout.depth]:
        back = layout.season * (j - 1 + -(-steps // layout.season))
        parts.append((np.clip(z[origins[:, None] + steps - back], low, high) - newest)[:, :, None])
    if layout.zone is not None:
        parts.append(_calendar(clock[origins[:, None] + steps], clock[origins]))
    parts.append(np.ones((len(origins), horizon, 1)))
    return np.concatenate(parts, axis=2)


def clock_of(y: RegularSeries, horizon: int, layout: Layout) -> TimeArray:
    """The plant's clock in the middle of the intervals of `y` and of `horizon` after it."""
    t = y.start + y.step * np.arange(len(y) + horizon, dtype=np.int64) + y.step // 2
    return t if layout.zone is None else local(t, layout.zone)


def _calendar(targets: TimeArray, origins: TimeArray) -> Matrix:
    """Waves of the day at the targets, and whether these and the origins are a Saturday or a Sunday."""
    angle = hour_of_day(targets) * (2 * np.pi / 24)
    waves = [wave(k * angle) for k in range(1, HARMONICS + 1) for wave in (np.sin, np.cos)]
    days = weekday(targets), np.broadcast_to(weekday(origins)[:, None], targets.shape)
    flags = [(day == which).astype(np.float64) for day in days for which in (5, 6)]
    return np.stack([*waves, *flags], axis=2)
