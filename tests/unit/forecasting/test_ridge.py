"""Ridge's inputs never know the future, a long gap costs what lies beside it, and three months teach it the week."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.domain.times import HOUR
from ksys_core.forecasting.base import fit
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.ridge import RidgeParams, RidgeState
from ksys_core.forecasting.ridge_features import (
    DEEP,
    OPEN,
    Layout,
    clock_of,
    completed,
    features,
    filled,
    layout_for,
    usable_origins,
)
from tests.unit.forecasting.signals import SEASON, daily, with_values

ZONE = "Asia/Seoul"
LAYOUTS = [Layout(1, 0, None), Layout(SEASON, 2, None), Layout(SEASON, DEEP, ZONE)]


def weekly(n: int, seed: int = 1) -> RegularSeries:
    """A daily wave that is a third as high on Saturdays and Sundays of the plant's clock, with noise."""
    y = daily(n, noise=0.2, seed=seed)
    t = y.start + np.arange(n) * y.step + 9 * HOUR
    size = np.where(((t // (24 * HOUR)) + 3) % 7 >= 5, 0.33, 1.0)
    return with_values(y, 50 + (y.v - 50) * size)


@pytest.mark.parametrize("layout", LAYOUTS)
@given(origin=st.integers(400, 440), change=st.floats(-1e6, 1e6))
@settings(max_examples=15, deadline=None)
def test_no_input_knows_a_value_after_its_origin(layout: Layout, origin: int, change: float) -> None:
    y = daily(480)
    later = y.v.copy()
    later[origin + 1 :] += change
    made = [features(v, clock_of(y, 0, layout), np.array([origin]), 12, layout) for v in (y.v, later)]
    assert made[0].shape == (1, 12, layout.width)
    assert np.array_equal(made[0], made[1])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_only_values_within_reach_are_looked_at(layout: Layout) -> None:
    y = daily(480)
    reach = layout.reach(12)
    far = y.v.copy()
    far[: 440 - reach] = np.nan
    made = features(far, clock_of(y, 0, layout), np.array([440]), 12, layout)
    assert np.isfinite(made).all()
    far[: 440 - reach + 13] = np.nan
    assert np.isnan(features(far, clock_of(y, 0, layout), np.array([440]), 12, layout)).any()


@given(st.lists(st.tuples(st.integers(0, 299), st.integers(1, 90)), max_size=4))
@settings(max_examples=30, deadline=None)
def test_origins_learned_from_have_known_targets_and_inputs(holes: list[tuple[int, int]]) -> None:
    v = daily(300).v.copy()
    for at, length in holes:
        v[at : at + length] = np.nan
    z = filled(v, SEASON)
    reach, horizon = 60, 6
    wanted = [
        i
        for i in range(reach, 300 - horizon)
        if np.isfinite(v[i : i + horizon + 1]).all() and np.isfinite(z[i - reach : i + 1]).all()
    ]
    assert usable_origins(v, z, reach, horizon).tolist() == wanted


def test_a_window_is_completed_from_its_own_seasons() -> None:
    v = np.arange(60.0)
    v[:10] = v[30:34] = np.nan
    found = completed(v, 12)
    assert found[30:34].tolist() == [18, 19, 20, 21]
    assert found[:10].tolist() == [12, 13, 14, 15, 16, 17, 18, 19, 20, 21]
    assert completed(np.array([np.nan, 3.0]), 1).tolist() == [3.0, 3.0]


def test_the_history_before_a_long_gap_still_teaches() -> None:
    y = daily(1200)
    v = y.v.copy()
    v[1050:1120] = np.nan
    gone = fit(SPECS["ridge"], with_values(y, v), season=SEASON, horizon=12)
    whole = fit(SPECS["ridge"], y, season=SEASON, horizon=12)
    assert isinstance(gone.state, RidgeState)
    assert gone.state.depth == 2
    assert gone.predict().value == pytest.approx(whole.predict().value, abs=1.0)


def test_three_months_of_days_teach_the_week() -> None:
    y = weekly(110 * 24 + 24)
    known = RegularSeries(y.start, y.step, y.v[: 100 * 24])
    params = RidgeParams(zone=ZONE)
    deep = fit(SPECS["ridge"], known, season=SEASON, horizon=24, params=params)
    shallow = fit(SPECS["ridge"], known.tail(60 * 24), season=SEASON, horizon=24, params=params)
    errors = []
    for model in (deep, shallow):
        made = []
        for origin in range(100 * 24, 110 * 24, 5):
            ahead = model.update(RegularSeries(y.start, y.step, y.v[:origin])).predict().value
            made.append(np.abs(ahead - y.v[origin : origin + 24]).mean())
        errors.append(float(np.mean(made)))
    assert errors[0] < 0.8 * errors[1]
    assert layout_for(known, SEASON, 24, ZONE) == Layout(SEASON, DEEP, ZONE)


def test_values_beyond_the_limits_are_seen_as_these_unless_the_newest_is_farther_out() -> None:
    z = np.arange(400.0)
    clock = clock_of(with_values(daily(400), z), 6, LAYOUTS[0])
    origins = np.array([100, 390])
    open_, bounded = (features(z, clock, origins, 6, LAYOUTS[0], limits) for limits in (OPEN, (98.5, 120.0)))
    assert open_[0, 0, :4].tolist() == [-1, -2, -3, -4]
    assert bounded[0, 0, :4].tolist() == [-1, -1.5, -1.5, -1.5]
    assert bounded[1, 0, :4].tolist() == [-1, -2, -3, -4]


def with_outage(y: RegularSeries, *at: int) -> RegularSeries:
    v = y.v.copy()
    for first in at:
        v[first : first + 10] = 0.0
    return with_values(y, v)


def test_an_outage_of_yesterday_hardly_touches_the_forecast_for_today() -> None:
    y = daily(1024, size=2.0)
    known = with_outage(RegularSeries(y.start, y.step, y.v[:1000]), 300, 620)
    model = fit(SPECS["ridge"], known, season=SEASON, horizon=24)
    assert isinstance(model.state, RidgeState)
    assert model.state.limits is not None
    without = dataclasses.replace(model, state=model.state.model_copy(update={"limits": None}))
    broken = with_outage(known, 980)
    errors = [np.abs(m.update(broken).predict().value - y.v[1000:]).mean() for m in (model, without)]
    assert errors[0] < 5  # of the 50 that the outage was deep
    assert errors[1] > 3 * errors[0]


def test_pulses_that_tell_something_are_looked_at_as_they_are() -> None:
    y = daily(1024, noise=0.1, size=0.5)
    pulses = with_values(y, y.v + np.where(np.arange(1024) % SEASON == 5, 30.0, 0.0))
    model = fit(SPECS["ridge"], RegularSeries(y.start, y.step, pulses.v[:1000]), season=SEASON, horizon=24)
    assert isinstance(model.state, RidgeState)
    assert model.state.limits is None
    assert model.predict().value == pytest.approx(pulses.v[1000:], abs=3)


def test_a_model_stored_without_shape_and_limits_is_still_understood() -> None:
    model = fit(SPECS["ridge"], weekly(100 * 24), season=SEASON, horizon=12, params=RidgeParams(zone=ZONE))
    assert isinstance(model.state, RidgeState)
    plain = model.state.model_copy(update={"shape": (), "limits": None})
    document = json.loads(plain.model_dump_json())
    del document["shape"], document["limits"]
    assert RidgeState.model_validate_json(json.dumps(document)) == plain


@pytest.mark.parametrize("shape", [(1.0,) * 24, (1.0,) * 169])
def test_a_shape_that_is_not_of_a_week_is_refused(shape: tuple[float, ...]) -> None:
    model = fit(SPECS["ridge"], weekly(100 * 24), season=SEASON, horizon=12, params=RidgeParams(zone=ZONE))
    with pytest.raises(ValueError, match="week"):
        RidgeState.model_validate({**model.state.model_dump(), "shape": shape})
