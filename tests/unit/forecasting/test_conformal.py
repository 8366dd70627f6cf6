"""Half widths hold what they promise, also when errors change, and never shrink with the horizon."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.base import LEVELS
from ksys_core.forecasting.conformal import COMMON, SEED, SHAPE, SPREAD, Tracked, half_widths
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.work import PredictTask, TrainTask, predict_batch, train
from tests.unit.forecasting.signals import daily

sizes = st.one_of(st.floats(0, 1e6), st.just(np.nan))
widths = st.floats(0, 1e6)


@given(arrays(np.float64, st.tuples(st.integers(0, 40), st.integers(1, 5)), elements=sizes))
@settings(max_examples=60, deadline=None)
def test_first_widths_are_ordered_and_there_from_enough_errors_on(errors: np.ndarray) -> None:
    half = half_widths(errors, LEVELS)
    enough = np.isfinite(errors).sum(axis=0) >= SEED
    assert (np.isfinite(half) == enough).all()
    ordered(half[:, enough])


def ordered(half: np.ndarray) -> None:
    assert (half >= 0).all()
    assert (np.diff(half, axis=1) >= -1e-9 * half[:, 1:]).all()
    assert (half[0] <= half[1]).all()


def test_a_first_width_is_the_quantile_of_split_conformal() -> None:
    errors = np.random.default_rng(3).permutation(np.arange(1.0, 40.0))[:, None]
    assert half_widths(errors, LEVELS)[:, 0].tolist() == [32.0, 38.0]  # the 32nd and the 38th of 39


@given(
    arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 5)), elements=sizes),
    arrays(np.float64, (2, 5), elements=widths),
)
@settings(max_examples=80, deadline=None)
def test_tracked_widths_are_ordered_and_there_for_steps_that_came_true(errors: np.ndarray, issued: np.ndarray) -> None:
    steps = errors.shape[1]
    tracked = Tracked.begun(LEVELS, steps)
    for error in errors:
        tracked = tracked.after(error, np.sort(issued, axis=0)[:, :steps])
    known = np.isfinite(errors).any(axis=0)
    assert (np.isfinite(tracked.half) == known).all()
    assert tracked.targets == np.isfinite(errors).any(axis=1).sum()
    ordered(tracked.half[:, known])


@given(st.integers(0, 99), st.floats(1e-6, 1e6))
@settings(max_examples=20, deadline=None)
def test_units_do_not_matter(seed: int, factor: float) -> None:
    errors = np.abs(np.random.default_rng(seed).normal(size=(80, 3)))
    assert half_widths(errors * factor, LEVELS) == pytest.approx(half_widths(errors, LEVELS) * factor)
    assert followed(errors * factor, factor).half == pytest.approx(followed(errors).half * factor)


def followed(errors: np.ndarray, first: float = 1.0) -> Tracked:
    """After `errors` of forecasts that were issued with the widths of just before, the first ones with `first`."""
    tracked = Tracked.begun(LEVELS, errors.shape[1])
    for error in errors:
        tracked = tracked.after(error, np.where(np.isnan(tracked.half), first, tracked.half))
    return tracked


def test_the_first_to_come_true_begins_at_the_width_it_was_issued_with() -> None:
    issued = np.array([[1.0, 3.0], [2.0, 6.0]])
    tracked = Tracked.begun(LEVELS, 2).after(np.array([0.5, np.nan]), issued)
    assert np.isnan(tracked.half[:, 1]).all()
    narrowed = tracked.half[:, 0] / issued[:, 0]
    assert 0.9 < narrowed[0] < narrowed[1] < 1  # the more may lie outside, the more a hit tells


@given(st.integers(0, 1), st.floats(0.0, 0.99), st.floats(1.01, 100.0))
@settings(max_examples=30, deadline=None)
def test_a_miss_widens_and_a_hit_narrows_every_step(step: int, within: float, beyond: float) -> None:
    before = Tracked(LEVELS, np.array([[1.0, 1.0], [2.0, 2.0]]), 100)
    error = np.full(2, np.nan)
    error[step] = 2 * beyond
    assert (before.after(error, before.half).half > before.half).all()
    error[step] = within
    assert (before.after(error, before.half).half < before.half).all()


def test_forecasts_made_every_fourth_time_teach_as_much_a_target() -> None:
    steps = np.arange(4)
    always = rarely = Tracked(LEVELS, np.array([[1.0], [2.0]]) * 1.5**steps, 10**6)  # neighbours do not meet
    for step in steps:
        always = always.after(np.full(4, 0.5), always.half)
        rarely = rarely.after(np.where(steps == step, 0.5, np.nan), rarely.half)
    assert rarely.half == pytest.approx(always.half)


def test_steps_that_would_shrink_are_averaged() -> None:
    tracked = Tracked.begun(LEVELS, 2).after(np.array([0.5, 0.5]), np.array([[3.0, 1.0], [3.0, 1.0]]))
    assert tracked.half[0, 0] == tracked.half[0, 1]
    assert 1.8 < tracked.half[0, 0] < 2.0


def test_a_perfect_model_has_no_width_until_it_errs() -> None:
    perfect = followed(np.zeros((80, 2)), 0.0)
    assert (perfect.half == 0).all()
    errors = np.abs(np.random.default_rng(4).normal(size=(600, 2)))
    tracked = perfect
    for error in errors:
        tracked = tracked.after(error, tracked.half)
    assert tracked.half[0] == pytest.approx([1.28, 1.28], abs=0.5)


@pytest.mark.parametrize("level", [80.0, 95.0])
@pytest.mark.parametrize("rule", ["beyond", "wild", "waves"])
def test_the_promise_is_kept_whatever_errors_between_1_and_10_do(rule: str, level: float) -> None:
    """Also where each error is chosen with sight of the width, so that as many lie beyond as can."""
    rng = np.random.default_rng(6)
    tracked, misses, n = Tracked((level,), np.array([[5.0]])), 0, 1500
    for i in range(n):
        half = float(tracked.half[0, 0])
        errors = {"beyond": half * 1.001, "wild": rng.choice([1.0, 10.0]), "waves": 5.5 + 4.5 * np.sin(i / 30)}
        error = min(max(1.0, errors[rule]), 10.0)
        misses += error > half
        tracked = tracked.after(np.array([error]), tracked.half)
    slack = 1.1 * np.log(10) * (1 + SPREAD) / ((COMMON + SHAPE) * n)
    assert slack < 0.015
    assert misses / n == pytest.approx(1 - level / 100, abs=slack)


def test_wider_bounds_share_what_narrower_ones_learn() -> None:
    """Where no error lies beyond 95 % any more, misses of 80 % still tell that they grow."""
    before = Tracked(LEVELS, np.array([[1.0], [3.0]]), 100)
    alone = Tracked((95.0,), np.array([[3.0]]), 100)
    error = np.array([2.0])
    assert before.after(error, before.half).half[1, 0] > alone.after(error, alone.half).half[0, 0]


def test_the_first_bounds_come_from_walk_forward_and_give_way_to_what_came_true() -> None:
    y = daily(600)
    text = train(TrainTask("naive", y, 6)).artefact
    seed = artefacts.load(text).half
    assert seed is not None
    task = PredictTask(1, text, artefacts.sha256(text), y, 6)
    first = predict_batch([task])[0].forecast
    assert first is not None
    assert first.hi - first.value == pytest.approx(seed)

    matured = np.full((2, 6), np.nan)
    matured[0, :3], matured[1, :3] = 0.001, 0.002
    second = predict_batch([PredictTask(1, text, artefacts.sha256(text), y, 6, half=matured)])[0].forecast
    assert second is not None
    assert (second.hi - second.value)[:, :3] == pytest.approx(matured[:, :3])
    assert (second.hi - second.value)[:, 3:] == pytest.approx(seed[:, 3:])


def test_first_bounds_of_another_shape_are_refused() -> None:
    y = daily(600)
    text = train(TrainTask("naive", y, 6)).artefact.replace('"half":[[', '"half":[[1.0],[')
    with pytest.raises(KnownError, match="refused"):
        artefacts.load(text)


def test_an_engine_with_held_out_errors_needs_no_others() -> None:
    assert artefacts.load(train(TrainTask("ridge", daily(600), 6)).artefact).half is None
    assert SPECS["ensemble"].held_out
