"""Probability and time of a crossing: by hand, against the standard library's normal distribution, and by drawing."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.crossing import CLOSES, NORMAL_90, OPENS, crossing, exceedance
from ksys_core.domain.forecasts import ForecastBand
from ksys_core.domain.tags import LimitKind
from ksys_core.domain.times import MINUTE
from ksys_core.services.advisories import Round, judged
from ksys_core.store.advisories import Watched

T = np.arange(1, 7, dtype=np.int64) * 10 * MINUTE
UP = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0])

numbers = st.floats(-100, 100)
widths = st.floats(0.01, 50)


def test_a_rising_forecast_by_hand() -> None:
    """From 0 to 60 in an hour, 80 % within 10 of it: the point forecast meets 35 after 35 min, the bounds 25 and 45."""
    found = crossing(T, UP, UP - 10, UP + 10, 35.0, "H", now=0, newest=0.0)
    assert (found.eta, found.eta_hi) == (35 * MINUTE, 45 * MINUTE)
    # The upper bound runs from 0 to 20 in the first ten minutes, then by 10 each ten: 35 at 25 min.
    assert found.eta_lo == 25 * MINUTE
    assert found.probability == pytest.approx(1 - NormalDist(60, 10 / NORMAL_90).cdf(35), abs=1e-6)


def test_a_falling_forecast_and_a_low_limit_mirror_it() -> None:
    high = crossing(T, UP, UP - 10, UP + 10, 35.0, "HH", now=0, newest=0.0)
    assert crossing(T, -UP, -UP - 10, -UP + 10, -35.0, "LL", now=0, newest=0.0) == high


def test_what_the_point_forecast_does_not_reach_is_told_by_its_likeliest_step() -> None:
    value = np.array([1.0, 4.0, 8.0, 4.0, 2.0, 1.0])
    found = crossing(T, value, value - 3, value + 3, 9.0, "H", now=0, newest=0.0)
    assert (found.eta, found.eta_hi) == (30 * MINUTE, None)
    assert found.eta_lo < found.eta
    assert CLOSES < found.probability < OPENS


def test_a_forecast_without_width_is_certain() -> None:
    assert exceedance(UP, UP, UP, 30.0, high=True).tolist() == [0, 0, 0.5, 1, 1, 1]


@given(numbers, widths, widths, numbers)
def test_probabilities_are_those_of_two_half_normals(value: float, below: float, above: float, limit: float) -> None:
    one = np.array([value])
    sigma = (above if limit > value else below) / NORMAL_90
    expected = 1 - NormalDist(value, sigma).cdf(limit)
    found = exceedance(one, one - below, one + above, limit, high=True)[0]
    assert found == pytest.approx(expected, abs=1e-6)
    assert exceedance(one, one - below, one + above, limit, high=False)[0] == pytest.approx(1 - found, abs=1e-6)


@pytest.mark.parametrize("kind", ["H", "L"])
def test_the_bounds_stand_for_ten_and_ninety_percent(kind: LimitKind) -> None:
    """Draws of the same split normal cross at the step of `eta_lo` in 10 %, at that of `eta_hi` in 90 %."""
    drawn = np.random.default_rng(7).standard_normal(200_000) / NORMAL_90
    sign = 1.0 if kind == "H" else -1.0
    found = crossing(T, sign * UP, sign * UP - 10, sign * UP + 10, sign * 40.0, kind, now=0, newest=0.0)
    for eta, share in ((found.eta_lo, 0.1), (found.eta, 0.5), (found.eta_hi, 0.9)):
        assert eta is not None
        level = np.interp(eta, T, UP)
        assert np.mean(level + 10 * drawn > 40.0) == pytest.approx(share, abs=0.005)


@given(st.lists(numbers, min_size=6, max_size=6), widths, st.floats(0, 99), st.sampled_from(["H", "L"]))
def test_the_range_holds_the_time_and_lies_ahead(value: list[float], width: float, limit: float, kind: str) -> None:
    v = np.array(value)
    sign = 1.0 if kind == "H" else -1.0
    found = crossing(T, v, v - width, v + width, sign * limit, kind, now=0, newest=-sign)  # type: ignore[arg-type]
    assert 0 <= found.eta_lo <= found.eta <= T[-1]
    assert found.eta_hi is None or found.eta <= found.eta_hi <= T[-1]
    assert 0 <= found.probability <= 1


def band(value: float, issue: int, width: float = 1.0) -> ForecastBand:
    v = np.full(6, value)
    return ForecastBand(1, 1, "naive", "model", issue, 10 * MINUTE, T + issue, v, *(v + each for each in (
        -width, width, -2 * width, 2 * width)))  # fmt: skip


def watched(**given_: object) -> Watched:
    base = {"sensor_id": 1, "kind": "H", "limit": 10.0, "deployed": True, "newest_ns": 0, "newest": 5.0}
    rest = {"open_id": None, "open_issue": None, "open_limit": None, "closed_issue": None}
    return Watched(**(base | rest | given_))  # type: ignore[arg-type]


@given(st.lists(st.floats(5, 12), min_size=1, max_size=20))
def test_between_the_two_thresholds_nothing_changes(values: list[float]) -> None:
    """Opened only from 50 % on, closed only below 30 %; in between it stays what it is."""
    open_id: int | None = None
    for n, value in enumerate(values):
        issue = n * 10 * MINUTE
        p = exceedance(np.array([value]), np.array([value - 1]), np.array([value + 1]), 10.0, high=True)[0]
        open_ = {"open_id": open_id, "open_issue": issue - 1, "open_limit": 10.0} if open_id else {}
        found = judged([watched(**open_)], {1: band(value, issue)}, issue)
        if open_id is None:
            assert bool(found.opened) == (p >= OPENS)
            open_id = 7 if found.opened else None
        else:
            assert bool(found.closed) == (p < CLOSES)
            assert bool(found.updated) == (p >= CLOSES)
            open_id = None if found.closed else 7


@pytest.mark.parametrize(
    ("given_", "now", "reason"),
    [
        ({"limit": None}, 0, "limit"),
        ({"deployed": False}, 0, "no_model"),
        ({"newest": 10.1}, 0, "crossed"),
        ({"newest": None, "newest_ns": None}, 0, "stale"),
        ({}, 31 * MINUTE, "stale"),
    ],
)
def test_an_open_one_is_closed_with_the_reason(given_: dict[str, object], now: int, reason: str) -> None:
    open_ = {"open_id": 7, "open_issue": 0, "open_limit": 10.0}
    assert judged([watched(**open_, **given_)], {1: band(12.0, 0)}, now) == Round(closed=[(7, reason)])  # type: ignore[list-item]
    assert judged([watched(**given_)], {1: band(12.0, 0)}, now) == Round()


def test_one_forecast_opens_once() -> None:
    assert len(judged([watched()], {1: band(12.0, 0)}, 0).opened) == 1
    assert judged([watched(open_id=7, open_issue=0, open_limit=10.0)], {1: band(12.0, 0)}, MINUTE) == Round()
    assert judged([watched(closed_issue=0)], {1: band(12.0, 0)}, MINUTE) == Round(), "closed: not opened again by it"
    moved = judged([watched(open_id=7, open_issue=0, open_limit=9.0)], {1: band(12.0, 0)}, MINUTE)
    assert [each.limit for each in moved.updated] == [10.0], "another limit is judged at once"
