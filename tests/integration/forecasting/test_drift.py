"""Findings open while a change shows and are cleared when it does no longer."""

from __future__ import annotations

import json
import time
from concurrent.futures import Executor

import numpy as np
import pytest

from ksys_core.domain.times import DAY, MINUTE, to_datetime
from ksys_core.services import drift, models
from ksys_core.services.models import TrainingPlan
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, add_sensor, history, minutes, put
from tests.integration.forecasting.test_commands import Capture, ksys

STEP = 5 * MINUTE


async def errors(
    database: Database, model_id: int, made: np.ndarray, *, now: int, promised: np.ndarray | None = None
) -> None:
    """One-step forecasts of a model that were wrong by `made`, up to `now`; its bounds hold what they promise, or
    80 and 95 % of `promised`."""
    half = np.quantile(np.abs(made if promised is None else promised), (0.80, 0.95)).tolist()
    await database.execute("delete from forecast_results where model_id = $1", model_id)
    issues = [to_datetime(now - (len(made) - i) * STEP) for i in range(len(made))]
    await database.execute(
        """
        insert into forecast_results (model_id, sensor_id, issue_ts, target_ts, step, interval_s, value, lo80, hi80,
                                      lo95, hi95, source, actual, actual_state)
        select m.model_id, m.sensor_id, t, t + interval '5 min', 1, 300, e, e - $4, e + $4, e - $5, e + $5,
               'model', 0, 'matched'
        from trained_models m, unnest($2::timestamptz[], $3::float8[]) as x(t, e) where m.model_id = $1
        """,
        model_id,
        issues,
        made.tolist(),
        *half,
    )


async def test_a_change_is_found_once_and_cleared(database: Database, executor: Executor) -> None:
    await history(database, ["A", "B"], days=0.5)
    ids = {
        tag: await models.deploy(database, now_ns=NOW, executor=executor, tag=tag, plan=TrainingPlan("naive"))
        for tag in ("A", "B")
    }
    usual = np.random.default_rng(2).normal(size=900)
    unusual = usual.copy()
    unusual[-120:] = 3 * unusual[-120:] + 4
    await errors(database, ids["A"], unusual, now=NOW)
    await errors(database, ids["B"], usual, now=NOW)

    assert await drift.run(database, now_ns=NOW) == 2
    found = await drift.findings(database)
    assert [(f.tag, f.kind, f.severity) for f in found] == [("A", "bias", "act"), ("A", "concept", "act")]
    assert all(f.statistic > f.threshold for f in found)
    assert {f.found_ns for f in found} == {NOW}
    assert await drift.run(database, now_ns=NOW) == 0

    await errors(database, ids["A"], usual, now=NOW)
    assert await drift.run(database, now_ns=NOW) == 2
    assert await drift.findings(database) == []


@pytest.mark.parametrize(("spread", "severity"), [(0.6, "act"), (0.85, "watch"), (1.0, None), (2.0, "watch")])
async def test_bounds_that_do_not_hold_are_found(
    database: Database, executor: Executor, spread: float, severity: str | None
) -> None:
    await history(database, ["A"], days=0.5)
    model_id = await models.deploy(database, now_ns=NOW, executor=executor, tag="A", plan=TrainingPlan("naive"))
    made = np.random.default_rng(3).normal(size=2000)
    await errors(database, model_id, made, now=NOW, promised=spread * made)
    await drift.run(database, now_ns=NOW)
    found = await drift.findings(database)
    assert [(f.kind, f.severity) for f in found] == ([("coverage", severity)] if severity else [])
    assert all(f.statistic > f.threshold == 0.05 for f in found)


async def test_other_values_than_in_training_are_found(database: Database, executor: Executor) -> None:
    trained = NOW - 30 * DAY
    t = minutes(NOW - 60 * DAY, NOW, 60)
    noise = np.random.default_rng(5).normal(50, 5, len(t))
    for tag, shift in (("SAME", 0.0), ("MOVED", 10.0)):
        sensor_id = await add_sensor(database, tag)
        await put(database, sensor_id, t, noise + shift * (t >= trained))
        plan = TrainingPlan("naive", interval_s=3600, horizon=6)
        await models.deploy(database, now_ns=trained, executor=executor, tag=tag, plan=plan)
    assert await drift.run(database, now_ns=NOW) == 1
    (found,) = await drift.findings(database)
    assert (found.tag, found.kind, found.severity) == ("MOVED", "input", "act")


async def test_models_without_forecasts_show_nothing(
    database: Database, executor: Executor, monkeypatch: pytest.MonkeyPatch, dsn: str, capsys: Capture
) -> None:
    assert await drift.run(database, now_ns=NOW) == 0
    await history(database, ["A"], days=0.2)
    await models.deploy(database, now_ns=NOW, executor=executor, tag="A", plan=TrainingPlan("naive"))
    assert await drift.run(database, now_ns=NOW) == 0
    monkeypatch.setenv("TS_DSN", dsn)
    assert await ksys("models", "drift", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


async def test_the_command_shows_what_is_open(
    database: Database, executor: Executor, monkeypatch: pytest.MonkeyPatch, dsn: str, capsys: Capture
) -> None:
    now = time.time_ns() // STEP * STEP
    monkeypatch.setenv("TS_DSN", dsn)
    await history(database, ["A"], days=0.2, now=now)
    model = await models.deploy(database, now_ns=now, executor=executor, tag="A", plan=TrainingPlan("naive"))
    unusual = np.random.default_rng(2).normal(size=900)
    unusual[-120:] += 5
    await errors(database, model, unusual, now=now)
    assert await ksys("models", "drift") == 0
    assert "errors" in capsys.readouterr().out
