"""One suite over every registered forecaster."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import numpy as np
import pytest

from ksys_core.domain.times import to_ns
from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.attempts import fit_recorded
from ksys_core.forecasting.bands import tidy
from ksys_core.forecasting.base import LEVELS, MAX_LATE, Fitted, Forecast, fit
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import SPECS, in_zone
from tests.unit.forecasting.signals import SEASON, daily, with_values

HORIZON = 12
ENGINES = tuple(SPECS)
SEASONAL = ("ensemble", "seasonal_naive", "ridge", "auto_ets", "auto_theta", "mstl", "xgboost", "xgboost_global")
WITH_TREES = ("ensemble", "xgboost", "xgboost_global")

_cache: dict[tuple[str, int], Fitted] = {}


def fitted(name: str, y: RegularSeries | None = None) -> Fitted:
    """A model of kind `name`; library notes about convergence are data, not warnings."""
    if y is not None:
        return fit_recorded(SPECS[name], y, season=SEASON, horizon=HORIZON)[0]
    if (name, 0) not in _cache:
        _cache[name, 0] = fit_recorded(SPECS[name], daily(), season=SEASON, horizon=HORIZON)[0]
    return _cache[name, 0]


def attempt(name: str, y: RegularSeries) -> tuple[Forecast | None, str]:
    """The forecast after fitting to `y`, or the code of the refusal."""
    try:
        return fitted(name, y).predict(), ""
    except KnownError as error:
        return None, error.code


def same(a: Forecast, b: Forecast) -> bool:
    return np.array_equal(a.value, b.value) and np.array_equal(a.lo, b.lo) and np.array_equal(a.hi, b.hi)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("horizon", [1, 5, HORIZON])
def test_gives_the_steps_and_bounds_asked_for(name: str, horizon: int) -> None:
    forecast = tidy(fitted(name).predict(horizon))

    assert forecast.value.shape == (horizon,)
    assert forecast.lo.shape == forecast.hi.shape == (len(LEVELS), horizon)
    assert forecast.finite
    assert (forecast.lo[1] <= forecast.lo[0]).all()
    assert (forecast.lo[0] <= forecast.value).all()
    assert (forecast.value <= forecast.hi[0]).all()
    assert (forecast.hi[0] <= forecast.hi[1]).all()
    assert (np.diff(forecast.hi - forecast.value) >= -1e-9).all()


@pytest.mark.parametrize("name", ENGINES)
def test_a_longer_horizon_than_fitted_is_refused(name: str) -> None:
    with pytest.raises(KnownError, match="horizon"):
        fitted(name).predict(HORIZON + 1)


@pytest.mark.parametrize("name", ENGINES)
def test_the_last_hour_changes_the_forecast(name: str) -> None:
    model = fitted(name)
    more = daily(480 + SEASON).v[480:]
    usual = model.update(RegularSeries(daily().stop, daily().step, more)).predict()
    moved = more.copy()
    moved[-SEASON + 2 if name == "seasonal_naive" else -1] += 3.0  # what its forecast of the next steps is made of
    unusual = model.update(RegularSeries(daily().stop, daily().step, moved)).predict()

    assert not np.array_equal(usual.value, unusual.value)
    assert not np.array_equal(usual.value, model.predict().value)


@pytest.mark.parametrize("name", SEASONAL)
def test_the_season_stays_in_phase_however_far_the_window_moves(name: str) -> None:
    whole = daily(900, noise=0.05)
    model = fitted(name, RegularSeries(whole.start, whole.step, whole.v[:480]))
    for upto in (480, 493, 700, 871):
        window = RegularSeries(whole.start, whole.step, whole.v[:upto]).tail(model.lookback)
        ahead = model.update(window).predict().value
        assert np.abs(ahead - whole.v[upto : upto + HORIZON]).mean() < 1.5, upto


@pytest.mark.parametrize("name", ENGINES)
def test_saving_and_loading_changes_nothing(name: str) -> None:
    text = artefacts.dump(fitted(name), daily())
    again = artefacts.load(text, artefacts.sha256(text))
    newer = daily(500).tail(500)

    assert len(text) < (250_000 if name in WITH_TREES else 50_000)
    assert same(fitted(name).update(newer).predict(), again.update(newer).predict())
    assert artefacts.dump(again, daily()) == text


@pytest.mark.parametrize("name", ENGINES)
def test_fitting_twice_gives_the_same_model(name: str) -> None:
    again = fitted(name, daily())
    assert again.state == fitted(name).state
    assert same(again.predict(), fitted(name).predict())


@pytest.mark.parametrize("name", ENGINES)
def test_short_gaps_are_bridged_and_long_ones_begin_a_new_segment(name: str) -> None:
    v = daily().v.copy()
    v[100:140] = np.nan
    v[300:302] = np.nan
    v[350:360] = np.nan
    forecast = fitted(name, with_values(daily(), v)).predict()

    assert forecast.finite
    assert np.abs(forecast.value - 50).max() < 40


@pytest.mark.parametrize("name", ENGINES)
def test_a_late_newest_value_is_stepped_over_and_a_stale_one_refused(name: str) -> None:
    y = daily()
    v = y.v.copy()
    v[-2:] = np.nan
    late = fitted(name).update(with_values(y, v)).predict()
    assert late.value.shape == (HORIZON,)
    assert late.finite
    v[-MAX_LATE - 1 :] = np.nan
    with pytest.raises(KnownError, match="newest values are missing"):
        fitted(name).update(with_values(y, v)).predict()


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 1.0, 3.0], [np.nan] * 50])
def test_too_little_history_is_said(name: str, values: list[float]) -> None:
    y = RegularSeries(daily().start, daily().step, np.array(values))
    forecast, refused = attempt(name, y)
    assert refused in {"", "forecast.too_short", "forecast.constant", "forecast.no_season"}
    assert forecast is None or forecast.finite


@pytest.mark.parametrize("name", ENGINES)
def test_a_value_that_never_changes_is_forecast_or_refused(name: str) -> None:
    y = with_values(daily(), np.full(480, 7.5))
    forecast, refused = attempt(name, y)
    assert refused in {"", "forecast.constant"}
    assert forecast is None or forecast.value == pytest.approx(np.full(HORIZON, 7.5))


@pytest.mark.parametrize("name", ENGINES)
def test_a_sensor_that_stops_moving_after_training_gets_its_value(name: str) -> None:
    """After long enough a flat window gives a flat finite forecast; no engine fails on it."""
    flat = RegularSeries(daily().start, daily().step, np.full(480 + 400, 7.5)).tail(fitted(name).lookback + 10)
    assert fitted(name).update(flat).predict().finite


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(("factor", "shift"), [(1e12, 0.0), (1e-9, 0.0), (-1.0, 0.0), (1.0, -500.0), (1.0, 1e6)])
def test_units_do_not_matter(name: str, factor: float, shift: float) -> None:
    y = daily()
    usual = tidy(fitted(name).predict())
    other = tidy(fitted(name, with_values(y, y.v * factor + shift)).predict())
    spread = float(np.std(y.v)) * abs(factor)

    assert other.finite
    assert np.abs(other.value - (usual.value * factor + shift)).max() < 0.35 * spread


@pytest.mark.parametrize("name", ENGINES)
def test_is_not_worse_than_the_last_value_on_a_daily_wave(name: str) -> None:
    whole = daily(600)
    errors, naive = [], []
    for upto in range(480, 576, 12):
        window = RegularSeries(whole.start, whole.step, whole.v[:upto])
        actual = whole.v[upto : upto + HORIZON]
        errors.append(np.abs(fitted(name).update(window).predict().value - actual).mean())
        naive.append(np.abs(whole.v[upto - 1] - actual).mean())
    assert np.mean(errors) < 1.1 * np.mean(naive)


@pytest.mark.parametrize("name", ENGINES)
def test_native_bounds_cover_most_of_what_comes(name: str) -> None:
    whole = daily(700)
    hits = []
    for upto in range(480, 688, 5):
        forecast = fitted(name).update(RegularSeries(whole.start, whole.step, whole.v[:upto])).predict()
        actual = whole.v[upto : upto + HORIZON]
        hits.append(((forecast.lo[1] <= actual) & (actual <= forecast.hi[1])).mean())
    assert np.mean(hits) > (0.5 if name in {"naive", "drift"} else 0.85)


def test_unknown_season_for_an_engine_counts_as_none() -> None:
    model = fit(SPECS["auto_ets"], daily(), season=288, horizon=HORIZON)
    assert model.season == 1


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("change", [datetime(2025, 3, 30, 1, tzinfo=UTC), datetime(2025, 10, 26, 1, tzinfo=UTC)])
def test_days_on_which_clocks_change_are_days_like_others(name: str, change: datetime) -> None:
    """Hours are counted in UTC: none is twice there and none is missing."""
    spec, whole = SPECS[name], daily(480 + HORIZON, noise=0.1)
    start = to_ns(change) - 474 * whole.step  # clocks change six hours before the forecast's end
    zoned = in_zone(name, {}, "Europe/Berlin")
    params = spec.params_model.model_validate(zoned)
    past = RegularSeries(start, whole.step, whole.v[:480])
    made = fit_recorded(spec, past, season=SEASON, horizon=HORIZON, params=params)[0].predict()
    error = np.abs(made.value - whole.v[480:]).mean()
    assert made.finite
    assert error < {"naive": 16, "drift": 16, "auto_arima": 6}.get(name, 2)


@pytest.mark.parametrize("name", ENGINES)
def test_no_library_warns_logs_or_prints(
    name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.WARNING):
        made, notes = fit_recorded(SPECS[name], daily(), season=SEASON, horizon=HORIZON)
        made.predict()
    told = [note for note in notes if note not in made.state.remarks()]
    assert [note for note in told if "convergence" not in note] == []  # these are data: they are kept with the model
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
