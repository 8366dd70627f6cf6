"""Jobs that nobody asks for: of the night, and after drift."""

from __future__ import annotations

from concurrent.futures import Executor
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ksys_core.domain.times import DAY, HOUR, MINUTE, to_datetime, to_ns
from ksys_core.services import drift, lifecycle, models, retraining, training
from ksys_core.services.models import TrainingPlan
from ksys_core.store.pool import Database
from ksys_core.store.training import cancel
from tests.integration.forecasting.plant import NOW, history
from tests.integration.forecasting.test_drift import errors

SEOUL = ZoneInfo("Asia/Seoul")
TWO = to_ns(datetime(2025, 10, 10, 2, 0, tzinfo=SEOUL))


async def deployed(database: Database, executor: Executor, tags: dict[str, str], *, now: int = NOW) -> dict[str, int]:
    """Champions by tag, with the algorithm of each, made two days before the night."""
    sensors = await history(database, list(tags), days=1, now=now)
    for tag, algorithm in tags.items():
        plan = TrainingPlan(algorithm, season=1)
        await models.deploy(database, now_ns=now, executor=executor, tag=tag, plan=plan)
    await database.execute("update trained_models set created_at = $1", to_datetime(TWO - 2 * DAY))
    return sensors


async def test_a_night_files_one_job_a_sensor_from_two_o_clock_plant_time_on(
    database: Database, executor: Executor
) -> None:
    sensors = await deployed(database, executor, {"A": "ridge", "B": "auto_arima", "C": "naive"})
    assert await retraining.nightly(database, now_ns=TWO - MINUTE, zone=SEOUL) == 0
    assert await retraining.nightly(database, now_ns=TWO, zone=SEOUL) == 3
    assert await retraining.nightly(database, now_ns=TWO + HOUR, zone=SEOUL) == 0
    assert await retraining.nightly(database, now_ns=TWO + 21 * HOUR, zone=SEOUL) == 0

    jobs = {job.tags[0]: job for job in await training.jobs(database)}
    algorithms = {tag: job.algorithms for tag, job in jobs.items()}
    assert algorithms == {"A": ("ridge",), "B": ("ridge",), "C": ("ridge",)}  # ARIMA is young enough
    for tag, job in jobs.items():
        assert (job.origin, job.request["after"], job.request["horizon"]) == ("nightly", "gate", 36)
        assert job.not_before_ns - TWO == pytest.approx(retraining.offset(sensors[tag]), abs=1000)
    assert await retraining.nightly(database, now_ns=TWO + 2 * DAY, zone=SEOUL) == 3
    newest = {j.tags[0]: j.algorithms for j in await training.jobs(database) if j.not_before_ns > TWO + DAY}
    assert newest["B"] == ("auto_arima", "ridge")


async def test_prophet_is_fitted_anew_every_night_for_its_curve_ages(database: Database, executor: Executor) -> None:
    await deployed(database, executor, {"A": "naive"})
    await database.execute("update trained_models set algorithm = 'prophet', created_at = $1", to_datetime(TWO - DAY))
    assert await retraining.nightly(database, now_ns=TWO, zone=SEOUL) == 1
    (job,) = await training.jobs(database)
    assert job.algorithms == ("prophet", "ridge")


async def test_what_was_trained_lately_or_is_in_shadow_is_left_alone(database: Database, executor: Executor) -> None:
    await deployed(database, executor, {"A": "ridge", "B": "naive"})
    await database.execute("update trained_models set created_at = $1", to_datetime(TWO - HOUR))
    plan = TrainingPlan("ridge", season=1)
    await models.deploy(database, now_ns=NOW, executor=executor, tag="B", plan=plan, role="challenger")
    assert await retraining.nightly(database, now_ns=TWO, zone=SEOUL) == 0


def test_the_night_is_spread_evenly_and_always_in_the_same_way() -> None:
    offsets = sorted(retraining.offset(i) for i in range(1, 1001))
    assert offsets[0] >= 0
    assert offsets[-1] < retraining.SPREAD
    gaps = np.diff([0, *offsets, retraining.SPREAD])
    assert gaps.max() < 4 * retraining.SPREAD / 1000


async def test_drift_that_asks_for_it_leads_to_one_retraining_in_six_hours(
    database: Database, executor: Executor
) -> None:
    sensors = await deployed(database, executor, {"A": "ridge", "B": "ridge"})
    ids = {row.tag: row.model_id for row in await models.listed(database)}
    unusual = np.random.default_rng(2).normal(size=900)
    await errors(database, ids["B"], unusual, now=NOW)
    shifted = unusual.copy()
    shifted[-120:] = 3 * shifted[-120:] + 4
    await errors(database, ids["A"], shifted, now=NOW)

    assert await drift.run(database, now_ns=NOW) == 2
    (job,) = await training.jobs(database)
    assert (job.origin, job.tags, job.algorithms) == ("drift", ("A",), ("ridge",))
    found = await drift.findings(database)
    assert {(f.effect, f.job_id) for f in found} == {("retraining", job.job_id)}
    await database.execute("update drift_findings set job_id = null, effect = ''")
    assert await drift.run(database, now_ns=NOW) == 0
    assert len(await training.jobs(database)) == 1  # within six hours

    await database.execute("update training_jobs set requested_at = $1", to_datetime(NOW - 7 * HOUR))
    await drift.run(database, now_ns=NOW)
    assert len(await training.jobs(database)) == 2
    await cancel(database, job.job_id)
    assert sensors["A"] != sensors["B"]


@pytest.mark.parametrize(("quality", "age"), [(0, 0), (192, 25 * MINUTE)])
async def test_drift_is_silent_while_values_are_bad_or_missing(
    database: Database, executor: Executor, quality: int, age: int
) -> None:
    await deployed(database, executor, {"A": "naive"})
    (row,) = await models.listed(database)
    shifted = np.random.default_rng(2).normal(size=900)
    shifted[-120:] += 6
    await errors(database, row.model_id, shifted, now=NOW)
    await database.execute("update sensor_latest set quality = $1", quality)
    assert await drift.run(database, now_ns=NOW + age) == 0
    assert await training.jobs(database) == []


async def test_findings_of_a_model_that_runs_no_longer_are_cleared(database: Database, executor: Executor) -> None:
    await deployed(database, executor, {"A": "naive"})
    (row,) = await models.listed(database)
    shifted = np.random.default_rng(2).normal(size=900)
    shifted[-120:] += 6
    await errors(database, row.model_id, shifted, now=NOW)
    assert await drift.run(database, now_ns=NOW) > 0
    await models.undeploy(database, model_id=row.model_id)
    await drift.run(database, now_ns=NOW)
    assert await drift.findings(database) == []


async def test_what_nights_have_left_behind_is_forgotten_after_a_month(database: Database, executor: Executor) -> None:
    sensor = (await history(database, ["A"], days=1))["A"]
    plan = TrainingPlan("naive", season=1)

    async def made(job: int | None) -> int:
        model = await models.train_model(database, now_ns=NOW, executor=executor, sensor_id=sensor, plan=plan)
        await database.execute("update trained_models set job_id = $2 where model_id = $1", model, job)
        return model

    values = "values (array[1], array['naive'], $1) returning job_id"
    job = f"insert into training_jobs (sensor_ids, algorithms, origin) {values}"
    night, person = [await database.fetchval(job, origin) for origin in ("nightly", "person")]
    by_person, never, first, second, third = [await made(j) for j in (person, night, night, night, night)]
    for model in (first, second, third):
        await database.fetchval("select deploy_model($1)", model)
    await database.execute("update trained_models set created_at = $1", to_datetime(NOW - 29 * DAY))
    assert await lifecycle.forget_old(database, now_ns=NOW) == 0
    assert await lifecycle.forget_old(database, now_ns=NOW + 2 * DAY) == 2
    left = {row.model_id for row in await models.listed(database)}
    assert left == {by_person, second, third}
    assert never not in left
    assert await lifecycle.rollback(database, sensor_id=sensor, reason="still possible") == second
