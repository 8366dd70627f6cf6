"""Values at a cursor and statistics between two cursors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.domain.tags import Interpolation
from ksys_core.domain.trend import TrendSeries


@dataclass(frozen=True, slots=True)
class Sample:
    """A pen at one instant.

    Attributes:
        value: interpolated between raw readings, or the mean of the bucket; NaN inside a gap.
        low, high: smallest and largest reading of the bucket.
        quality: code of the nearest reading, or the worst of the bucket.
        t: instant of the nearest reading, or the start of the bucket; ns.
    """

    value: float
    low: float
    high: float
    quality: int
    t: int


def sample_at(series: TrendSeries, t: int, interpolation: Interpolation) -> Sample | None:
    """The pen at `t` (ns); None outside its rows."""
    i = int(np.searchsorted(series.t, t, "right")) - 1
    if i < 0:
        return None
    if series.step_ns:
        return _row(series, i) if t < series.t[i] + series.step_ns else None
    if i + 1 >= len(series):
        return _row(series, i) if t == series.t[i] else None
    nearest = i if t - series.t[i] <= series.t[i + 1] - t else i + 1
    value = _between(series, i, t, interpolation)
    return Sample(value, value, value, int(series.quality[nearest]), int(series.t[nearest]))


def _row(series: TrendSeries, i: int) -> Sample:
    return Sample(
        float(series.mean[i]), float(series.min[i]), float(series.max[i]), int(series.quality[i]), int(series.t[i])
    )


def _between(series: TrendSeries, i: int, t: int, interpolation: Interpolation) -> float:
    before, after = float(series.last[i]), float(series.first[i + 1])
    if interpolation == "step" or t == series.t[i]:
        return before
    share = (t - int(series.t[i])) / (int(series.t[i + 1]) - int(series.t[i]))
    return before + (after - before) * share  # NaN on either side: a gap stays a gap


@dataclass(frozen=True, slots=True)
class Statistics:
    """Between two instants: time-weighted mean, extremes, and the share of the time that has a value."""

    mean: float
    min: float
    max: float
    covered: float


def statistics_between(series: TrendSeries, start: int, stop: int, interpolation: Interpolation) -> Statistics:
    """Statistics over ``[start, stop]``; NaN where there is no value.

    The mean weights by time: the trapezoid rule between raw readings (rectangles for a step tag), bucket means
    weighted by their overlap otherwise. Times without a value carry no weight.
    """
    if stop <= start or not len(series):
        return Statistics(np.nan, np.nan, np.nan, 0.0)
    if series.step_ns:
        weight, value = _bucket_weights(series, start, stop)
        low, high = series.min[weight > 0], series.max[weight > 0]
    else:
        weight, value, ends = _raw_weights(series, start, stop, interpolation)
        low = high = ends
    some = np.isfinite(value) & (weight > 0)
    total = float(weight[some].sum())
    mean = float((weight[some] * value[some]).sum() / total) if total else np.nan
    finite_low, finite_high = low[np.isfinite(low)], high[np.isfinite(high)]
    return Statistics(
        mean,
        float(finite_low.min()) if len(finite_low) else np.nan,
        float(finite_high.max()) if len(finite_high) else np.nan,
        min(total / (stop - start), 1.0),
    )


def _bucket_weights(series: TrendSeries, start: int, stop: int) -> tuple[ValueArray, ValueArray]:
    overlap = np.minimum(series.t + series.step_ns, stop) - np.maximum(series.t, start)
    return np.maximum(overlap, 0).astype(np.float64), series.mean


def _raw_weights(
    series: TrendSeries, start: int, stop: int, interpolation: Interpolation
) -> tuple[ValueArray, ValueArray, ValueArray]:
    """Weights and mean values of the pieces between readings inside the interval, and the values at their ends."""
    inner = series.t[(series.t > start) & (series.t < stop)]
    edges: TimeArray = np.concatenate([[start], inner, [stop]]).astype(np.int64)
    left = np.searchsorted(series.t, edges[:-1], "right") - 1
    right = left + 1
    inside = (left >= 0) & (right < len(series))
    a, b = np.maximum(left, 0), np.minimum(right, len(series) - 1)
    gap = np.where(series.t[b] > series.t[a], series.t[b] - series.t[a], 1)
    before, after = series.last[a], series.first[b]
    slope = np.zeros(len(a)) if interpolation == "step" else (after - before) / gap
    begin = np.where(inside, before + slope * (edges[:-1] - series.t[a]), np.nan)
    end = np.where(inside, before + slope * (edges[1:] - series.t[a]), np.nan)
    own = series.last[(series.t >= start) & (series.t <= stop)]
    return np.diff(edges).astype(np.float64), (begin + end) / 2, np.concatenate([begin, end, own])
