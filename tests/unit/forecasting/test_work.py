"""A worker never lets one model's failure out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts, work
from ksys_core.forecasting.base import Forecast
from ksys_core.forecasting.baselines import Spread
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.work import PredictTask, TrainTask, predict_batch, train
from tests.unit.forecasting.signals import daily, with_values


class Broken:
    """An engine whose library divides by zero."""

    def fit(self, *_: object, **__: object) -> Spread:
        raise ZeroDivisionError("in the library")

    def forecast(self, *_: object) -> Forecast:
        raise ZeroDivisionError("in the library")

    def lookback(self, *_: object) -> int:
        return 10


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SPECS, "drift", dataclasses.replace(SPECS["drift"], engine=Broken()))
    work._model.cache_clear()


def task(name: str, key: int = 1) -> PredictTask:
    text = train(TrainTask(name, daily(), 6)).artefact
    return PredictTask(key, text, artefacts.sha256(text), daily(), 6)


def test_a_library_that_fails_in_training_is_a_known_failure(broken: None) -> None:
    with pytest.raises(KnownError, match="The model failed: ZeroDivisionError: in the library"):
        train(TrainTask("drift", daily(), 6))


def test_a_library_that_fails_in_a_forecast_costs_its_own_model_only(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [task("drift", 1), task("naive", 2)]
    monkeypatch.setitem(SPECS, "drift", dataclasses.replace(SPECS["drift"], engine=Broken()))
    work._model.cache_clear()

    first, second = predict_batch(tasks)

    assert (first.key, first.source) == (1, "fallback")
    assert first.error == "The model failed: ZeroDivisionError: in the library"
    assert first.forecast is not None
    assert (second.key, second.source, second.error) == (2, "model", "")
    work._model.cache_clear()


def test_the_fallback_knows_the_season() -> None:
    broken = dataclasses.replace(task("naive"), artefact="x")
    (result,) = predict_batch([broken])
    assert result.forecast is not None
    assert np.array_equal(result.forecast.value, daily().v[-24:-18])


def test_no_history_at_all_is_stale() -> None:
    (result,) = predict_batch([dataclasses.replace(task("naive"), y=with_values(daily(), np.full(480, np.nan)))])
    assert (result.forecast, result.source) == (None, "stale")


def test_training_finds_the_season_and_the_scale() -> None:
    result = train(TrainTask("ridge", daily(), 6))
    assert result.season == 24
    assert result.scale is not None
    assert 0.1 < result.scale < 2
