"""Functions of one tag's readings over a window that ends at each of many instants.

A window ``(T - w, T]`` looks back only, so that computing history again gives what was computed live. A reading
counts until the next one, at most for the gap limit: over a longer gap the earlier value is held for the limit, the
rest adds nothing, and the result is UNCERTAIN. BAD readings are left out and make the result UNCERTAIN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import BAD, BAD_COMM_FAILURE, GOOD, UNCERTAIN, UNCERTAIN_LAST_USABLE, QualityArray, usable
from ksys_core.domain.series import Series, TimeArray, ValueArray

IndexArray = npt.NDArray[np.intp]
_Kind = TypeVar("_Kind", bound=np.generic)
LAST_USABLE_LIMITS: Final = 3
"""A value older than the gap limit is held as LAST-USABLE up to this many limits, then it is BAD."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Values and qualities, one for each instant of a grid."""

    v: ValueArray
    quality: QualityArray

    def cleaned(self) -> Column:
        """BAD where a value is not finite, NaN where it is BAD."""
        lost = ~np.isfinite(self.v)
        quality = np.where(lost & usable(self.quality), np.uint8(BAD), self.quality)
        return Column(np.where(usable(quality), self.v, np.nan), quality)


def newest_at(series: Series, grid: TimeArray, gap_limit: int) -> Column:
    """The newest reading at or before each instant.

    Args:
        series: the tag's readings.
        grid: int64 ns, rising.
        gap_limit: ns; an older reading is UNCERTAIN_LAST_USABLE, one older than three limits BAD_COMM_FAILURE.
    """
    if not len(series):
        return Column(np.full(len(grid), np.nan), np.full(len(grid), BAD_COMM_FAILURE, np.uint8))
    at = np.searchsorted(series.t, grid, side="right") - 1
    found = np.maximum(at, 0)
    age = np.where(at < 0, LAST_USABLE_LIMITS * gap_limit + 1, grid - series.t[found])
    quality = series.quality[found]
    quality = np.where(
        (age > gap_limit) & usable(quality), np.minimum(quality, np.uint8(UNCERTAIN_LAST_USABLE)), quality
    )
    quality = np.where(age > LAST_USABLE_LIMITS * gap_limit, np.uint8(BAD_COMM_FAILURE), quality)
    return Column(series.v[found], quality).cleaned()


def window_at(function: str, series: Series, grid: TimeArray, window: int, gap_limit: int) -> Column:
    """`function` (one of ``WINDOW_NAMES``) of the readings in the `window` ns up to each instant of `grid`.

    ``count`` counts the usable readings and is always GOOD; ``sum`` adds values; ``std`` has ``n - 1`` below;
    ``integral`` is in unit x seconds, by the trapezoid rule; ``delta`` is the newest value minus that one window ago.
    """
    if function == "delta":
        now, before = newest_at(series, grid, gap_limit), newest_at(series, grid - window, gap_limit)
        return Column(now.v - before.v, np.minimum(now.quality, before.quality)).cleaned()
    kept = usable(series.quality) & np.isfinite(series.v)
    readings = _Readings(series.t[kept], series.v[kept], series.quality[kept], series.t[~kept])
    if function == "integral":
        return readings.integral(grid, window, gap_limit)
    return readings.statistic(function, grid, window, gap_limit)


@dataclass(frozen=True, slots=True, eq=False)
class _Readings:
    """Usable readings, and the instants of those that are not."""

    t: TimeArray
    v: ValueArray
    quality: QualityArray
    bad: TimeArray

    def statistic(self, function: str, grid: TimeArray, window: int, gap_limit: int) -> Column:
        start = np.searchsorted(self.t, grid - window, side="right")
        stop = np.searchsorted(self.t, grid, side="right")
        count = (stop - start).astype(np.float64)
        if function == "count":
            return Column(count, np.full(len(grid), GOOD, np.uint8))
        worst = _reduce(np.minimum, self.quality, start, stop, BAD_COMM_FAILURE)
        worst = self._flagged(worst, grid, window, gap_limit)
        return Column(_statistic(function, self.v, start, stop, count), worst).cleaned()

    def integral(self, grid: TimeArray, window: int, gap_limit: int) -> Column:
        if not len(self.t):
            return Column(np.full(len(grid), np.nan), np.full(len(grid), BAD_COMM_FAILURE, np.uint8))
        begin = grid - window
        first = np.searchsorted(self.t, begin, side="right") - 1
        last = np.searchsorted(self.t, grid, side="right") - 1
        area = self._areas(gap_limit)
        whole = area[np.maximum(last, 0)] - area[np.maximum(first, 0)]
        tail = self._held(last, grid, gap_limit)
        head = np.where(first == last, self._held(first, begin, gap_limit), self._within(first, begin, gap_limit))
        held_into = (first >= 0) & (begin - self.t[np.maximum(first, 0)] < gap_limit)
        covering = np.where(held_into, first, first + 1)
        worst = _reduce(np.minimum, self.quality, covering, last + 1, BAD_COMM_FAILURE)
        return Column(whole + tail - head, self._flagged(worst, grid, window, gap_limit)).cleaned()

    def _areas(self, gap_limit: int) -> ValueArray:
        """Area from the first reading to each reading, value x seconds."""
        step = np.diff(self.t)
        joined = step <= gap_limit
        each = np.where(joined, (self.v[1:] + self.v[:-1]) / 2 * step, self.v[:-1] * float(gap_limit)) * 1e-9
        return np.concatenate(([0.0], np.cumsum(each)))

    def _held(self, index: IndexArray, instants: TimeArray, gap_limit: int) -> ValueArray:
        """Area from reading `index` to the instant with the value held."""
        at = np.maximum(index, 0)
        return np.where(index < 0, 0.0, self.v[at] * np.minimum(instants - self.t[at], gap_limit) * 1e-9)

    def _within(self, index: IndexArray, instants: TimeArray, gap_limit: int) -> ValueArray:
        """Area from reading `index` to the instant under the line to the next reading, or held where there is a gap."""
        at = np.clip(index, 0, max(len(self.t) - 2, 0))
        after = np.minimum(at + 1, len(self.t) - 1)
        step = np.maximum(self.t[after] - self.t[at], 1)
        since = np.minimum(instants - self.t[at], step).astype(np.float64)
        line = (self.v[at] + (self.v[after] - self.v[at]) * since / step / 2) * since * 1e-9
        return np.where((step > gap_limit) | (index < 0), self._held(index, instants, gap_limit), line)

    def _flagged(self, worst: QualityArray, grid: TimeArray, window: int, gap_limit: int) -> QualityArray:
        """`worst`, at best UNCERTAIN where the window has a gap longer than the limit or a BAD reading."""
        begin = grid - window
        has_bad = np.searchsorted(self.bad, grid, side="right") > np.searchsorted(self.bad, begin, side="right")
        flagged = has_bad | self._has_gap(begin, grid, gap_limit)
        return np.where(flagged & usable(worst), np.minimum(worst, np.uint8(UNCERTAIN)), worst)

    def _has_gap(self, begin: TimeArray, end: TimeArray, gap_limit: int) -> npt.NDArray[np.bool_]:
        if not len(self.t):
            return np.ones(len(end), np.bool_)
        gaps = np.concatenate(([0], np.cumsum(np.diff(self.t) > gap_limit)))
        first = np.searchsorted(self.t, begin, side="right") - 1
        last = np.searchsorted(self.t, end, side="right") - 1
        inside = gaps[np.maximum(last, 0)] > gaps[np.maximum(first, 0)]
        ended = end - self.t[np.maximum(last, 0)] > gap_limit
        late = (first < 0) & (self.t[0] - begin > gap_limit)
        gap: npt.NDArray[np.bool_] = inside | ended | late | (last < 0)
        return gap


def _statistic(function: str, v: ValueArray, start: IndexArray, stop: IndexArray, count: ValueArray) -> ValueArray:
    if function == "min":
        return _reduce(np.minimum, v, start, stop, np.nan)
    if function == "max":
        return _reduce(np.maximum, v, start, stop, np.nan)
    total = _reduce(np.add, v, start, stop, np.nan)
    if function == "sum":
        return total
    centre = float(v.mean()) if len(v) else 0.0
    apart = v - centre
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: ValueArray = total / count
        if function == "mean":
            return mean
        squares = _reduce(np.add, apart**2, start, stop, np.nan)
        deviation: ValueArray = np.sqrt(np.maximum(squares - count * (mean - centre) ** 2, 0.0) / (count - 1))
        return deviation


def _reduce(
    fold: np.ufunc,
    values: npt.NDArray[_Kind],
    start: IndexArray,
    stop: IndexArray,
    nothing: float,
) -> npt.NDArray[_Kind]:
    """`fold` over ``values[start:stop]`` of each pair (pairs may overlap); `nothing` where a pair is empty."""
    result = np.full(len(start), nothing, dtype=values.dtype)
    filled = stop > start
    if filled.any():
        pairs = np.stack([start[filled], stop[filled]], axis=1).ravel()
        padded = np.concatenate((values, values[-1:]))
        result[filled] = fold.reduceat(padded, pairs)[::2]
    return result
