"""Forecasts in worker processes, also when one is killed."""

from __future__ import annotations

import os
import signal
from concurrent.futures.process import BrokenProcessPool

import pytest

from ksys_core.errors import KnownError
from ksys_core.services import forecast, models
from ksys_core.services.compute import THREAD_VARIABLES, processes
from ksys_core.services.models import TrainingPlan
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, history


def test_workers_calculate_on_one_thread_and_are_replaced_when_killed() -> None:
    with processes() as pool:
        first = pool.submit(os.getpid).result()
        assert pool.submit(os.getenv, THREAD_VARIABLES[0]).result() == "1"
        with pytest.raises(BrokenProcessPool):
            pool.submit(os.kill, first, signal.SIGKILL).result()
        assert pool.submit(os.getpid).result() != first


async def test_what_cannot_be_trained_is_said_across_processes(database: Database) -> None:
    await history(database, ["FLOW"], days=0.05)
    with processes() as pool:
        plan = TrainingPlan("ridge", season=1)
        with pytest.raises(KnownError) as caught:
            await models.deploy(database, now_ns=NOW, executor=pool, tag="FLOW", plan=plan)
    assert caught.value.code == "forecast.too_short"
    assert "values are needed" in str(caught.value)


async def test_a_worker_killed_between_cycles_costs_no_forecast(database: Database) -> None:
    await history(database, ["FLOW"], days=1)
    with processes() as pool:
        plan = TrainingPlan("ridge", season=1)
        await models.deploy(database, now_ns=NOW, executor=pool, tag="FLOW", plan=plan)
        assert await forecast.run_cycle(database, now_ns=NOW, executor=pool) == 36
        pool.submit(os.kill, pool.submit(os.getpid).result(), signal.SIGKILL).exception()
        assert await forecast.run_cycle(database, now_ns=NOW, executor=pool) == 36
    assert [row.last_state for row in await models.listed(database)] == ["model"]
