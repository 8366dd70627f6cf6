"""Deploy, cycle, band: forecasts go on from the newest value and are stored once an issue time."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Executor

import asyncpg
import numpy as np
import pytest

from ksys_core.domain.times import HOUR, MINUTE, SECOND, to_ns
from ksys_core.errors import KnownError
from ksys_core.forecasting.parsed import FORECASTERS
from ksys_core.forecasting.registry import SPECS
from ksys_core.services import forecast, models
from ksys_core.services.models import TrainingPlan
from ksys_core.store import models as store
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, add_sensor, history, minutes, put, wave

STEP = 5 * MINUTE


async def deploy(db: Database, executor: Executor, tag: str, algorithm: str, season: int | None = 288) -> int:
    plan = TrainingPlan(algorithm, season=season)
    return await models.deploy(db, now_ns=NOW, executor=executor, tag=tag, plan=plan)


@pytest.mark.parametrize("algorithm", SPECS)
async def test_every_algorithm_deploys_and_forecasts(database: Database, executor: Executor, algorithm: str) -> None:
    sensor = (await history(database, ["FLOW"]))["FLOW"]
    model_id = await deploy(database, executor, "FLOW", algorithm)

    rows = await forecast.run_cycle(database, now_ns=NOW + 20 * SECOND, executor=executor)

    band = (await forecast.latest_forecasts(database, [sensor]))[sensor]
    assert rows == 36
    assert (band.model_id, band.algorithm, band.source, band.issue_ns) == (model_id, algorithm, "model", NOW)
    assert band.t.tolist() == [NOW + k * STEP for k in range(1, 37)]
    actual = wave(band.t - STEP // 2)
    assert np.abs(band.value[:6] - actual[:6]).mean() < 8
    assert (band.lo95 <= band.lo80).all()
    assert (band.hi80 <= band.hi95).all()
    assert band.age_ns(NOW + HOUR) == HOUR


async def test_goes_on_from_the_newest_value(database: Database, executor: Executor) -> None:
    sensor = (await history(database, ["FLOW"]))["FLOW"]
    await deploy(database, executor, "FLOW", "auto_arima")
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    first = (await forecast.latest_forecasts(database, [sensor]))[sensor]

    later = minutes(NOW, NOW + HOUR)
    await put(database, sensor, later, np.full(len(later), 90.0))
    await forecast.run_cycle(database, now_ns=NOW + HOUR, executor=executor)
    second = (await forecast.latest_forecasts(database, [sensor]))[sensor]

    assert second.issue_ns == NOW + HOUR
    assert second.value[0] > 80
    assert first.value[0] < 70


async def test_who_is_told_of_a_forecast_can_read_it(database: Database, executor: Executor) -> None:
    sensor = (await history(database, ["FLOW"], days=0.1))["FLOW"]
    await deploy(database, executor, "FLOW", "naive", season=1)
    told: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database.dsn)
    await listener.add_listener("ksys", lambda *message: told.put_nowait(message[3]))
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    assert json.loads(await asyncio.wait_for(told.get(), 10)) == {"kind": "forecasts", "ids": [sensor]}
    issue = await listener.fetchval("select last_issue_ts from deployed_models")
    await listener.close()
    assert to_ns(issue) == NOW


async def test_the_same_issue_time_is_replaced_not_doubled(database: Database, executor: Executor) -> None:
    sensor = (await history(database, ["FLOW"]))["FLOW"]
    await deploy(database, executor, "FLOW", "naive")
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    await put(database, sensor, minutes(NOW - STEP, NOW), np.full(5, 99.0))
    await forecast.run_cycle(database, now_ns=NOW + 4 * MINUTE, executor=executor)

    assert await database.fetchval("select count(*) from forecast_results") == 36
    assert (await forecast.latest_forecasts(database, [sensor]))[sensor].value[0] == 99.0


async def test_a_dead_sensor_gets_no_forecast_but_a_reason(database: Database, executor: Executor) -> None:
    tags = await history(database, ["DEAD", "LIVE"])
    for tag in tags:
        await deploy(database, executor, tag, "naive")
    live = minutes(NOW, NOW + HOUR)
    await put(database, tags["LIVE"], live, wave(live))

    rows = await forecast.run_cycle(database, now_ns=NOW + HOUR, executor=executor)

    states = {row.tag: (row.last_state, row.last_error) for row in await models.listed(database)}
    assert rows == 36
    assert states == {"DEAD": ("stale", "The newest values are missing."), "LIVE": ("model", "")}


async def test_a_failing_model_gets_a_marked_fallback_and_touches_no_other(
    database: Database, executor: Executor
) -> None:
    tags = await history(database, ["BROKEN", "SOUND"])
    for tag in tags:
        await deploy(database, executor, tag, "ridge")
    await database.execute(
        """
        update trained_models set artefact = '{"format": "pickle"}', artefact_sha256 = repeat('0', 64)
        where sensor_id = $1
        """,
        tags["BROKEN"],
    )

    rows = await forecast.run_cycle(database, now_ns=NOW, executor=executor)

    bands = await forecast.latest_forecasts(database, list(tags.values()))
    notes = {row.tag: row for row in await models.listed(database)}
    assert rows == 72
    assert bands[tags["BROKEN"]].source == "fallback"
    assert bands[tags["SOUND"]].source == "model"
    assert notes["BROKEN"].last_state == "fallback"
    assert "refused" in notes["BROKEN"].last_error


async def test_a_worker_reads_a_model_once(database: Database, executor: Executor) -> None:
    await history(database, ["FLOW"])
    await deploy(database, executor, "FLOW", "ridge")
    FORECASTERS.forget()
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    await database.execute("update trained_models set artefact = ''")
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    assert [row.last_state for row in await models.listed(database)] == ["model"]


async def test_after_an_outage_the_newest_issue_time_is_made_once(database: Database, executor: Executor) -> None:
    sensor = (await history(database, ["FLOW"]))["FLOW"]
    await deploy(database, executor, "FLOW", "ridge")
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    back = NOW + 3 * HOUR
    t = minutes(NOW, back)
    await put(database, sensor, t, wave(t))

    assert await forecast.catch_up(database, now_ns=back + 2 * MINUTE, executor=executor) == 36
    assert await forecast.catch_up(database, now_ns=back + 3 * MINUTE, executor=executor) == 0
    await forecast.run_cycle(database, now_ns=back + 4 * MINUTE, executor=executor)

    issues = await database.fetch("select issue_ts, count(*) as n from forecast_results group by 1 order by 1")
    assert [(to_ns(row["issue_ts"]), row["n"]) for row in issues] == [(NOW, 36), (back, 36)]


async def test_a_value_that_cannot_be_negative_has_no_negative_bound(database: Database, executor: Executor) -> None:
    sensor = await add_sensor(database, "LEVEL", span_low=0.0)
    t = minutes(NOW - 24 * HOUR, NOW)
    v = wave(t, 3) % 1
    v[-5:] = 0.05  # the newest interval: its bounds reach below zero
    await put(database, sensor, t, v)
    await deploy(database, executor, "LEVEL", "naive")
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    band = (await forecast.latest_forecasts(database, [sensor]))[sensor]
    assert band.lo95.min() == 0.0


async def test_readings_of_bad_quality_are_not_learned_from(database: Database, executor: Executor) -> None:
    sensor = (await history(database, ["FLOW"], days=1))["FLOW"]
    await deploy(database, executor, "FLOW", "naive")
    bad = minutes(NOW - 2 * MINUTE, NOW)
    await put(database, sensor, bad, np.full(len(bad), 1e6), quality=0)
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    assert (await forecast.latest_forecasts(database, [sensor]))[sensor].value[0] < 100


async def test_a_new_champion_ends_the_old_one_and_challengers_stay(database: Database, executor: Executor) -> None:
    await history(database, ["FLOW"], days=1)
    old = await deploy(database, executor, "FLOW", "naive")
    new = await deploy(database, executor, "FLOW", "naive")
    third = await deploy(database, executor, "FLOW", "drift")
    await store.deploy(database, new, role="challenger", reason="trial")

    rows = {row.model_id: row for row in await models.listed(database)}
    assert (rows[old].is_active, rows[new].role, rows[third].role) == (False, "challenger", "champion")
    assert rows[new].version == 2
    assert await forecast.run_cycle(database, now_ns=NOW, executor=executor) == 72

    await models.undeploy(database, model_id=third)
    with pytest.raises(KnownError, match="not deployed"):
        await models.undeploy(database, model_id=third)
    actions = await database.fetch("select action, actor from audit_log order by audit_id")
    assert [row["action"] for row in actions] == ["deploy_model"] * 4 + ["undeploy_model"]
    assert len({row["actor"] for row in actions}) == 1


@pytest.mark.parametrize(
    ("tag", "plan", "code"),
    [
        ("NONE", TrainingPlan("naive"), "models.unknown_tag"),
        ("FLOW", TrainingPlan("os.system"), "forecast.unknown_algorithm"),
        ("FLOW", TrainingPlan("naive", interval_s=90), "models.interval"),
        ("FLOW", TrainingPlan("ridge", params={"max_points": 1, "x": 2}), "models.params"),
        ("FLOW", TrainingPlan("naive", horizon=0), "models.range"),
        ("EMPTY", TrainingPlan("naive"), "models.no_history"),
    ],
)
async def test_what_cannot_be_trained_is_said(
    database: Database, executor: Executor, tag: str, plan: TrainingPlan, code: str
) -> None:
    await history(database, ["FLOW"], days=0.1)
    await add_sensor(database, "EMPTY")
    with pytest.raises(KnownError) as caught:
        await models.deploy(database, now_ns=NOW, executor=executor, tag=tag, plan=plan)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("role", "may"), [("viewer", False), ("operator", False), ("engineer", True), ("admin", True), ("service", True)]
)
async def test_who_may_deploy(database: Database, role: str, may: bool) -> None:
    query = "select has_function_privilege('ksys_' || $1, 'deploy_model(integer, text, text, text)', 'execute')"
    assert await database.fetchval(query, role) is may
