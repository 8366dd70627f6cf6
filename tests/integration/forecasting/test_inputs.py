"""A model that looks at other tags finds their readings in training, in tests and in every cycle."""

from __future__ import annotations

from concurrent.futures import Executor

import pytest

from ksys_core.errors import KnownError
from ksys_core.services import evaluation, forecast, models
from ksys_core.services.models import TrainingPlan
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, history

PLAN = TrainingPlan("xgboost", season=1, params={"inputs": ["VALVE", "PUMP"], "trees": 20})


async def test_inputs_are_read_in_training_and_in_every_cycle(database: Database, executor: Executor) -> None:
    tags = await history(database, ["FLOW", "VALVE", "PUMP"], days=1.5)
    await models.deploy(database, now_ns=NOW, executor=executor, tag="FLOW", plan=PLAN)
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    (row,) = await models.listed(database)
    assert (row.last_state, row.last_error) == ("model", "")
    whole = (await forecast.latest_forecasts(database, [tags["FLOW"]]))[tags["FLOW"]]

    await database.execute("delete from sensors where tag = 'PUMP'")
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    (row,) = await models.listed(database)
    assert (row.last_state, row.last_error) == ("model", "Forecast without PUMP: no newest values.")
    without = (await forecast.latest_forecasts(database, [tags["FLOW"]]))[tags["FLOW"]]
    assert whole.value.tolist() != without.value.tolist()


async def test_an_unknown_input_is_named(database: Database, executor: Executor) -> None:
    await history(database, ["FLOW", "VALVE"], days=0.2)
    with pytest.raises(KnownError, match="no tag PUMP"):
        await models.deploy(database, now_ns=NOW, executor=executor, tag="FLOW", plan=PLAN)


async def test_inputs_are_there_in_tests_too(database: Database, executor: Executor) -> None:
    await history(database, ["FLOW", "VALVE", "PUMP"], days=1.5)
    plan = TrainingPlan("xgboost", season=1, horizon=12, params=dict(PLAN.params))
    trial = await evaluation.run(database, now_ns=NOW, executor=executor, tag="FLOW", plan=plan, count=9)
    assert trial.errors == {}
    assert "xgboost" in trial.tests
