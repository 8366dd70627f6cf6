"""Jobs of an engine that learns from all tags together: one fit for all, tests and verdict for each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ksys_core.domain.times import DAY, HOUR, to_datetime
from ksys_core.services import forecast, models, models_pooled, retraining, training, training_run
from ksys_core.services.models import TrainingPlan
from ksys_core.services.training import TrainingRequest
from ksys_core.services.training_pool import PoolRun, Pools
from ksys_core.services.training_process import TrainingProcess
from ksys_core.store import training as store
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, add_sensor, history, minutes, put, wave
from tests.integration.forecasting.test_training import eventually, run

DAYS = 20
TAGS = ("P1", "P2", "P3")
POOLED = "xgboost_global"
SMALL = {"trees": 100, "max_rows": 10_000}
REQUEST = TrainingRequest((POOLED, "ridge"), 900, 6, 96, DAYS, folds=150, params={POOLED: SMALL})
ALONE = TrainingRequest((POOLED,), 900, 6, 96, DAYS, folds=150, params={POOLED: SMALL}, after="gate")


async def plant(db: Database, tags: Sequence[str]) -> dict[str, int]:
    """Tags that move alike: days with disturbances that die away, which neither baseline foresees."""
    found = {}
    t = minutes(NOW - DAYS * DAY, NOW, 15)
    for i, tag in enumerate(tags):
        shocks = np.random.default_rng(i).normal(0, 1.5, len(t))
        v = 50 + 10 * np.sin(2 * np.pi * (t % DAY) / DAY) + np.convolve(shocks, 0.9 ** np.arange(60))[: len(t)]
        found[tag] = await add_sensor(db, tag)
        await put(db, found[tag], t, v * (1 + i))
    return found


async def noise(db: Database, tag: str) -> int:
    """A tag that nothing can be learned of: a random walk."""
    sensor = await add_sensor(db, tag)
    t = minutes(NOW - DAYS * DAY, NOW, 15)
    await put(db, sensor, t, 50 + np.cumsum(np.random.default_rng(4).normal(0, 1, len(t))))
    return sensor


async def shared_texts(db: Database) -> int:
    count: int = await db.fetchval("select count(*) from shared_artefacts")
    return count


async def test_one_model_of_all_tags_is_tested_on_each_ones_own_folds(database: Database) -> None:
    await plant(database, TAGS)
    job_id = await training.file(database, tags=TAGS, request=REQUEST)
    assert await run(database, job_id) == "done"

    job = await training.job(database, job_id)
    steps = {(step.tag, step.algorithm): step for step in await training.steps(database, job_id)}
    assert (job.progress, len(steps)) == (1.0, 6)
    pooled = [steps[tag, POOLED] for tag in TAGS]
    assert len({step.artefact_sha256 for step in pooled}) == 1
    assert len({steps[tag, "ridge"].artefact_sha256 for tag in TAGS}) == 3
    for step in pooled:
        other = steps[step.tag, "ridge"]
        assert step.scores is not None
        assert other.scores is not None
        assert step.scores["scores"]["n"] == other.scores["scores"]["n"] > 0
        assert step.facts["folds"] == other.facts["folds"] == 150
        assert step.scores["skill"] > 0
        assert step.p is not None
        assert step.facts["fold_fit_s"] > 0
    assert await shared_texts(database) == 1
    query = "select count(*) from trained_models where job_id = $1 and shared_sha256 is not null and artefact is null"
    assert await database.fetchval(query, job_id) == 3
    assert f"{POOLED}: one model of 3 tags, season 96" in await training.log_of(database, job_id)
    assert await database.fetchval("select count(*) from training_pools") == 0, "kept no longer than the job lasts"


async def test_its_repetition_gives_the_same_bits(database: Database) -> None:
    ids = await plant(database, TAGS)
    first = await training.file(database, tags=TAGS, request=replace(ALONE, after="keep"))
    await run(database, first)
    again = await training.repeat(database, job_id=first)
    assert await run(database, again) == "done"
    one, other = [
        [(s.tag, s.artefact_sha256, s.scores and s.scores["scores"]) for s in await training.steps(database, job)]
        for job in (first, again)
    ]
    assert one == other

    changed = minutes(NOW - DAY, NOW - DAY + HOUR)
    await put(database, ids["P2"], changed, wave(changed) + 1)
    failed = await training.repeat(database, job_id=first)
    assert await run(database, failed) == "failed"
    errors = {step.error for step in await training.steps(database, failed)}
    assert errors == {"The readings of the training window have changed since job {job}."}, "all have learned from P2"


async def test_each_tag_is_judged_for_itself(database: Database, executor: Executor) -> None:
    sensors = await plant(database, TAGS)
    await noise(database, "NOISE")
    plan = TrainingPlan("naive", interval_s=900, horizon=6, season=1)
    for tag in ("P1", "NOISE"):
        await models.deploy(database, now_ns=NOW, executor=executor, tag=tag, plan=plan)
    job_id = await training.file(database, tags=[*TAGS, "NOISE"], request=ALONE)
    assert await run(database, job_id) == "done"

    outcomes = {s.tag: s.outcome for s in await training.steps(database, job_id) if s.algorithm == POOLED}
    assert outcomes == {"P1": "challenger", "P2": "champion", "P3": "champion", "NOISE": "kept"}
    shown = await models.listed(database, deployed_only=True)
    assert [(row.tag, row.algorithm, row.role) for row in shown] == [
        ("NOISE", "naive", "champion"),
        ("P1", "naive", "champion"),
        ("P1", POOLED, "challenger"),
        ("P2", POOLED, "champion"),
        ("P3", POOLED, "champion"),
    ]
    assert await shared_texts(database) == 1
    assert await forecast.run_cycle(database, now_ns=NOW, executor=executor) == 5 * 6
    bands = await forecast.latest_forecasts(database, [sensors["P2"], sensors["P3"]])
    assert {(band.source, band.algorithm) for band in bands.values()} == {("model", POOLED)}


async def test_a_tag_without_readings_fails_by_itself(database: Database) -> None:
    await plant(database, TAGS[:2])
    await add_sensor(database, "EMPTY")
    job_id = await training.file(database, tags=["P1", "P2", "EMPTY"], request=ALONE)
    assert await run(database, job_id) == "done"
    status = {step.tag: step.status for step in await training.steps(database, job_id)}
    assert status == {"P1": "done", "P2": "done", "EMPTY": "failed"}
    assert "one model of 2 tags" in await training.log_of(database, job_id)


async def test_nothing_to_learn_from_is_told_and_the_other_engines_go_on(database: Database) -> None:
    await history(database, TAGS[:2], days=1)
    request = TrainingRequest((POOLED, "naive"), 900, 6, 1, 15, folds=4, params={POOLED: SMALL})
    job_id = await training.file(database, tags=TAGS[:2], request=request)
    assert await run(database, job_id) == "done"
    steps = {(s.tag, s.algorithm): s for s in await training.steps(database, job_id)}
    assert {steps[tag, "naive"].status for tag in TAGS[:2]} == {"done"}
    assert {steps[tag, POOLED].error for tag in TAGS[:2]} == {
        "There is too little history without gaps: {need} values are needed."
    }


async def test_the_next_claimant_goes_on_with_the_fitted_model(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plant(database, TAGS)
    job_id = await training.file(database, tags=TAGS, request=ALONE)
    job = await store.claim(database, "first", now_ns=NOW)
    assert job is not None
    whole = PoolRun.whole

    async def hanging(self: PoolRun, process: TrainingProcess) -> Pools:
        await whole(self, process)
        await asyncio.Event().wait()  # the instance hangs here
        raise AssertionError

    monkeypatch.setattr(PoolRun, "whole", hanging)
    first = asyncio.create_task(training_run.run_claimed(database, job, "first"))
    await eventually(database, "select count(*) = 1 from training_pools")
    monkeypatch.undo()
    await database.execute("update training_jobs set heartbeat_at = now() - interval '1 min'")
    assert await run(database, job_id, "second") == "done"
    await asyncio.wait_for(first, 20)  # it notices that the job is no longer its own

    assert "fitted before" in await training.log_of(database, job_id)
    assert {step.status for step in await training.steps(database, job_id)} == {"done"}
    assert await shared_texts(database) == 1


async def test_what_was_fitted_to_other_readings_is_fitted_again(database: Database) -> None:
    ids = await plant(database, TAGS)
    job_id = await training.file(database, tags=TAGS, request=ALONE)
    job = await store.claim(database, "first", now_ns=NOW)
    assert job is not None
    running = asyncio.create_task(training_run.run_claimed(database, job, "first"))
    await eventually(database, "select count(*) >= 1 from training_results")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (before,) = {step.artefact_sha256 for step in await training.steps(database, job_id)}
    changed = minutes(NOW - DAY, NOW - DAY + HOUR)
    await put(database, ids["P3"], changed, wave(changed) + 9)
    assert await run(database, job_id, "second") == "done"
    assert "fitted before" not in await training.log_of(database, job_id)
    steps = await training.steps(database, job_id)
    assert len(steps) == 3
    (after,) = {step.artefact_sha256 for step in steps}
    assert after != before, "no tag has kept the model of the other readings"


@pytest.mark.parametrize("end", ["cancel", "time"])
async def test_it_is_ended_while_it_learns(database: Database, end: str) -> None:
    await history(database, TAGS[:2], days=8)
    endless = {"trees": 500, "leaves": 64, "max_rows": 1_000_000}
    request = TrainingRequest((POOLED,), 60, 60, 1440, 8, folds=6, params={POOLED: endless})
    limit = 2 if end == "time" else 3600
    job_id = await training.file(database, tags=TAGS[:2], request=request, time_limit_s=limit)
    running = asyncio.create_task(run(database, job_id))
    if end == "cancel":
        await eventually(database, "select phase = 'fit' from training_jobs")
        assert (await training.job(database, job_id)).detail == {"algorithm": POOLED, "fold": 0, "folds": 2}
        await training.cancel(database, job_id=job_id)
    assert await asyncio.wait_for(running, 30) == ("cancelled" if end == "cancel" else "failed")
    assert await training.steps(database, job_id) == []


async def test_a_night_fits_a_shared_model_once_for_all_its_tags(database: Database, executor: Executor) -> None:
    sensors = await plant(database, [*TAGS, "OWN"])
    plan = TrainingPlan(POOLED, interval_s=900, horizon=6, season=96, history_days=DAYS, params=SMALL)
    ids = [sensors[tag] for tag in TAGS]
    await models_pooled.deploy(database, now_ns=NOW - DAY, executor=executor, sensor_ids=ids, plan=plan)
    own = TrainingPlan("ridge", interval_s=900, horizon=6, season=96)
    await models.deploy(database, now_ns=NOW - DAY, executor=executor, tag="OWN", plan=own)
    old = {row.tag: row.model_id for row in await models.listed(database)}
    await database.execute("update trained_models set created_at = $1", to_datetime(NOW - 3 * DAY))
    night = NOW // DAY * DAY + 12 * HOUR
    assert await retraining.nightly(database, now_ns=night, zone=ZoneInfo("UTC")) == 2
    assert await retraining.nightly(database, now_ns=night + HOUR, zone=ZoneInfo("UTC")) == 0
    jobs = {job.tags: job for job in await training.jobs(database)}
    assert {tags: job.algorithms for tags, job in jobs.items()} == {TAGS: (POOLED, "ridge"), ("OWN",): ("ridge",)}

    job = jobs[TAGS]
    await database.execute("update training_jobs set not_before = now()")
    assert await run(database, job.job_id) == "done"
    steps = await training.steps(database, job.job_id)
    outcomes = {step.tag: step.outcome for step in steps if step.algorithm == POOLED}
    assert outcomes == dict.fromkeys(TAGS, "refreshed")
    champions = {
        row.tag: row.model_id for row in await models.listed(database, deployed_only=True) if row.role == "champion"
    }
    assert champions["OWN"] == old["OWN"]
    assert all(champions[tag] != old[tag] for tag in TAGS)
    query = "select count(distinct shared_sha256) from trained_models where model_id = any ($1)"
    assert await database.fetchval(query, [champions[tag] for tag in TAGS]) == 1
