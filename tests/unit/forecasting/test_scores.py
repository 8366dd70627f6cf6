"""Scores against their definitions written out."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ksys_core.forecasting.scores import (
    bucket_maes,
    interval_score,
    mase_scale,
    pinball,
    resolution,
    score,
    skill,
)

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3))


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Actuals with holes, forecasts, and nested bounds of 80 and 95 %."""
    shape = (draw(st.integers(1, 6)), draw(st.integers(1, 5)))
    actual = draw(arrays(float, shape, elements=st.one_of(numbers, st.just(math.nan))))
    value = draw(arrays(float, shape, elements=numbers))
    half = draw(arrays(float, (2, *shape), elements=st.floats(0, 1e5).map(lambda v: round(v, 3))))
    half[1] += half[0]
    return actual, value, value - half, value + half


@given(cases())
def test_every_figure_is_what_its_definition_says(
    case: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    actual, value, lo, hi = case
    pairs = [
        (y, f, [(float(lo[i].flat[k]), float(hi[i].flat[k])) for i in range(2)])
        for k, (y, f) in enumerate(zip(actual.flat, value.flat, strict=True))
        if not math.isnan(y)
    ]
    found = score(actual, value, (80.0, 95.0), lo, hi, scale=2.0, span=100.0)
    if not pairs:
        assert found is None
        return
    assert found is not None
    n = len(pairs)
    near = pytest.approx
    assert found.n == n
    mae = sum(abs(f - y) for y, f, _ in pairs) / n
    assert found.mae == near(mae, abs=1e-9)
    assert found.mase == near(mae / 2, abs=1e-9)
    assert found.rmse == near(math.sqrt(sum((f - y) ** 2 for y, f, _ in pairs) / n), abs=1e-9)
    assert found.bias == near(sum(f - y for y, f, _ in pairs) / n, abs=1e-6)
    total = sum(abs(y) for y, _, _ in pairs)
    assert found.wape == (near(mae * n / total) if total else None)
    smapes = [2 * abs(f - y) / (abs(f) + abs(y)) if f or y else 0.0 for y, f, _ in pairs]
    assert found.smape == near(sum(smapes) / n, abs=1e-9)
    if all(abs(y) > 5 for y, _, _ in pairs):
        assert found.mape == near(sum(abs(f - y) / abs(y) for y, f, _ in pairs) / n)
    else:
        assert found.mape is None
    for i, level in enumerate((80.0, 95.0)):
        band, alpha = found.bands[i], 1 - level / 100
        scores = [
            (b[i][1] - b[i][0]) + 2 / alpha * (b[i][0] - y) * (y < b[i][0]) + 2 / alpha * (y - b[i][1]) * (y > b[i][1])
            for y, _, b in pairs
        ]
        assert band.coverage == near(sum(b[i][0] <= y <= b[i][1] for y, _, b in pairs) / n)
        assert band.width == near(sum(b[i][1] - b[i][0] for _, _, b in pairs) / n, abs=1e-6)
        assert band.interval_score == near(sum(scores) / n, rel=1e-6, abs=1e-6)


@given(cases(), st.sampled_from([80.0, 95.0]))
def test_the_interval_score_is_the_pinball_loss_of_both_bounds(
    case: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], level: float
) -> None:
    actual = np.nan_to_num(case[0]).ravel()
    lo, hi = case[2][0].ravel(), case[3][0].ravel()
    alpha = 1 - level / 100
    both = pinball(actual, lo, alpha / 2) + pinball(actual, hi, 1 - alpha / 2)
    assert interval_score(actual, lo, hi, level) == pytest.approx(2 / alpha * both, rel=1e-6, abs=1e-6)


def test_the_mean_pinball_loss_takes_bounds_and_median() -> None:
    y, f = np.array([[1.0, 4.0]]), np.array([[2.0, 2.0]])
    found = score(y, f, (80.0,), f[None] - 1, f[None] + 1)
    assert found is not None
    # median: (0.5 + 1) / 2; 10 %: (0, 0.3) / 2; 90 %: (0.2, 0.9) / 2
    assert found.pinball == pytest.approx((0.75 + 0.15 + 0.55) / 3)


@given(arrays(float, st.integers(1, 40), elements=st.one_of(numbers, st.just(math.nan))), st.integers(1, 12))
def test_the_scale_is_the_seasonal_naive_error_but_not_below_the_resolution(v: np.ndarray, season: int) -> None:
    changes = [abs(b - a) for a, b in zip(v, v[season:], strict=False) if not math.isnan(a) and not math.isnan(b)]
    known = sorted({float(x) for x in v if not math.isnan(x)})
    gaps = [b - a for a, b in pairwise(known)]
    assert resolution(v) == (min(gaps) if gaps else 0.0)
    found = mase_scale(v, season)
    if not changes or not max(sum(changes), min(gaps, default=0.0)) > 0:
        assert found is None
    else:
        assert found == pytest.approx(max(sum(changes) / len(changes), min(gaps, default=0.0)))


def test_a_season_that_repeats_exactly_is_scaled_by_the_resolution() -> None:
    assert mase_scale(np.tile([1.0, 1.5, 3.0], 5), 3) == 0.5


def test_skill() -> None:
    assert skill(1.0, [4.0, 2.0]) == 0.5
    assert skill(3.0, [2.0]) == -0.5
    assert skill(1.0, [0.0, 2.0]) is None


@given(st.integers(1, 40), st.integers(1, 4), st.integers(0, 99))
def test_parts_of_the_horizon(steps: int, origins: int, seed: int) -> None:
    error = np.random.default_rng(seed).normal(size=(origins, steps))
    found = bucket_maes(np.zeros_like(error), error)
    inside = {"1": (1, 1), "2-3": (2, 3), "4-6": (4, 6), "7-12": (7, 12), "13-24": (13, 24)}
    for name, mae in found.items():
        first, last = inside.get(name, (25, steps))
        wanted = [abs(error[i, k - 1]) for i in range(origins) for k in range(first, min(last, steps) + 1)]
        assert mae == pytest.approx(np.mean(wanted))
    assert len(found) == sum(first <= steps for first in (1, 2, 4, 7, 13, 25))
