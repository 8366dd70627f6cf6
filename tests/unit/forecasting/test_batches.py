"""Many series at once give bit for bit what each gives alone, and one that fails costs nobody else anything."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ksys_core.domain.series import ValueArray
from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.base import LEVELS, Fitted, Forecast
from ksys_core.forecasting.batches import BatchEngine, forecast_all
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.parsed import FORECASTERS
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.ridge import Ridge, RidgeState
from ksys_core.forecasting.ridge_features import Matrix
from ksys_core.forecasting.work import PredictTask, TrainTask, predict_batch, train
from tests.unit.forecasting.signals import daily, with_values

NAMES = ("naive", "ridge", "xgboost", "prophet", "auto_theta")
TEXTS: dict[tuple[str, int, int], str] = {}


def text(name: str, seed: int = 3, horizon: int = 6) -> str:
    if (name, seed, horizon) not in TEXTS:
        TEXTS[name, seed, horizon] = train(TrainTask(name, daily(seed=seed), horizon, 24)).artefact
    return TEXTS[name, seed, horizon]


def asked(key: int, made: str, y: RegularSeries, horizon: int = 6) -> PredictTask:
    return PredictTask(key, made, artefacts.sha256(made), y, horizon)


def batch() -> list[PredictTask]:
    """Engines, seeds, horizons and missing newest values mixed."""
    late = daily(seed=9).v.copy()
    late[-2:] = np.nan
    tasks: list[PredictTask] = []
    for key, name in enumerate(NAMES * 2):
        y = daily(seed=key)
        tasks.append(asked(len(tasks), text(name), y))
        tasks.append(asked(len(tasks), text(name, horizon=9), with_values(y, late), 4 + key % 5))
        tasks.append(asked(len(tasks), text(name, seed=4), daily(500, seed=key)))
    return tasks


def same(a: Forecast | None, b: Forecast | None) -> bool:
    assert a is not None
    assert b is not None
    return np.array_equal(a.value, b.value) and np.array_equal(a.lo, b.lo) and np.array_equal(a.hi, b.hi)


def test_a_batch_gives_what_each_task_gives_alone() -> None:
    tasks = batch()
    together = predict_batch(tasks)
    alone = [predict_batch([task])[0] for task in tasks]
    backwards = predict_batch(tasks[::-1])[::-1]
    assert [result.source for result in together] == ["model"] * len(tasks)
    assert [result.key for result in together] == [task.key for task in tasks]
    for one, other, third in zip(together, alone, backwards, strict=True):
        assert same(one.forecast, other.forecast)
        assert same(one.forecast, third.forecast)


@pytest.mark.parametrize("name", ["ridge", "xgboost"])
def test_these_engines_multiply_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    engine = SPECS[name].engine
    assert isinstance(engine, BatchEngine)
    moves = type(engine).moves

    def counted(self: object, states: list[object], inputs: list[object]) -> object:
        calls.append(len(states))
        return moves(engine, states, inputs)

    monkeypatch.setattr(type(engine), "moves", counted)
    predict_batch([asked(key, text(name), daily(seed=key)) for key in range(7)])
    assert calls == [7]


def test_a_failing_task_gets_a_marked_fallback_and_touches_no_other() -> None:
    tasks = batch()
    sound = predict_batch(tasks)
    broken = [
        dataclasses.replace(asked(100, text("ridge"), daily()), artefact="{}", sha256=artefacts.sha256("{}")),
        dataclasses.replace(asked(101, text("xgboost"), daily()), sha256="0" * 64),
        asked(102, text("xgboost"), daily().tail(20)),
        asked(103, text("ridge"), daily(), horizon=7),
        asked(104, text("ridge"), with_values(daily(), np.full(480, np.nan))),
    ]
    results = predict_batch([broken[0], *tasks[:10], *broken[1:], *tasks[10:]])
    by_key = {result.key: result for result in results}
    assert [by_key[key].source for key in range(100, 105)] == ["fallback", "fallback", "fallback", "fallback", "stale"]
    assert all(by_key[key].error and by_key[key].forecast is not None for key in range(100, 104))
    for before in sound:
        assert by_key[before.key].source == "model"
        assert same(by_key[before.key].forecast, before.forecast)


def test_when_the_product_fails_each_model_is_asked_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    moves = Ridge.moves

    def one_only(self: Ridge, states: list[RidgeState], inputs: list[Matrix]) -> list[ValueArray]:
        if len(states) > 1:
            raise MemoryError("too much at once")
        return moves(self, states, inputs)

    models = [artefacts.load(text("ridge")).update(daily(seed=seed)) for seed in range(3)]
    wanted = [model.predict() for model in models]
    monkeypatch.setattr(Ridge, "moves", one_only)
    made = forecast_all(models, [6] * 3, LEVELS)
    for one, other in zip(made, wanted, strict=True):
        assert isinstance(one, Forecast)
        assert same(one, other)


def test_a_model_that_gives_no_finite_number_is_never_stored_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    moves = Ridge.moves

    def infinite(self: Ridge, states: list[RidgeState], inputs: list[Matrix]) -> list[ValueArray]:
        first, *others = moves(self, states, inputs)
        return [np.full_like(first, np.inf), *others]

    monkeypatch.setattr(Ridge, "moves", infinite)
    first, second = predict_batch([asked(key, text("ridge"), daily(seed=key)) for key in range(2)])
    assert (first.source, second.source) == ("fallback", "model")
    assert "not finite" in first.error
    assert first.forecast is not None
    assert first.forecast.finite


def test_no_models_need_no_engine() -> None:
    models: list[Fitted] = []
    assert forecast_all(models, [], LEVELS) == []
    assert predict_batch([]) == []
    late = forecast_all([artefacts.load(text("ridge"))], [6], LEVELS)
    assert isinstance(late[0], KnownError)
    FORECASTERS.forget()
