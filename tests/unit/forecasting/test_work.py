"""A worker never lets one model's failure out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.base import MAX_LATE, Forecast
from ksys_core.forecasting.baselines import Spread
from ksys_core.forecasting.parsed import FORECASTERS
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.work import (
    FALLBACK_LOOKBACK,
    PredictTask,
    TrainTask,
    needs,
    predict_batch,
    predict_known,
    train,
)
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
    FORECASTERS.forget()


def task(name: str, key: int = 1) -> PredictTask:
    text = train(TrainTask(name, daily(), 6)).artefact
    return PredictTask(key, text, artefacts.sha256(text), daily(), 6)


def test_a_library_that_fails_in_training_is_a_known_failure(broken: None) -> None:
    with pytest.raises(KnownError, match="The model failed: ZeroDivisionError: in the library"):
        train(TrainTask("drift", daily(), 6))


def test_a_library_that_fails_in_a_forecast_costs_its_own_model_only(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [task("drift", 1), task("naive", 2)]
    monkeypatch.setitem(SPECS, "drift", dataclasses.replace(SPECS["drift"], engine=Broken()))
    FORECASTERS.forget()

    first, second = predict_batch(tasks)

    assert (first.key, first.source) == (1, "fallback")
    assert first.error == "The model failed: ZeroDivisionError: in the library"
    assert first.forecast is not None
    assert (second.key, second.source, second.error) == (2, "model", "")
    FORECASTERS.forget()


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


def test_a_model_is_read_once_and_known_from_then_on() -> None:
    FORECASTERS.forget()
    whole = task("ridge", 7)
    bare = dataclasses.replace(whole, artefact="")

    assert predict_known([bare]) == ([], [7])
    (first,), unknown = predict_known([whole])
    (second,), still_unknown = predict_known([bare])

    assert (first.source, second.source, unknown, still_unknown) == ("model", "model", [], [])
    assert first.forecast is not None
    assert second.forecast is not None
    assert np.array_equal(first.forecast.value, second.forecast.value)


def test_of_too_many_models_the_first_one_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    FORECASTERS.forget()
    monkeypatch.setattr(FORECASTERS, "kept", 1)
    old, new = task("naive"), task("drift")
    for each in (old, new):
        FORECASTERS.model(each.artefact, each.sha256)
    assert (FORECASTERS.known(old.sha256), FORECASTERS.known(new.sha256)) == (False, True)


def test_the_window_of_a_model_is_told_without_its_artefact() -> None:
    whole = task("ridge")
    fitted = artefacts.load(whole.artefact)
    assert needs("ridge", fitted.season, 6, "{}") == (fitted.lookback + MAX_LATE, ())
    assert needs("ridge", 24, 6, '{"max_points": "many"}') == (FALLBACK_LOOKBACK, ())
    assert needs("xgboost", 24, 6, '{"inputs": ["PUMP"]}')[1] == ("PUMP",)
