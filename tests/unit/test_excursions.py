"""Excursions are judged by the limit of their time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.excursions import Excursion, excursions
from ksys_core.domain.trend import LimitStep, TrendSeries, fold

SERIES = TrendSeries.raw(np.arange(0, 100, 10), [1, 5, 9, 5, 1, 5, 9, 5, 1, 1])


def test_an_old_excursion_is_judged_by_the_old_limit() -> None:
    """The limit was 4, and is 8 since 50: what lay above 4 before is an excursion, what lies above 4 now is none."""
    steps = [LimitStep("H", 4.0, 0, 50), LimitStep("H", 8.0, 50)]
    assert excursions(SERIES, steps) == [Excursion("H", 4.0, 10, 40), Excursion("H", 8.0, 60, 70)]
    assert excursions(SERIES, [LimitStep("H", 4.0, 0)]) == [Excursion("H", 4.0, 10, 40), Excursion("H", 4.0, 50, 80)]


def test_before_a_limit_was_set_there_is_no_excursion() -> None:
    assert excursions(SERIES, [LimitStep("H", 4.0, 55)]) == [Excursion("H", 4.0, 55, 80)]
    assert excursions(SERIES, [LimitStep("H", 4.0, 200)]) == []
    assert excursions(SERIES, []) == []


@pytest.mark.parametrize("kind", ["L", "LL"])
def test_low_limits_look_downwards(kind: str) -> None:
    assert excursions(SERIES, [LimitStep(kind, 2.0, 0)]) == [
        Excursion(kind, 2.0, 0, 10), Excursion(kind, 2.0, 40, 50), Excursion(kind, 2.0, 80, 91),
    ]  # fmt: skip


def test_a_value_at_the_limit_is_not_beyond_it() -> None:
    assert excursions(SERIES, [LimitStep("H", 9.0, 0), LimitStep("L", 1.0, 0)]) == []


def test_missing_values_end_a_stretch() -> None:
    series = TrendSeries.raw([0, 10, 20, 30], [9, np.nan, 9, 1])
    assert excursions(series, [LimitStep("H", 4.0, 0)]) == [Excursion("H", 4.0, 0, 10), Excursion("H", 4.0, 20, 30)]
    assert excursions(TrendSeries.raw([], []), [LimitStep("H", 4.0, 0)]) == []


def test_a_bucket_counts_by_its_extreme() -> None:
    wide = fold(SERIES, 50, "1m")
    assert excursions(wide, [LimitStep("H", 8.5, 0)]) == [Excursion("H", 8.5, 0, 100)]


@given(
    st.lists(st.floats(-10, 10), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 300), st.floats(-9, 9)), min_size=1, max_size=4, unique_by=lambda s: s[0]),
)
def test_every_reading_is_judged_by_the_step_of_its_time(values: list[float], changes: list[tuple[int, float]]) -> None:
    series = TrendSeries.raw(np.arange(len(values)) * 10, values)
    ordered = sorted(changes)
    ends: list[int | None] = [start for start, _value in ordered[1:]]
    steps = [LimitStep("H", value, start, stop) for (start, value), stop in zip(ordered, [*ends, None], strict=True)]
    found = excursions(series, steps)
    for t, value in zip(series.t.tolist(), values, strict=True):
        limit = next((s.value for s in steps if s.start_ns <= t and (s.stop_ns is None or t < s.stop_ns)), np.inf)
        assert any(e.start <= t < e.stop and e.value == limit for e in found) == (value > limit)
