"""XGBoost's inputs never know the future, its calendar is the plant's, and its stored trees are what was trained."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ksys_core.domain.times import HOUR, MINUTE, to_ns
from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.base import fit
from ksys_core.forecasting.boosting.engine import Panel, XgboostParams, XgboostState
from ksys_core.forecasting.boosting.features import Layout, every_step, sampled
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import hour_of_day, local, weekday
from ksys_core.forecasting.registry import SPECS
from tests.unit.forecasting.signals import SEASON, daily, with_values

BERLIN = "Europe/Berlin"
LAYOUT = Layout(SEASON, BERLIN)


def test_no_input_knows_a_value_after_its_origin() -> None:
    y = daily(480)
    origin, steps = np.full(12, 400), np.arange(1, 13)
    later = y.v.copy()
    later[401:] = 1e6
    usual = Panel(y, 2.0, LAYOUT).rows(origin, steps)
    assert np.array_equal(usual, Panel(with_values(y, later), 2.0, LAYOUT).rows(origin, steps), equal_nan=True)

    moved = y.v.copy()
    moved[400] += 1
    assert not np.array_equal(usual, Panel(with_values(y, moved), 2.0, LAYOUT).rows(origin, steps), equal_nan=True)


def test_training_and_forecasting_see_the_same_inputs() -> None:
    y = daily(480)
    whole = Panel(y, 2.0, LAYOUT).rows(*every_step(np.arange(300, 480), range(1, 13)))
    short = y.tail(LAYOUT.reach(12) + 1)
    alone = Panel(short, 2.0, LAYOUT).rows(np.full(12, len(short) - 1), np.arange(1, 13))
    assert np.array_equal(whole[-12:], alone, equal_nan=True)


def test_seasonal_inputs_are_aligned_with_the_target() -> None:
    y = daily(480, noise=0.0)
    names = LAYOUT.names
    for step in (1, 12, 24, 30):
        (row,) = Panel(y, 1.0, LAYOUT).rows(np.array([400]), np.array([step]))
        for j in (1, 2, 7):
            before = 400 + step - (24 * j if step <= 24 else 24 * (j + 1))
            assert row[names.index(f"season_{j}")] == pytest.approx(y.v[before] - y.v[400], abs=1e-5)
            start = before - step
            assert row[names.index(f"season_move_{j}")] == pytest.approx(y.v[before] - y.v[start], abs=1e-5)
        assert row[names.index("step")] == step


def test_the_calendar_is_the_plant_s_and_knows_daylight_saving() -> None:
    berlin = ZoneInfo(BERLIN)
    for moment in (
        datetime(2025, 3, 30, 1, 59, tzinfo=berlin),
        datetime(2025, 3, 30, 3, 0, tzinfo=berlin),
        datetime(2025, 10, 26, 2, 30, tzinfo=berlin, fold=0),
        datetime(2025, 10, 26, 2, 30, tzinfo=berlin, fold=1),
        datetime(2025, 7, 1, 12, 15, tzinfo=berlin),
    ):
        shown = local(np.array([to_ns(moment)]), BERLIN)
        assert hour_of_day(shown)[0] == pytest.approx(moment.hour + moment.minute / 60)
        assert weekday(shown)[0] == moment.weekday()


def test_a_habit_of_the_local_clock_is_followed_over_the_change_of_the_clocks() -> None:
    """Load of 06:00-18:00 plant time on weekdays; the newest days lie after the clocks changed."""
    start = to_ns(datetime(2025, 2, 24, tzinfo=ZoneInfo(BERLIN)))
    grid = start + np.arange(24 * 49) * HOUR
    clock = local(grid, BERLIN)
    working = (hour_of_day(clock) >= 6) & (hour_of_day(clock) < 18) & (weekday(clock) < 5)
    v = 20 + 30.0 * working + np.random.default_rng(1).normal(0, 0.5, len(grid))
    known = int((to_ns(datetime(2025, 4, 7, tzinfo=ZoneInfo(BERLIN))) - start) // HOUR)
    past = RegularSeries(start, HOUR, v[:known])
    model = fit(SPECS["xgboost"], past, season=24, horizon=24, params=XgboostParams(zone=BERLIN))
    error = np.abs(model.predict().value - v[known : known + 24])
    assert error.mean() < 4


def test_pairs_are_sampled_evenly_and_the_same_every_time() -> None:
    origins, steps = sampled(100, 400, 12, 1000, 1)
    assert len(origins) == 1000
    assert (origins.min() >= 100, origins.max() < 400, set(steps.tolist())) == (True, True, set(range(1, 13)))
    again = sampled(100, 400, 12, 1000, 1)
    assert np.array_equal(origins, again[0])
    assert np.array_equal(steps, again[1])
    assert len(sampled(100, 110, 3, 1000, 1)[0]) == 30


def test_a_day_shorter_than_three_is_not_learned_from() -> None:
    y = RegularSeries(daily().start, 5 * MINUTE, daily(500).v)
    panel = Panel(y, 1.0, Layout(1, BERLIN))
    rows, _ = panel.learned(*sampled(100, 400, 12, 500, 1))
    assert np.isnan(rows[:, -2:]).all()
    assert np.isfinite(panel.rows(np.array([400]), np.array([1]))[:, -2:]).all()


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        XgboostParams(zone="Mars/Base")


def test_inputs_of_another_version_are_refused() -> None:
    model = fit(SPECS["xgboost"], daily(), season=SEASON, horizon=6)
    document = model.state.model_dump(mode="json")
    document["trees"]["features"][1] = "lag_99"
    with pytest.raises(ValueError, match="other inputs"):
        XgboostState.model_validate_json(json.dumps(document))


def test_too_short_a_window_is_said() -> None:
    model = fit(SPECS["xgboost"], daily(), season=SEASON, horizon=6)
    with pytest.raises(KnownError, match="values are needed"):
        fit(SPECS["xgboost"], daily(60), season=SEASON, horizon=12)
    with pytest.raises(KnownError, match="values are needed"):
        artefacts.load(artefacts.dump(model, daily())).update(daily().tail(30)).predict()


def test_a_long_gap_costs_no_more_than_what_lies_in_it() -> None:
    whole = daily(600)
    v = whole.v[:480].copy()
    v[200:300] = np.nan
    v[420:470] = np.nan
    model = fit(SPECS["xgboost"], with_values(daily(), v), season=SEASON, horizon=12)
    gone_on = model.update(with_values(daily(), v)).predict()
    assert np.abs(gone_on.value - whole.v[480:492]).mean() < 2
    only_gaps = np.where(np.arange(480) % 40 < 30, np.nan, daily().v)
    with pytest.raises(KnownError, match="values are needed"):
        fit(SPECS["xgboost"], with_values(daily(), only_gaps), season=1, horizon=12)
