"""From buckets to pixels: each pixel column carries the full vertical extent of what happened in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ksys_core.domain.tags import Interpolation
from ksys_core.domain.trend import TrendSeries

_PAIR = np.array([True, False])

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Affine map to pixels: ``x = (t - t0) * px_per_ns + left``, ``y = bottom - (v - low) * px_per_unit``."""

    t0: int
    px_per_ns: float
    left: float
    low: float
    px_per_unit: float
    bottom: float

    def x(self, t: npt.ArrayLike) -> Floats:
        since = (np.asarray(t, dtype=np.int64) - self.t0).astype(np.float64)
        return since * self.px_per_ns + self.left

    def y(self, v: npt.ArrayLike) -> Floats:
        return self.bottom - (np.asarray(v, dtype=np.float64) - self.low) * self.px_per_unit


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """A curve in pixels.

    Attributes:
        x, y: points.
        connect: True where a point is joined to the next one.
        columns: True when each pair of points is the vertical ink of one pixel column.
    """

    x: Floats
    y: Floats
    connect: Bools
    columns: bool


def strokes(series: TrendSeries, mapping: Mapping, interpolation: Interpolation) -> Strokes:
    """The curve of `series`: a line through single points while they are sparse, else ink per pixel column."""
    x = mapping.x(series.t + series.step_ns // 2)
    width = x[-1] - x[0] if len(x) else 0.0
    if len(x) > 1.5 * width:
        return _column_strokes(series, x, mapping)
    if series.step_ns:
        return _bucket_line(series, x, mapping)
    return _raw_line(x, mapping.y(series.last), interpolation)


def _raw_line(x: Floats, y: Floats, interpolation: Interpolation) -> Strokes:
    if interpolation == "step" and len(x):
        x, y = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
    return strokes_of(x, y)


def _bucket_line(series: TrendSeries, x: Floats, mapping: Mapping) -> Strokes:
    """Wider buckets: first, lower, higher, last at the same x keep every extreme."""
    rising = series.last >= series.first
    early = np.where(rising, series.min, series.max)
    late = np.where(rising, series.max, series.min)
    values = np.stack([series.first, early, late, series.last], axis=1).ravel()
    return strokes_of(np.repeat(x, 4), mapping.y(values))


def strokes_of(x: Floats, y: Floats) -> Strokes:
    """A line that stops at gaps; a lone point between two gaps is kept as a short dash."""
    finite = np.isfinite(y)
    connect = finite & np.append(finite[1:], False)
    lone = finite & ~connect & ~np.insert(connect[:-1], 0, False) if len(y) else finite
    if lone.any():
        where = np.flatnonzero(lone)
        x, y = np.insert(x, where + 1, x[where] + 1.5), np.insert(y, where + 1, y[where])
        connect = np.insert(connect, where, True)
    return _drawable(x, y, connect, columns=False)


def _drawable(x: Floats, y: Floats, connect: Bools, *, columns: bool) -> Strokes:
    """Without NaN and far values, which the raster engine does not take."""
    return Strokes(x, np.clip(np.nan_to_num(y, nan=0.0), -30_000, 30_000), connect, columns)


def _column_strokes(series: TrendSeries, x: Floats, mapping: Mapping) -> Strokes:
    """One vertical stroke a pixel column from its highest to its lowest value, touching the column before."""
    column = np.floor(x)
    starts = np.flatnonzero(np.concatenate([[True], column[1:] != column[:-1]]))
    ends = np.append(starts[1:], len(column)) - 1
    high, low = np.fmax.reduceat(series.max, starts), np.fmin.reduceat(series.min, starts)
    came_from = np.append(np.nan, series.last[ends][:-1])  # NaN where the column before ended in a gap: not touched
    came_from[np.isnan(series.first[starts])] = np.nan
    some = np.isfinite(low)
    top = mapping.y(np.fmax(high, came_from)[some])
    bottom = mapping.y(np.fmin(low, came_from)[some])
    points = np.stack([top, np.maximum(bottom, top + 1.0)], axis=1).ravel()  # ink of at least one pixel
    at = np.repeat(column[starts[some]] + 0.5, 2)
    return _drawable(at, points, np.tile(_PAIR, len(at) // 2), columns=True)


def dashed(stroke: Strokes, pattern: tuple[float, ...], phase: float) -> Strokes:
    """Column ink with the off parts of a dash pattern left out, except where a tall stroke would be lost.

    Args:
        pattern: lengths of on, off, on, off … in pixels; empty for a solid line.
        phase: pixel from which the pattern counts, so that dashes move with the curve.
    """
    if not pattern or not stroke.columns:
        return stroke
    edges = np.cumsum(pattern)
    place = np.mod(stroke.x[::2] - phase, edges[-1])
    on = np.searchsorted(edges, place, "right") % 2 == 0
    tall = np.abs(stroke.y[1::2] - stroke.y[::2]) > 6.0
    keep = np.repeat(on | tall, 2)
    return Strokes(stroke.x[keep], stroke.y[keep], stroke.connect[keep], columns=True)


def runs(flags: Bools) -> list[tuple[int, int]]:
    """Half-open index ranges where `flags` is True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
