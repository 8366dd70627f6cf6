"""One model for several tags: one text in the database, one call a cycle, a forecast for each tag."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Executor
from typing import Any

import numpy as np
import pytest

from ksys_core.cli.program import run
from ksys_core.domain.times import MINUTE
from ksys_core.errors import KnownError
from ksys_core.forecasting.boosting import booster
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.work import PredictTask
from ksys_core.services import drift, forecast, model_files, models, models_pooled, training
from ksys_core.services.models import TrainingPlan
from ksys_core.store.model_artefacts import artefacts_of
from ksys_core.store.models import active_deployments
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, add_sensor, history, wave
from tests.integration.forecasting.test_drift import errors

TAGS = ("P1", "P2", "P3")
PLAN = TrainingPlan("xgboost_global", season=1, params={"trees": 20, "max_rows": 4000})


async def deployed_together(db: Database, executor: Executor, plan: TrainingPlan = PLAN) -> dict[str, int]:
    tags = await history(db, TAGS, days=1.5)
    made = await models_pooled.deploy(db, now_ns=NOW, executor=executor, sensor_ids=list(tags.values()), plan=plan)
    assert sorted(made.models) == sorted(tags.values())
    return tags


async def test_one_text_forecasts_every_tag_in_one_call(
    database: Database, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = await deployed_together(database, executor)
    calls: list[int] = []
    predicted = booster.predicted

    def counted(trees: Any, rows: np.ndarray, rounds: int = 0) -> np.ndarray:
        calls.append(len(rows))
        return predicted(trees, rows, rounds)

    monkeypatch.setattr(booster, "predicted", counted)
    assert await forecast.run_cycle(database, now_ns=NOW, executor=executor) == 3 * 36

    assert calls == [3 * 36]
    assert await database.fetchval("select count(*) from shared_artefacts") == 1
    assert await database.fetchval("select count(artefact) from trained_models") == 0
    models = [deployment.model_id for deployment in await active_deployments(database)]
    assert len({id(text) for text in (await artefacts_of(database, models)).values()}) == 1
    bands = await forecast.latest_forecasts(database, list(tags.values()))
    for i, tag in enumerate(TAGS):
        band = bands[tags[tag]]
        assert (band.source, band.algorithm) == ("model", "xgboost_global")
        assert np.abs(band.value[:6] - wave(band.t[:6] - 150_000_000_000, i)).mean() < 5


async def test_the_text_goes_with_the_last_model_that_uses_it(database: Database, executor: Executor) -> None:
    tags = await deployed_together(database, executor)
    await database.execute("delete from trained_models where sensor_id <> $1", tags["P1"])
    assert await database.fetchval("select count(*) from shared_artefacts") == 1
    await database.execute("delete from trained_models")
    assert await database.fetchval("select count(*) from shared_artefacts") == 0


async def test_a_tag_without_history_is_named_and_costs_the_others_nothing(
    database: Database, executor: Executor
) -> None:
    tags = await history(database, TAGS[:2], days=1.5)
    empty = await add_sensor(database, "EMPTY")
    ids = [*tags.values(), empty]
    made = await models_pooled.deploy(database, now_ns=NOW, executor=executor, sensor_ids=ids, plan=PLAN)
    assert sorted(made.models) == sorted(tags.values())
    assert {sensor: error.code for sensor, error in made.refused.items()} == {empty: "models.no_history"}
    with pytest.raises(KnownError, match="no usable readings"):
        await models_pooled.train(database, now_ns=NOW, executor=executor, sensor_ids=[empty], plan=PLAN)


async def test_an_engine_that_fits_tags_alone_is_refused(database: Database, executor: Executor) -> None:
    with pytest.raises(KnownError, match="one by one"):
        await deployed_together(database, executor, TrainingPlan("ridge", season=1))


async def test_members_are_named_or_share_a_unit(database: Database) -> None:
    first, second, third = [await add_sensor(database, tag) for tag in ("A", "B", "C")]
    await database.execute("update sensors set unit = 'bar' where tag in ('A', 'B')")
    await database.execute("update sensors set enabled = false where tag = 'B'")
    assert await models_pooled.members(database, tags=["C"], unit="bar") == {third: "C", first: "A"}
    assert await models_pooled.members(database, tags=["B"]) == {second: "B"}
    for tags, unit, code in ((["X"], "", "models.unknown_tag"), ([], "m", "models.no_members")):
        with pytest.raises(KnownError) as caught:
            await models_pooled.members(database, tags=tags, unit=unit)
        assert caught.value.code == code


async def test_a_model_may_still_be_fitted_to_one_tag_alone(database: Database, executor: Executor) -> None:
    tags = await deployed_together(database, executor)
    await models.deploy(database, now_ns=NOW, executor=executor, tag="P1", plan=PLAN)
    assert await forecast.run_cycle(database, now_ns=NOW, executor=executor) == 3 * 36
    assert await database.fetchval("select count(artefact) from trained_models") == 1
    bands = await forecast.latest_forecasts(database, list(tags.values()))
    assert {band.source for band in bands.values()} == {"model"}


async def test_drift_of_one_tag_leads_to_one_job_for_all(database: Database, executor: Executor) -> None:
    tags = await deployed_together(database, executor)
    ids = {row.tag: row.model_id for row in await models.listed(database)}
    shifted = np.random.default_rng(2).normal(size=900)
    shifted[-120:] = 3 * shifted[-120:] + 4
    for tag in ("P1", "P3"):
        await errors(database, ids[tag], shifted, now=NOW)
    assert await drift.run(database, now_ns=NOW) == 4
    (job,) = await training.jobs(database)
    assert (job.tags, job.algorithms, job.origin) == (TAGS, ("xgboost_global", "ridge"), "drift")
    assert {(found.effect, found.job_id) for found in await drift.findings(database)} == {("retraining", job.job_id)}
    await errors(database, ids["P2"], shifted, now=NOW)
    await drift.run(database, now_ns=NOW)
    assert {found.effect for found in await drift.findings(database) if found.tag == "P2"} == {"paused"}
    assert len(tags) == 3


async def test_it_is_exported_whole(database: Database, executor: Executor) -> None:
    tags = await deployed_together(database, executor)
    (model,) = [row.model_id for row in await models.listed(database) if row.sensor_id == tags["P2"]]
    held = model_files.checked(await model_files.export(database, model_id=model))
    assert (held.algorithm, held.tag) == ("xgboost_global", "P2")
    assert held.artefact == (await artefacts_of(database, [model]))[model]


async def test_who_may_share_a_text(database: Database) -> None:
    query = "select has_column_privilege('ksys_' || $1, 'shared_artefacts', 'artefact', $2)"
    rights = {
        role: tuple([await database.fetchval(query, role, right) for right in ("select", "insert", "update")])
        for role in ("viewer", "operator", "engineer", "service")
    }
    assert rights == {
        "viewer": (True, False, False),
        "operator": (True, False, False),
        "engineer": (True, True, False),
        "service": (True, True, False),
    }


def test_batches_keep_shared_models_together() -> None:
    def task(key: int, sha: str) -> PredictTask:
        return PredictTask(key, "", sha, RegularSeries(0, MINUTE, np.zeros(1)), 1)

    tasks = [task(i, "a" if i % 2 else f"own {i}") for i in range(200)]
    batches = forecast.batched(tasks)
    assert sorted(one.key for batch in batches for one in batch) == list(range(200))
    assert [len(batch) for batch in batches] == [100, 64, 36]
    assert {one.sha256 for one in batches[0]} == {"a"}
    assert forecast.batched([]) == []


async def test_on_the_command_line(
    database: Database, dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = time.time_ns() // (5 * MINUTE) * 5 * MINUTE
    monkeypatch.setenv("TS_DSN", dsn)
    await history(database, TAGS, days=1, now=now)
    await add_sensor(database, "EMPTY")
    words = ("models", "deploy-shared", *TAGS, "EMPTY", "--season", "none", "--horizon", "12")
    assert await asyncio.to_thread(run, words) == 0
    told = capsys.readouterr().out
    assert "One xgboost_global model for 3 tags" in told
    assert "36 rows forecast" in told
    assert "EMPTY has no model" in told
