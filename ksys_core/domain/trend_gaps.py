"""Where a trend's line breaks: times without readings become rows of NaN."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ksys_core.domain.quality import BAD
from ksys_core.domain.series import ValueArray
from ksys_core.domain.trend import TrendSeries

_AFTER_RAW_NS: Final = 1000  # a raw reading's gap starts one microsecond later


def with_gaps(series: TrendSeries, interval_ns: float) -> TrendSeries:
    """`series` with a NaN row (n 0, quality BAD) where readings are missing.

    A gap is longer than three times the expected interval between readings, and than two buckets.
    """
    if len(series) < 2:
        return series
    ends = series.t[:-1] + series.step_ns
    missing = series.t[1:] - ends
    after = np.flatnonzero(missing > max(3 * interval_ns, 2 * series.step_ns))
    if not len(after):
        return series
    at = after + 1

    def broken(values: ValueArray) -> ValueArray:
        return np.insert(values, at, np.nan)

    return replace(
        series,
        t=np.insert(series.t, at, ends[after] + (0 if series.step_ns else _AFTER_RAW_NS)),
        min=broken(series.min),
        max=broken(series.max),
        first=broken(series.first),
        last=broken(series.last),
        mean=broken(series.mean),
        n=np.insert(series.n, at, 0),
        quality=np.insert(series.quality, at, BAD),
    )


def learned_interval(series: TrendSeries) -> float:
    """The usual nanoseconds between readings: their median distance, or a bucket's share of one; 0 when unknown."""
    if not len(series):
        return 0.0
    if series.step_ns:
        return series.step_ns / max(float(np.median(series.n)), 1.0)
    return float(np.median(np.diff(series.t))) if len(series) > 2 else 0.0
