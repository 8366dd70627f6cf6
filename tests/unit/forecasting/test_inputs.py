"""Other tags as inputs: known up to the issue time, missed without harm, part of what a model was trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.backtest import folds, walk_forward
from ksys_core.forecasting.base import fit
from ksys_core.forecasting.boosting.engine import XgboostParams
from ksys_core.forecasting.grid import RegularSeries, prepared
from ksys_core.forecasting.registry import SPECS, inputs_of
from ksys_core.forecasting.work import PredictTask, TrainTask, needs, predict_batch, train
from tests.unit.forecasting.signals import STEP, daily

WITH = XgboostParams(inputs=("VALVE",))
TAKES = 4


def driven(n: int = 600, *, seed: int = 1) -> RegularSeries:
    """A level that repeats four hours later what a valve did at random."""
    rng = np.random.default_rng(seed)
    valve = np.repeat(rng.uniform(0, 100, n // 3 + 3), 3)[: n + TAKES]
    level = 20 + 0.5 * valve[:n] + rng.normal(0, 0.5, n)
    return RegularSeries(daily().start, STEP, level, {"VALVE": valve[TAKES : n + TAKES].copy()})


def bare(y: RegularSeries) -> RegularSeries:
    return replace(y, inputs={})


def test_a_leading_tag_makes_the_forecast_much_better() -> None:
    y = driven()
    where = folds(len(y), horizon=TAKES, first=450, count=30)
    alone = walk_forward(SPECS["xgboost"], bare(y), where, season=1)
    beside = walk_forward(SPECS["xgboost"], y, where, season=1, params=WITH)
    assert np.nanmean(beside.losses()) < 0.6 * np.nanmean(alone.losses())


def test_values_after_the_issue_time_change_nothing() -> None:
    y = driven()
    model = fit(SPECS["xgboost"], y.part(0, 500), horizon=6, params=WITH)
    future = y.inputs["VALVE"].copy()
    future[520:] = 1e9
    later = replace(y, inputs={"VALVE": future})
    usual = model.update(y.part(0, 520)).predict().value
    assert np.array_equal(usual, model.update(later.part(0, 520)).predict().value)
    past = y.inputs["VALVE"].copy()
    past[519] = 0.0 if past[519] > 50 else 100.0
    moved = replace(y, inputs={"VALVE": past}).part(0, 520)
    assert not np.array_equal(usual, model.update(moved).predict().value)


def test_a_silent_input_is_told_and_the_model_goes_on() -> None:
    y = driven()
    text = train(TrainTask("xgboost", y, 6, 1, {"inputs": ["VALVE"]})).artefact
    sha = artefacts.sha256(text)
    dead = y.inputs["VALVE"].copy()
    dead[-10:] = np.nan
    late = y.inputs["VALVE"].copy()
    late[-2:] = np.nan
    sound, held, silent, gone = predict_batch(
        [
            PredictTask(1, text, sha, y, 6),
            PredictTask(2, text, sha, replace(y, inputs={"VALVE": late}), 6),
            PredictTask(3, text, sha, replace(y, inputs={"VALVE": dead}), 6),
            PredictTask(4, text, sha, bare(y), 6),
        ]
    )
    assert [result.source for result in (sound, held, silent, gone)] == ["model"] * 4
    assert [result.error for result in (sound, held)] == ["", ""]
    assert silent.error == gone.error == "Forecast without VALVE: no newest values."
    assert needs("xgboost", 1, 6, '{"inputs": ["VALVE"]}')[1] == ("VALVE",)


def test_an_input_without_history_is_refused_by_name() -> None:
    for y in (bare(driven()), replace(driven(), inputs={"VALVE": np.full(600, np.nan)})):
        with pytest.raises(KnownError, match="VALVE has no usable values"):
            fit(SPECS["xgboost"], y, horizon=6, params=WITH)


def test_an_input_that_stands_still_does_no_harm() -> None:
    y = replace(driven(), inputs={"VALVE": np.full(600, 3.0)})
    assert fit(SPECS["xgboost"], y, horizon=6, params=WITH).predict().finite


def test_inputs_belong_to_the_training_data() -> None:
    y = driven()
    assert artefacts.data_hash(y) != artefacts.data_hash(bare(y))
    renamed = replace(y, inputs={"OTHER": y.inputs["VALVE"]})
    assert artefacts.data_hash(y) != artefacts.data_hash(renamed)


def test_which_tags_an_algorithm_looks_at() -> None:
    assert inputs_of("xgboost", {"inputs": ["A", "B"]}) == ("A", "B")
    assert inputs_of("xgboost", {}) == inputs_of("ridge", {}) == ()


def test_inputs_go_with_the_series_wherever_it_is_cut() -> None:
    y = driven(20)
    assert y.tail(5).inputs["VALVE"].tolist() == y.inputs["VALVE"][-5:].tolist()
    joined = y.part(0, 8).joined(y.part(10, 20))
    assert np.isnan(joined.inputs["VALVE"][8:10]).all()
    assert joined.inputs["VALVE"][10:].tolist() == y.inputs["VALVE"][10:].tolist()
    empty = RegularSeries(y.start, y.step, np.empty(0))
    assert empty.joined(y).inputs["VALVE"].tolist() == y.inputs["VALVE"].tolist()
    v = y.v.copy()
    v[-1] = np.nan
    v[:3] = np.nan
    window, late = prepared(replace(y, v=v))
    assert (late, len(window), window.inputs["VALVE"].tolist()) == (1, 16, y.inputs["VALVE"][3:19].tolist())
    with pytest.raises(ValueError, match="as many values"):
        RegularSeries(0, 1, np.zeros(3), {"A": np.zeros(2)})


def test_values_are_laid_beside_another_grid() -> None:
    y = driven(20)
    other = RegularSeries(y.start + 15 * STEP, STEP, np.zeros(10))
    assert y.beside(other)[:5].tolist() == y.v[15:].tolist()
    assert np.isnan(y.beside(other)[5:]).all()
    assert y.beside(y.part(3, 6)).tolist() == y.v[3:6].tolist()
