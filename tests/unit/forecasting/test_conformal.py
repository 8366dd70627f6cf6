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
from ksys_core.forecasting.conformal import ENOUGH, NEWEST, TRACKING, half_widths
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.work import PredictTask, TrainTask, predict_batch, train
from tests.unit.forecasting.signals import daily

sizes = st.one_of(st.floats(0, 1e6), st.just(np.nan))


@given(arrays(np.float64, st.tuples(st.integers(0, 90), st.integers(1, 5)), elements=sizes))
@settings(max_examples=60, deadline=None)
def test_widths_are_ordered_and_there_from_enough_errors_on(errors: np.ndarray) -> None:
    half = half_widths(errors, LEVELS)
    enough = np.isfinite(errors).sum(axis=0) >= ENOUGH
    assert (np.isfinite(half) == enough).all()
    assert (half[:, enough] >= 0).all()
    assert (np.diff(half[:, enough], axis=1) >= 0).all()
    assert (half[0, enough] <= half[1, enough]).all()


@given(st.integers(0, 99), st.floats(1e-6, 1e6))
@settings(max_examples=20, deadline=None)
def test_units_do_not_matter(seed: int, factor: float) -> None:
    errors = np.abs(np.random.default_rng(seed).normal(size=(80, 3)))
    assert half_widths(errors * factor, LEVELS) == pytest.approx(half_widths(errors, LEVELS) * factor)


def test_only_the_newest_errors_count() -> None:
    errors = np.abs(np.random.default_rng(1).normal(size=(NEWEST, 2)))
    wild = np.concatenate((np.full((50, 2), 1e9), errors))
    assert np.array_equal(half_widths(wild, LEVELS), half_widths(errors, LEVELS))


def test_steps_that_would_shrink_are_averaged() -> None:
    rng = np.random.default_rng(2)
    errors = np.abs(rng.normal(size=(400, 2))) * [2.0, 1.0]
    alone = [half_widths(errors[:, [k]], LEVELS)[0, 0] for k in (0, 1)]
    assert half_widths(errors, LEVELS)[0] == pytest.approx(np.mean(alone))


def test_a_perfect_model_has_no_width() -> None:
    assert (half_widths(np.zeros((80, 2)), LEVELS) == 0).all()


@pytest.mark.parametrize("change", [0.3, 1.0, 3.0])
def test_coverage_holds_where_errors_grow_or_shrink(change: float) -> None:
    """Errors change to a multiple of theirs in the middle; bounds made at each time from what was before hold it."""
    rng = np.random.default_rng(7)
    errors = np.abs(rng.normal(size=(1200, 1)))
    errors[500:] *= change
    hits = [errors[i, 0] <= half_widths(errors[:i], LEVELS)[:, 0] for i in range(300, 1200)]
    assert np.mean(hits, axis=0) == pytest.approx([0.80, 0.95], abs=0.02)
    assert 0 < TRACKING < 1


def test_the_first_bounds_come_from_walk_forward_and_give_way_to_matured_errors() -> None:
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
