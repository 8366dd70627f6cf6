from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.quality import BAD, GOOD, UNCERTAIN
from ksys_core.domain.series import Series
from ksys_core.domain.times import DAY, MINUTE
from ksys_core.forecasting.bands import tidy
from ksys_core.forecasting.base import Forecast
from ksys_core.forecasting.grid import RegularSeries, bridged, from_series, prepared
from ksys_core.forecasting.season import season_length

NAN = np.nan


def test_a_bucket_is_the_mean_of_its_usable_values() -> None:
    series = Series.of([0, 1, 2, 5, 6, 11], [1.0, 3.0, 100.0, 4.0, NAN, 9.0], [GOOD, UNCERTAIN, BAD, GOOD, GOOD, GOOD])
    y = from_series(series, start=0, stop=15, step=5)
    assert y.v.tolist() == [2.0, 4.0, 9.0]
    assert y.stop == 15


def test_a_bucket_without_usable_values_is_a_gap() -> None:
    y = from_series(Series.of([0, 21], [1.0, 2.0]), start=0, stop=25, step=5)
    np.testing.assert_array_equal(y.v, [1.0, NAN, NAN, NAN, 2.0])


def test_short_gaps_are_interpolated_long_ones_come_from_the_season_before() -> None:
    v = np.array([0.0, 1, 2, 3, 4, 5, NAN, NAN, NAN, NAN, 4, 5, NAN, 7.0])
    np.testing.assert_array_equal(bridged(v, season=6)[6:], [0, 1, 2, 3, 4, 5, 6, 7.0])
    np.testing.assert_array_equal(bridged(v)[6:], [NAN, NAN, NAN, NAN, 4, 5, 6, 7.0])


def test_the_newest_segment_without_gaps_is_taken() -> None:
    v = np.array([1.0, 2, NAN, NAN, NAN, NAN, 7, NAN, 9, NAN, NAN])
    window, late = prepared(RegularSeries(100, 10, v))
    assert (window.start, window.v.tolist(), late) == (160, [7.0, 8.0, 9.0], 2)


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=60), st.integers(1, 10))
def test_prepared_has_no_gap_and_keeps_known_values(values: list[float | None], season: int) -> None:
    v = np.array([NAN if x is None else x for x in values], dtype=np.float64)
    y = RegularSeries(0, 10, v)
    window, late = prepared(y, season)
    assert np.isfinite(window.v).all()
    assert window.stop + late * 10 == y.stop
    part = v[window.start // 10 : len(v) - late]
    known = np.isfinite(part)
    np.testing.assert_array_equal(window.v[known], part[known])


@given(st.integers(0, 30), st.integers(0, 30), st.integers(-20, 40))
def test_joining_keeps_the_grid_and_prefers_the_newer(n: int, m: int, shift: int) -> None:
    old = RegularSeries(0, 10, np.zeros(n))
    new = RegularSeries(shift * 10, 10, np.ones(m))
    both = old.joined(new)
    assert both.start == min(0, shift * 10)
    assert both.stop == max(old.stop, new.stop)
    assert int(np.nansum(both.v)) == m


def test_joining_another_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="grid"):
        RegularSeries(0, 10, np.zeros(3)).joined(RegularSeries(5, 10, np.zeros(3)))


def wave(n: int, period: int, noise: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.sin(2 * np.pi * np.arange(n) / period) + rng.normal(0, noise, n)


@pytest.mark.parametrize("period", [6, 24, 50, 288])
def test_a_season_is_found(period: int) -> None:
    found = season_length(RegularSeries(0, MINUTE, wave(period * 8, period, 0.3)))
    assert abs(found - period) <= max(1, period // 50)


def test_a_day_is_preferred_over_its_multiples() -> None:
    assert season_length(RegularSeries(0, DAY // 48, wave(48 * 20, 48, 0.3))) == 48


def test_noise_and_wander_have_no_season() -> None:
    rng = np.random.default_rng(2)
    assert season_length(RegularSeries(0, MINUTE, rng.normal(size=800))) == 1
    assert season_length(RegularSeries(0, MINUTE, np.full(800, 3.0))) == 1
    assert season_length(RegularSeries(0, MINUTE, np.arange(800.0))) == 1


def test_bands_nest_never_shrink_and_obey_physics() -> None:
    value = np.array([1.0, 0.5, -0.2])
    lo = np.array([[0.5, 0.2, -0.3], [0.6, -1.0, -0.5]])
    hi = np.array([[1.5, 0.9, 0.1], [1.4, 2.0, 0.4]])
    band = tidy(Forecast(value, (80.0, 95.0), lo, hi), low=0.0, high=1.8)
    assert (band.lo >= 0).all()
    assert (band.hi <= 1.8).all()
    assert band.value.tolist() == [1.0, 0.5, 0.0]
    assert (band.lo[1] <= band.lo[0]).all()
    assert (band.hi[1] >= band.hi[0]).all()
