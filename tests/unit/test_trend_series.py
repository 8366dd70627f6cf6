"""Buckets of a trend: folding, joining a newer tail, statistics between two instants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ksys_core.domain.quality import GOOD, UNCERTAIN
from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.domain.trend import TrendSeries, fold, joined, trimmed
from ksys_core.domain.trend_statistics import sample_at, statistics_between

VALUES = hnp.arrays(
    np.float64,
    st.integers(1, 200),
    elements=st.one_of(st.floats(-1e6, 1e6, allow_nan=False), st.just(float("nan"))),
)


def raw(values: np.ndarray[tuple[int], np.dtype[np.float64]], step: int = 10 * SECOND) -> TrendSeries:
    return TrendSeries.raw(step * np.arange(len(values)), values)


@given(VALUES, st.integers(1, 40))
def test_folding_keeps_extremes_first_last_and_mean(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], width: int
) -> None:
    step = width * 10 * SECOND
    series = fold(raw(values), step, "1m")
    for i, t in enumerate(series.t):
        inside = values[int(t) // (10 * SECOND) : int(t + step) // (10 * SECOND)]
        known = inside[np.isfinite(inside)]
        assert series.n[i] == len(known)
        if not len(known):
            assert np.isnan([series.min[i], series.max[i], series.first[i], series.last[i], series.mean[i]]).all()
            continue
        assert (series.min[i], series.max[i]) == (known.min(), known.max())
        assert (series.first[i], series.last[i]) == (known[0], known[-1])
        assert series.mean[i] == pytest.approx(known.mean(), rel=1e-9, abs=1e-6)


@given(VALUES, st.integers(1, 12), st.data())
def test_a_tail_joined_on_gives_the_same_as_folding_all(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], width: int, data: st.DataObject
) -> None:
    step = width * 10 * SECOND
    whole = fold(raw(values), step, "1m")
    cut = data.draw(st.integers(1, len(values)))
    since = cut // width * width
    head = fold(raw(values[:cut]), step, "1m")
    tail = raw(values).rows(slice(since, None))
    again = joined(head, tail)
    for name in ("t", "min", "max", "first", "last", "n"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))


def test_arrays_are_frozen_and_of_one_length() -> None:
    series = raw(np.arange(3.0))
    with pytest.raises(ValueError, match="read-only"):
        series.min[0] = 1
    with pytest.raises(ValueError, match="one length"):
        TrendSeries.raw([1, 2], [1.0])


def test_trimming_keeps_one_row_before_the_start() -> None:
    series = raw(np.arange(100.0))
    assert trimmed(series, 50 * 10 * SECOND).t[0] == 49 * 10 * SECOND
    assert trimmed(series, -5) is series


def test_between_reaches_beyond_both_edges() -> None:
    part = raw(np.arange(100.0)).between(205 * SECOND, 305 * SECOND)
    assert part.t[0] <= 205 * SECOND
    assert part.t[-1] >= 305 * SECOND


def test_a_cursor_reads_between_two_samples_on_the_line_or_the_step() -> None:
    series = TrendSeries.raw([0, 10 * SECOND], [100.0, 200.0], [GOOD, UNCERTAIN])
    line, step = sample_at(series, 4 * SECOND, "linear"), sample_at(series, 8 * SECOND, "step")
    assert line is not None
    assert step is not None
    assert (line.value, line.quality, line.t) == (140.0, GOOD, 0)
    assert (step.value, step.quality, step.t) == (100.0, UNCERTAIN, 10 * SECOND)
    assert sample_at(series, -1, "linear") is None
    assert sample_at(series, 11 * SECOND, "linear") is None


def test_a_cursor_inside_a_gap_has_no_value() -> None:
    series = TrendSeries.raw([0, 10, 20, 30], [1.0, np.nan, 3.0, 4.0])
    found = sample_at(series, 5, "linear")
    assert found is not None
    assert np.isnan(found.value)


def test_a_cursor_reads_a_bucket_as_mean_and_extremes() -> None:
    series = fold(raw(np.array([1.0, 2, 9, 4, 5, 6, 7])), MINUTE, "1m")
    found = sample_at(series, 30 * SECOND, "linear")
    assert found is not None
    assert (found.value, found.low, found.high, found.t) == (4.5, 1.0, 9.0, 0)


def test_the_mean_weighs_by_time() -> None:
    series = TrendSeries.raw([0, 90 * SECOND, 100 * SECOND], [0.0, 0.0, 100.0])
    step = statistics_between(series, 0, 100 * SECOND, "step")
    line = statistics_between(series, 0, 100 * SECOND, "linear")
    assert step.mean == 0.0
    assert line.mean == pytest.approx(5.0)
    assert (line.min, line.max, line.covered) == (0.0, 100.0, 1.0)


def test_statistics_leave_gaps_out_and_say_how_much_is_known() -> None:
    series = TrendSeries.raw([0, 10, 20, 30, 40], [2.0, 2.0, np.nan, 4.0, 4.0])
    found = statistics_between(series, 0, 40, "linear")
    assert found.mean == pytest.approx(3.0)
    assert found.covered == pytest.approx(0.5)
    nothing = statistics_between(series, 30, 30, "linear")
    assert np.isnan(nothing.mean)


def test_statistics_of_buckets_weigh_by_overlap() -> None:
    series = fold(raw(np.r_[np.full(6, 10.0), np.full(6, 40.0)]), MINUTE, "1m")
    found = statistics_between(series, 30 * SECOND, 2 * MINUTE, "linear")
    assert found.mean == pytest.approx(30.0)
    assert (found.min, found.max) == (10.0, 40.0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_mean_of_a_straight_line_is_its_middle(a: float, b: float) -> None:
    start, stop = sorted((round(a * 990) * SECOND, round(b * 990) * SECOND))
    series = raw(np.arange(100.0))
    found = statistics_between(series, start, stop, "linear")
    if start < stop:
        assert found.mean == pytest.approx((start + stop) / 2 / (10 * SECOND), abs=1e-6)
