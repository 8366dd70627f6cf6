"""Walk-forward knows nothing of what comes after an origin."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.errors import KnownError
from ksys_core.forecasting.backtest import Backtest, Folds, conformal, folds, median, walk_forward
from ksys_core.forecasting.base import fit
from ksys_core.forecasting.conformal import Tracked
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import SPECS
from tests.unit.forecasting.signals import SEASON, daily, with_values

CHEAP = ("naive", "seasonal_naive", "drift", "ridge")


@given(st.integers(1, 300), st.integers(1, 30), st.integers(1, 100), st.integers(0, 20), st.integers(1, 40))
def test_origins_are_the_newest_that_fit(n: int, horizon: int, first: int, count: int, apart: int) -> None:
    found = folds(n, horizon=horizon, first=first, count=count, apart=apart)
    possible = [o for o in range(n + 1) if o >= first and o + horizon <= n and (n - horizon - o) % apart == 0]
    assert list(found.origins) == possible[max(0, len(possible) - count) :]
    assert found.overlap == math.ceil(horizon / apart)


@pytest.mark.parametrize(("horizon", "apart", "first"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_senseless_folds_are_refused(horizon: int, apart: int, first: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        folds(10, horizon=horizon, first=first, count=1, apart=apart)


def test_without_a_distance_no_two_forecasts_share_a_target() -> None:
    assert folds(100, horizon=7, first=50, count=99).apart == 7


@given(
    st.sampled_from(CHEAP), st.integers(1, 12), st.integers(1, 12), st.one_of(st.none(), st.integers(1, 3)), st.data()
)
@settings(max_examples=25, deadline=None)
def test_what_comes_later_changes_nothing(
    name: str, horizon: int, apart: int, refit_every: int | None, data: st.DataObject
) -> None:
    y = daily(300)
    where = folds(300, horizon=horizon, first=200, count=6, apart=apart)
    i = data.draw(st.integers(0, len(where.origins) - 1))
    later = y.v.copy()
    later[where.origins[i] :] += 1000.0
    one = walk_forward(SPECS[name], y, where, season=SEASON, refit_every=refit_every)
    other = walk_forward(SPECS[name], with_values(y, later), where, season=SEASON, refit_every=refit_every)
    assert np.array_equal(one.value[: i + 1], other.value[: i + 1])
    assert np.array_equal(one.lo[:, : i + 1], other.lo[:, : i + 1])
    assert np.array_equal(one.hi[:, : i + 1], other.hi[:, : i + 1])


@pytest.mark.parametrize("name", CHEAP)
def test_refitted_at_every_origin_it_is_a_fit_to_the_past(name: str) -> None:
    y = daily(260)
    where = folds(260, horizon=6, first=200, count=4)
    test = walk_forward(SPECS[name], y, where, season=SEASON, refit_every=1)
    for i, origin in enumerate(where.origins):
        alone = fit(SPECS[name], RegularSeries(y.start, y.step, y.v[:origin]), season=SEASON, horizon=6)
        assert np.allclose(test.value[i], alone.predict().value)
        assert np.array_equal(test.actual[i], y.v[origin : origin + 6])


@pytest.mark.parametrize("name", tuple(SPECS))
def test_every_engine_walks(name: str) -> None:
    y = daily(360)
    test = walk_forward(SPECS[name], y, folds(360, horizon=6, first=300, count=3), season=SEASON)
    assert np.isfinite(test.losses()).all()
    assert test.losses().mean() < 15
    assert test.fit_s > 0
    assert test.update_s > 0


def test_an_origin_with_missing_newest_values_has_no_forecast() -> None:
    y = daily(300)
    v = y.v.copy()
    v[270:280] = np.nan
    where = Folds((260, 278, 290), 6, 6)
    test = walk_forward(SPECS["naive"], with_values(y, v), where, season=1)
    assert np.isnan(test.value[1]).all()
    assert np.isfinite(test.value[[0, 2]]).all()
    assert np.isnan(test.losses()[1])
    assert np.isfinite(test.part(2).losses()).all()
    assert test.part(2).folds.origins == (290,)


def test_a_series_that_cannot_be_modelled_is_said() -> None:
    y = with_values(daily(60), np.full(60, 2.0))
    with pytest.raises(KnownError, match="little history"):
        walk_forward(SPECS["ridge"], y, folds(60, horizon=6, first=20, count=2), season=SEASON)


def test_a_model_stays_when_it_cannot_be_fitted_anew() -> None:
    y = daily(300)
    v = y.v.copy()
    v[225:255] = np.nan
    where = Folds((200, 262, 290), 6, 6)
    test = walk_forward(SPECS["drift"], with_values(y, v), where, season=1, refit_every=1)
    assert np.isfinite(test.value).all()
    short = walk_forward(SPECS["seasonal_naive"], with_values(y, v), where, season=SEASON, refit_every=1)
    assert np.isfinite(short.value).all(axis=1).tolist() == [True, False, True]


def made(where: Folds, seed: int, levels: tuple[float, ...] = (80.0, 95.0)) -> Backtest:
    rng = np.random.default_rng(seed)
    shape = (len(where.origins), where.horizon)
    actual, value = rng.normal(size=shape), 0.3 * rng.normal(size=shape)
    actual[rng.random(shape) < 0.1] = np.nan
    own = np.full((len(levels), *shape), 0.01)
    return Backtest(where, levels, actual, value, value - own, value + own)


@given(st.integers(3, 20), st.integers(1, 4), st.integers(1, 5), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_bounds_follow_what_had_come_true_target_by_target(count: int, horizon: int, apart: int, seed: int) -> None:
    where = Folds(tuple(range(100, 100 + count * apart, apart)), horizon, apart)
    test = made(where, seed)
    found = conformal(test)
    widths = Tracked.begun(test.levels, horizon)
    for i, origin in enumerate(where.origins):
        for target in range(where.origins[i - 1] + 1 if i else 0, origin + 1):
            error, issued = np.full(horizon, np.nan), np.full((2, horizon), np.nan)
            for j, past in enumerate(where.origins):
                if 1 <= target - past <= horizon:
                    k = target - past - 1
                    error[k] = abs(test.value[j, k] - test.actual[j, k])
                    issued[:, k] = found.hi[:, j, k] - test.value[j, k]
            widths = widths.after(error, issued)
        own = np.maximum.accumulate(np.where(np.isnan(widths.half), 0.01, widths.half), axis=1)
        assert found.hi[:, i] - test.value[i] == pytest.approx(own)
        assert test.value[i] - found.lo[:, i] == pytest.approx(own)


@given(st.integers(1, 20), st.integers(1, 4), st.integers(1, 5), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_what_had_not_come_true_at_an_origin_changes_none_of_its_bounds(
    fold: int, horizon: int, apart: int, seed: int
) -> None:
    where = Folds(tuple(range(100, 100 + 40 * apart, apart)), horizon, apart)
    test = made(where, seed)
    due = np.array(where.origins)[:, None] + np.arange(1, horizon + 1)
    later = due > where.origins[fold]
    other = conformal(replace(test, actual=np.where(later, 1e3 + np.nan_to_num(test.actual), test.actual)))
    found = conformal(test)
    assert np.array_equal(found.hi[:, : fold + 1], other.hi[:, : fold + 1])
    assert np.array_equal(found.lo[:, : fold + 1], other.lo[:, : fold + 1])
    if apart >= horizon:
        assert not np.array_equal(found.hi[:, -1], other.hi[:, -1])


def inside(test: Backtest, first: int) -> np.ndarray:
    """Share of actuals within the bounds of each level from fold `first` on."""
    part = test.part(first)
    known = np.isfinite(part.actual)
    hits = np.logical_and(part.lo <= part.actual, part.actual <= part.hi)
    share: np.ndarray = hits[:, known].mean(axis=1)
    return share


def test_conformal_bounds_cover_what_they_promise() -> None:
    test = conformal(made(Folds(tuple(range(100, 3100)), 1, 1), 5))
    assert inside(test, 200) == pytest.approx([0.80, 0.95], abs=0.01)


def wandering(change: float, swing: float, own: float) -> Backtest:
    """Best forecasts of AR(1), whose shocks change in the middle and with the time of day.

    Args:
        change: factor of the shocks in the second half; `swing`: of the day's peak over its mean; `own`: of bounds.
    """
    n, horizon = 1200, 12
    rng, t = np.random.default_rng(7), np.arange(n + horizon)
    shock = rng.normal(size=len(t)) * swing ** np.sin(2 * np.pi * t / 24) * np.where(t > n // 2, change, 1.0)
    y = np.zeros(len(t))
    for i in range(1, len(t)):
        y[i] = 0.9 * y[i - 1] + shock[i]
    where = Folds(tuple(range(1, n + 1)), horizon, 1)
    actual = np.lib.stride_tricks.sliding_window_view(y[1:], horizon)[:n]
    value = y[:n, None] * 0.9 ** np.arange(1, horizon + 1)
    spread = np.sqrt(np.cumsum(0.81 ** np.arange(horizon)))
    half = own * np.array([1.282, 1.960])[:, None, None] * np.tile(spread, (n, 1))
    return Backtest(where, (80.0, 95.0), actual, value, value - half, value + half)


@pytest.mark.parametrize(
    ("change", "swing", "own"), [(1, 1, 1), (3, 1, 1), (0.5, 1, 1), (1, 3, 1), (1, 1, 3), (1, 1, 0.3)]
)
def test_coverage_holds_where_errors_change_and_first_bounds_are_wrong(change: float, swing: float, own: float) -> None:
    test = wandering(change, swing, own)
    found = conformal(test)
    assert inside(found, 72) == pytest.approx([0.80, 0.95], abs=0.02)
    assert (np.diff(found.hi - found.value, axis=2) >= -1e-9).all()
    if (change, swing, own) == (1, 1, 1):
        width = (found.hi - found.lo)[:, 72:].mean() / (test.hi - test.lo)[:, 72:].mean()
        assert width == pytest.approx(1, abs=0.12)


def test_the_median_of_three_ignores_one_bad_member() -> None:
    where = folds(300, horizon=6, first=200, count=5)
    tests = [walk_forward(SPECS[name], daily(300), where, season=SEASON) for name in ("ridge", "seasonal_naive")]
    bad = Backtest(where, tests[0].levels, tests[0].actual, tests[0].value + 1e6, tests[0].lo + 1e6, tests[0].hi + 1e6)
    found = median([*tests, bad])
    assert np.array_equal(found.value, np.maximum(tests[0].value, tests[1].value))
    assert found.fit_s == pytest.approx(tests[0].fit_s + tests[1].fit_s)


def test_forecasts_of_other_folds_are_not_combined() -> None:
    one, other = made(Folds((10, 11), 1, 1), 1), made(Folds((11, 12), 1, 1), 1)
    with pytest.raises(ValueError, match="folds"):
        median([one, other])
