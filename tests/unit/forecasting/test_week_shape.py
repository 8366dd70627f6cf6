"""The week's shape: found where days differ, at its place on the plant's clock, and never made of nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ksys_core.domain.times import DAY, HOUR, SECOND
from ksys_core.forecasting.base import fit
from ksys_core.forecasting.boosting.engine import XgboostParams, XgboostState
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import hour_of_day, local, weekday
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.week_shape import shape_at, week_shape
from tests.unit.forecasting.signals import SEASON

ZONE = "Europe/Rome"
DAYS = 200
"""From January on, so that the clocks change within them."""
START = round(datetime(2025, 1, 5, tzinfo=UTC).timestamp()) * SECOND


def plant(days: int = DAYS, *, weekly: bool = True, step: int = HOUR) -> RegularSeries:
    """A level with noise, on Sundays from 10 to 12 o'clock of the plant 6 more."""
    n = days * DAY // step
    clock = local(START + step * np.arange(n) + step // 2, ZONE)
    busy = (weekday(clock) == 6) & (hour_of_day(clock) > 10) & (hour_of_day(clock) < 12)
    noise = np.random.default_rng(4).normal(0, 0.5, n)
    return RegularSeries(START, step, 50 + noise + (6.0 * busy if weekly else 0.0))


def test_the_shape_is_that_of_the_plants_clock_in_summer_and_winter() -> None:
    y = plant()
    shape = week_shape(y, SEASON, ZONE)
    assert len(shape) == 7 * SEASON
    assert sorted(np.argsort(shape)[-2:].tolist()) == [6 * SEASON + 10, 6 * SEASON + 11]
    assert np.std(y.v - shape_at(shape, y, ZONE)) < 0.6


def test_what_all_days_share_stays_in_the_series() -> None:
    y = plant()
    wave = 20 * np.sin(2 * np.pi * hour_of_day(local(START + HOUR * np.arange(len(y)), ZONE)) / SEASON)
    shape = np.array(week_shape(RegularSeries(START, HOUR, y.v + wave), SEASON, ZONE))
    assert np.abs(shape.reshape(7, SEASON).mean(axis=0)).max() < 0.3
    assert shape.max() > 4


def test_what_lies_ahead_is_the_shape_of_its_own_time() -> None:
    shape = week_shape(plant(), SEASON, ZONE)
    whole = shape_at(shape, plant(14), ZONE)
    assert np.array_equal(shape_at(shape, plant(7), ZONE, 7 * SEASON), whole)


@pytest.mark.parametrize(
    ("y", "season"),
    [(plant(weekly=False), SEASON), (plant(80), SEASON), (plant(), 12)],
    ids=["days alike", "too short", "no day"],
)
def test_where_there_is_no_week_nothing_is_taken_off(y: RegularSeries, season: int) -> None:
    assert week_shape(y, season, ZONE) == ()
    assert not shape_at((), y, ZONE, 3).any()


def test_gaps_teach_nothing_and_touch_nothing() -> None:
    v = plant().v.copy()
    v[1000:1400] = np.nan
    gone = week_shape(RegularSeries(START, HOUR, v), SEASON, ZONE)
    assert np.array(gone) == pytest.approx(np.array(week_shape(plant(), SEASON, ZONE)), abs=0.5)


@pytest.mark.parametrize("name", ["ridge", "xgboost"])
def test_learners_forecast_the_busy_hours_of_a_day_they_have_not_seen_yet(name: str) -> None:
    y = plant()
    sundays = np.flatnonzero(y.v > 54)
    origin = int(sundays[-2]) - 8
    params = SPECS[name].params_model(zone=ZONE)
    model = fit(SPECS[name], RegularSeries(START, HOUR, y.v[:origin]), season=SEASON, horizon=12, params=params)
    assert model.state.shape  # type: ignore[attr-defined]
    assert np.abs(model.predict().value - y.v[origin : origin + 12]).mean() < 1.2


def test_trees_without_a_stored_shape_are_still_understood() -> None:
    model = fit(SPECS["xgboost"], plant(40), season=SEASON, horizon=4, params=XgboostParams(zone=ZONE))
    document = model.state.model_dump(mode="json")
    del document["shape"]
    assert XgboostState.model_validate(document, strict=False) == model.state
