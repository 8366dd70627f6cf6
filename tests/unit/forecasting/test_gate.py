"""The gate lets the better model through and the equal one not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.forecasting.backtest import Backtest, Folds
from ksys_core.forecasting.gate import (
    ENOUGH_FOLDS,
    Duel,
    Verdict,
    benjamini_hochberg,
    diebold_mariano,
    judged,
    t_below,
)


@given(st.floats(-30, 30), st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_students_distribution_is_the_integral_of_its_density(x: float, freedom: int) -> None:
    # with x = sqrt(freedom) tan(a) the density becomes cos(a)^(freedom - 1), which is integrated over a finite range
    angle = np.linspace(-math.pi / 2, math.pi / 2, 400_001)
    density = np.cos(angle).clip(0) ** (freedom - 1)
    reached = np.linspace(-math.pi / 2, math.atan(x / math.sqrt(freedom)), 400_001)
    part = np.trapezoid(np.cos(reached).clip(0) ** (freedom - 1), reached)
    assert t_below(x, freedom) == pytest.approx(part / np.trapezoid(density, angle), abs=1e-7)


@pytest.mark.parametrize(("x", "freedom", "p"), [(1.6779, 47, 0.95), (-2.0117, 47, 0.025), (0.0, 5, 0.5), (1, 1, 0.75)])
def test_students_distribution_agrees_with_printed_tables(x: float, freedom: int, p: float) -> None:
    assert t_below(x, freedom) == pytest.approx(p, abs=2e-5)


@given(
    st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=8, max_size=60),
    st.integers(1, 4),
)
def test_the_test_is_its_formula(pairs: list[tuple[float, float]], overlap: int) -> None:
    mine, theirs = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    d = [a - b for a, b in zip(mine, theirs, strict=True)]
    n, mean = len(d), sum(d) / len(d)
    covariances = [sum((d[i] - mean) * (d[i - k] - mean) for i in range(k, n)) / n for k in range(overlap)]
    variance = covariances[0] + 2 * sum(covariances[1:])
    found = diebold_mariano(mine, theirs, overlap=overlap)
    if variance <= 1e-9:
        assert 0 <= found <= 1
        return
    correction = math.sqrt((n + 1 - 2 * overlap + overlap * (overlap - 1) / n) / n)
    assert found == pytest.approx(t_below(correction * mean / math.sqrt(variance / n), n - 1), abs=1e-6)


def test_the_same_losses_prove_nothing_and_constant_advantages_everything() -> None:
    losses = np.linspace(1, 2, 50)
    assert diebold_mariano(losses, losses) == 1
    assert diebold_mariano(losses, losses + 1) < 1e-6
    assert diebold_mariano(np.ones(50), np.full(50, 2.0)) == 0
    assert diebold_mariano(np.full(50, 2.0), np.ones(50)) == 1
    assert diebold_mariano(np.ones(1), np.full(1, 2.0)) == 1


@pytest.mark.parametrize("overlap", [1, 4])
def test_equal_models_are_rarely_called_better(overlap: int) -> None:
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(1500):
        shocks = rng.normal(size=(2, 144 + overlap - 1))
        losses = [np.abs(np.convolve(row, np.ones(overlap), "valid")) for row in shocks]
        found += diebold_mariano(losses[0], losses[1], overlap=overlap) < 0.05
    assert found / 1500 < 0.07


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.01, 0.5))
def test_several_decisions_at_once(p: list[float], rate: float) -> None:
    ranked = sorted(p)
    passing = [k for k in range(1, len(p) + 1) if ranked[k - 1] <= rate * k / len(p)]
    limit = ranked[max(passing) - 1] if passing else -1.0
    found = benjamini_hochberg(p, rate)
    assert found.sum() == (max(passing) if passing else 0)
    assert all(value <= limit for value, rejected in zip(p, found, strict=True) if rejected)


FOLDS = Folds(tuple(range(100, 100 + 6 * 144, 6)), 6, 6)


def made(seed: int, size: float = 1.0, folds: Folds = FOLDS) -> Backtest:
    """Normal errors of `size` with bounds that hold what they promise."""
    value = size * np.random.default_rng(seed).normal(size=(len(folds.origins), folds.horizon))
    half = size * np.array([1.2816, 1.96])[:, None, None] * np.ones_like(value)
    return Backtest(folds, (80.0, 95.0), np.zeros_like(value), value, value - half, value + half)


def test_a_better_model_passes() -> None:
    verdict = judged(made(1, 0.8), {"naive": made(2), "champion": made(3, 0.95)})
    assert verdict.passed
    assert [duel.opponent for duel in verdict.duels] == ["naive", "champion"]
    assert verdict.duels[0].n == 144
    assert verdict.duels[0].ratio == pytest.approx(0.8, abs=0.05)
    assert verdict.coverage_gap < 0.03


def test_equal_models_are_not_promoted() -> None:
    promoted = sum(judged(made(2 * i), {"champion": made(2 * i + 1)}).passed for i in range(300))
    assert promoted / 300 < 0.07


def test_one_lost_duel_is_enough() -> None:
    assert not judged(made(1, 0.8), {"naive": made(2), "champion": made(3, 0.8)}).passed


def test_a_model_that_is_much_worse_somewhere_does_not_pass() -> None:
    test = made(1, 0.6)
    worse = test.value.copy()
    worse[:, 0] *= 3
    verdict = judged(replace(test, value=worse), {"naive": made(2)})
    assert verdict.duels[0].ratio < 0.98
    assert verdict.duels[0].worst_part > 1.1
    assert not verdict.passed


def test_bounds_that_do_not_hold_do_not_pass() -> None:
    test = made(1, 0.6)
    narrow = np.broadcast_to(test.value, test.lo.shape)
    verdict = judged(replace(test, lo=narrow - 0.1, hi=narrow + 0.1), {"naive": made(2)})
    assert all(duel.won for duel in verdict.duels)
    assert verdict.coverage_gap > 0.03
    assert not verdict.bounds_hold
    assert not verdict.passed


def test_bounds_that_hold_are_rarely_called_wrong() -> None:
    assert sum(judged(made(seed), {}).bounds_hold for seed in range(200)) >= 195
    few = replace(FOLDS, origins=FOLDS.origins[:ENOUGH_FOLDS])
    assert sum(judged(made(seed, 1.0, few), {}).bounds_hold for seed in range(200)) >= 190


def test_too_few_folds_do_not_pass() -> None:
    few = replace(FOLDS, origins=FOLDS.origins[: ENOUGH_FOLDS - 1])
    assert not judged(made(1, 0.5, few), {"naive": made(2, 1.0, few)}).duels[0].won
    enough = replace(FOLDS, origins=FOLDS.origins[:ENOUGH_FOLDS])
    assert judged(made(1, 0.5, enough), {"naive": made(2, 1.0, enough)}).duels[0].won


def test_only_pairs_that_both_have_count() -> None:
    mine, other = made(1, 0.5), made(2)
    gaps = mine.value.copy()
    gaps[:10] = np.nan
    assert judged(replace(mine, value=gaps), {"naive": other}).duels[0].n == 134
    nothing = judged(replace(mine, value=np.full_like(gaps, np.nan)), {"naive": other})
    assert nothing.duels == (Duel("naive", 0, 1.0, math.inf, math.inf),)
    assert not nothing.passed


def test_nothing_beaten_is_no_pass_and_other_folds_are_refused() -> None:
    assert not Verdict((), 0.0, True).passed
    with pytest.raises(ValueError, match="different folds"):
        judged(made(1), {"naive": made(2, 1.0, replace(FOLDS, apart=3))})
