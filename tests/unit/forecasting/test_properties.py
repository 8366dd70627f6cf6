"""Whatever holes and values the newest window has, a forecast is finite, in order and of the right length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksys_core.forecasting import artefacts
from ksys_core.forecasting.attempts import fit_recorded
from ksys_core.forecasting.base import Fitted
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.work import PredictTask, predict_batch
from tests.unit.forecasting.signals import SEASON, daily, with_values

HORIZON = 6
_models: dict[str, tuple[Fitted, str]] = {}


def model(name: str) -> tuple[Fitted, str]:
    if name not in _models:
        fitted = fit_recorded(SPECS[name], daily(), season=SEASON, horizon=HORIZON)[0]
        _models[name] = fitted, artefacts.dump(fitted, daily())
    return _models[name]


holes = st.lists(st.tuples(st.integers(0, 479), st.integers(1, 60)), max_size=6)
spikes = st.lists(st.tuples(st.integers(0, 479), st.floats(-1e9, 1e9)), max_size=4)


@pytest.mark.parametrize("name", SPECS)
@given(holes=holes, spikes=spikes)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_window_gives_an_orderly_forecast_or_a_reason(
    name: str, holes: list[tuple[int, int]], spikes: list[tuple[int, float]]
) -> None:
    v = daily().v.copy()
    for at, value in spikes:
        v[at] = value
    for at, length in holes:
        v[at : at + length] = np.nan
    text = model(name)[1]
    task = PredictTask(1, text, artefacts.sha256(text), with_values(daily(), v), HORIZON, low=0.0)

    (result,) = predict_batch([task])

    assert result.source in {"model", "fallback", "stale", "failed"}
    assert (result.forecast is None) == (result.source in {"stale", "failed"})
    assert bool(result.error) == (result.source in {"fallback", "failed"})
    if result.forecast is not None:
        band = result.forecast
        assert band.value.shape == (HORIZON,)
        assert band.finite
        assert (band.lo[1] >= 0).all()
        assert (band.lo[1] <= band.lo[0]).all()
        assert (band.lo[0] <= band.value).all()
        assert (band.value <= band.hi[0]).all()
        assert (band.hi[0] <= band.hi[1]).all()


@pytest.mark.parametrize("name", ["naive", "seasonal_naive", "drift", "ridge"])
@given(factor=st.floats(1e-6, 1e6), shift=st.floats(-1e4, 1e4))
@settings(max_examples=25, deadline=None)
def test_a_change_of_units_changes_the_forecast_likewise(name: str, factor: float, shift: float) -> None:
    y = daily()
    usual = model(name)[0].predict()
    other = fit_recorded(SPECS[name], with_values(y, y.v * factor + shift), season=SEASON, horizon=HORIZON)[0].predict()
    size = factor * float(np.abs(y.v).max()) + abs(shift)
    assert other.value == pytest.approx(usual.value * factor + shift, abs=1e-6 * size)
    assert other.hi - other.lo == pytest.approx((usual.hi - usual.lo) * factor, abs=1e-5 * size)
