"""Breaks in a trend's line."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.domain.trend import TrendSeries
from ksys_core.domain.trend_gaps import learned_interval, with_gaps


def buckets(starts: list[int], n: int = 6) -> TrendSeries:
    v = np.arange(len(starts), dtype=np.float64)
    return TrendSeries(
        np.array(starts, np.int64) * MINUTE, v, v, v, v, v, np.full(len(starts), n),
        np.full(len(starts), 192, np.uint8), "1m", MINUTE,
    )  # fmt: skip


def test_gap_of_raw_readings_begins_just_after_the_last_one() -> None:
    series = with_gaps(TrendSeries.raw([0, SECOND, 5 * SECOND], [1, 2, 3]), SECOND)
    assert series.t.tolist() == [0, SECOND, SECOND + 1000, 5 * SECOND]
    np.testing.assert_array_equal(series.mean, [1, 2, np.nan, 3])
    assert series.n.tolist() == [1, 1, 0, 1]


def test_three_intervals_are_no_gap_yet() -> None:
    series = TrendSeries.raw([0, SECOND, 4 * SECOND], [1, 2, 3])
    assert with_gaps(series, SECOND) is series


def test_gap_of_buckets_begins_where_the_last_one_ends() -> None:
    series = with_gaps(buckets([0, 1, 5, 7]), 10 * SECOND)
    assert (series.t // MINUTE).tolist() == [0, 1, 2, 5, 7]
    assert np.isnan(series.max).tolist() == [False, False, True, False, False]


def test_slow_tag_leaves_buckets_empty_without_a_gap() -> None:
    series = buckets([0, 5, 10], n=1)
    assert with_gaps(series, 5 * MINUTE) is series


def test_interval_is_learned_from_distances_or_counts() -> None:
    assert learned_interval(TrendSeries.raw([0, 10, 20, 500], [1, 1, 1, 1])) == 10
    assert learned_interval(buckets([0, 1, 2])) == 10 * SECOND
    assert learned_interval(TrendSeries.raw([], [])) == 0


@given(st.sets(st.integers(0, 500), min_size=1), st.integers(1, 20))
def test_breaks_lie_strictly_inside_long_gaps_only(minutes: set[int], interval: int) -> None:
    series = buckets(sorted(minutes))
    broken = with_gaps(series, interval * MINUTE)
    assert (np.diff(broken.t) > 0).all()
    missing = np.diff(series.t) - MINUTE > max(3 * interval, 2) * MINUTE
    assert np.isnan(broken.mean).sum() == missing.sum()
    np.testing.assert_array_equal(broken.t[~np.isnan(broken.mean)], series.t)
