"""The model of all tags of a job: what is tested has seen nothing of the tests."""

from __future__ import annotations

import numpy as np
import pytest

from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.evaluation import EvaluateTask, layout, walked
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.training import Progress
from ksys_core.forecasting.training_pool import PoolDone, PoolTask, train_pool
from tests.unit.forecasting.signals import daily, with_values

NAME, HORIZON, SEASON, FOLDS = "xgboost_global", 6, 24, 20
PARAMS = {"trees": 15, "max_rows": 2000}


def trained(*series: RegularSeries) -> PoolDone:
    told: list[Progress | PoolDone] = []
    train_pool(PoolTask(NAME, dict(enumerate(series)), HORIZON, SEASON, FOLDS, params=PARAMS), told.append)
    *progress, done = told
    assert [(p.step, p.done, p.total) for p in progress if isinstance(p, Progress)] == [(NAME, 0, 2), (NAME, 1, 2)]
    assert isinstance(done, PoolDone)
    return done


def plan(y: RegularSeries) -> EvaluateTask:
    return EvaluateTask(y, (NAME,), HORIZON, SEASON, count=FOLDS, params={NAME: PARAMS})


def test_values_of_the_tests_of_any_tag_are_unknown_to_the_model_that_is_tested() -> None:
    one, other = daily(500, seed=1), daily(700, seed=2).tail(500)
    where, _ = layout(plan(one))
    cut = one.start + where.origins[0] * one.step
    first = (cut - other.start) // other.step
    later = np.array(other.v)
    later[first:] += 1000.0
    usual, changed = trained(one, other), trained(one, with_values(other, later))
    assert usual.tested.artefact == changed.tested.artefact
    assert usual.fitted.artefact != changed.fitted.artefact
    later[first - 1] += 1000.0
    assert trained(one, with_values(other, later)).tested.artefact != usual.tested.artefact


def test_it_is_walked_forward_as_it_was_fitted() -> None:
    y = daily(500, seed=1)
    done = trained(y, daily(500, seed=2))
    given = artefacts.load(done.tested.artefact)
    where, season = layout(plan(y))
    alone = walked(NAME, plan(y), where, season, lambda _folds: None)
    task = EvaluateTask(y, (NAME,), HORIZON, SEASON, count=FOLDS, params={NAME: PARAMS}, given={NAME: given})
    together = walked(NAME, task, where, season, lambda _folds: None)
    assert np.isfinite(together.value).all()
    assert not np.array_equal(together.value, alone.value)
    last = where.origins[-1]
    told = given.update(y.part(0, last)).predict()
    assert np.allclose(told.value, together.value[-1])


def test_nothing_long_enough_is_refused() -> None:
    with pytest.raises(KnownError, match="too little history"):
        trained(daily(30, seed=1), daily(20, seed=2))
