"""Champion, challengers in shadow, promotion by rule and by hand, rollback."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import pytest

from ksys_core.domain.times import DAY, HOUR, MINUTE, to_datetime
from ksys_core.errors import DeniedError, KnownError
from ksys_core.services import forecast, lifecycle, models, training
from ksys_core.services.models import TrainingPlan
from ksys_core.services.training import TrainingRequest
from ksys_core.store import lifecycle as lifecycle_store
from ksys_core.store import models as store
from ksys_core.store import training as store_training
from ksys_core.store.models import ModelRow
from ksys_core.store.pool import Database
from ksys_core.store.training import NewJob
from tests.integration.forecasting.plant import NOW, history, minutes, put
from tests.integration.forecasting.test_training import run as do

STEP = 5 * MINUTE


@pytest.fixture
def executor() -> Executor:
    return ThreadPoolExecutor(1)


async def trained(database: Database, executor: Executor, algorithm: str = "naive", tag: str = "FLOW") -> int:
    sensor_id = await models.sensor_of(database, tag)
    plan = TrainingPlan(algorithm, season=1)
    return await models.train_model(database, now_ns=NOW, executor=executor, sensor_id=sensor_id, plan=plan)


async def rows(database: Database) -> dict[int, ModelRow]:
    return {row.model_id: row for row in await models.listed(database, deployed_only=True)}


async def errors(database: Database, made: dict[int, float], *, now: int = NOW, hours: int = 24) -> None:
    """Forecasts of a day in which each model was wrong by so much, to either side."""
    issues = [to_datetime(now - hours * HOUR + i * STEP) for i in range(hours * 12 - 1)]
    for model_id, size in made.items():
        signs = np.where(np.arange(len(issues)) % 2, size, -size).tolist()
        await database.execute(
            """
            insert into forecast_results (model_id, sensor_id, issue_ts, target_ts, step, interval_s, value, lo80, hi80,
                                          lo95, hi95, source, actual, actual_state)
            select m.model_id, m.sensor_id, t, t + interval '5 min', 1, 300, e, case when i % 5 = 0 then e else -9 end,
                   9, case when i % 20 = 0 then case when i % 5 = 0 then e else -9 end else -99 end, 99, 'model', 0,
                   'matched'
            from trained_models m, unnest($2::timestamptz[], $3::float8[]) with ordinality as x(t, e, i)
            where m.model_id = $1
            """,
            model_id,
            issues,
            signs,
        )


async def in_shadow(database: Database, model_id: int, *, p: float = 0.001, batch: str | None = None) -> None:
    """As if a training job had put the model there a day ago."""
    job = await database.fetchval(
        "insert into training_jobs (sensor_ids, algorithms, batch) "
        "select array[sensor_id], array[algorithm], $2 from trained_models where model_id = $1 returning job_id",
        model_id,
        batch,
    )
    await database.execute(
        "insert into training_results (job_id, sensor_id, algorithm, status, model_id, p, passed, outcome) "
        "select $2, sensor_id, algorithm, 'done', model_id, $3, true, 'challenger' "
        "from trained_models where model_id = $1",
        model_id,
        job,
        p,
    )
    await store.deploy(database, model_id, role="challenger")
    await since(database, model_id, NOW - DAY)


async def since(database: Database, model_id: int, ns: int) -> None:
    query = "update deployed_models set deployed_from = $2 where model_id = $1 and is_active"
    await database.execute(query, model_id, to_datetime(ns))


async def test_a_better_challenger_is_promoted_and_the_old_champion_watched(
    database: Database, executor: Executor
) -> None:
    await history(database, ["FLOW"], days=0.5)
    old, new = await trained(database, executor), await trained(database, executor)
    await store.deploy(database, old)
    await in_shadow(database, new)
    await errors(database, {old: 1.0, new: 0.9})

    assert await lifecycle.run(database, now_ns=NOW - HOUR) == 0  # not a day yet
    assert await lifecycle.run(database, now_ns=NOW) == 1
    shown = await rows(database)
    assert (shown[new].role, shown[old].role) == ("champion", "challenger")
    reason = await database.fetchval(
        "select reason from audit_log where action = 'deploy_model' and object = $1", f"model {new}"
    )
    assert reason is not None
    await database.execute("update deployed_models set kept_until = $1 where kept_until is not null", to_datetime(NOW))
    assert await lifecycle.run(database, now_ns=NOW) == 1
    assert list(await rows(database)) == [new]


@pytest.mark.parametrize(("size", "p", "kept"), [(0.99, 0.001, False), (1.1, 0.001, False), (0.9, 0.001, True)])
async def test_a_challenger_that_is_no_better_in_shadow_goes(
    database: Database, executor: Executor, size: float, p: float, kept: bool
) -> None:
    await history(database, ["FLOW"], days=0.5)
    old, new = await trained(database, executor), await trained(database, executor)
    await store.deploy(database, old)
    await in_shadow(database, new, p=p)
    await errors(database, {old: 1.0, new: size})
    await lifecycle.run(database, now_ns=NOW)
    shown = await rows(database)
    assert (shown[new].role == "champion") if kept else (list(shown) == [old])


async def test_of_a_night_only_what_stands_among_so_many_is_promoted(database: Database, executor: Executor) -> None:
    await history(database, ["FLOW", "OTHER"], days=0.5)
    old, new = await trained(database, executor), await trained(database, executor)
    await store.deploy(database, old)
    await in_shadow(database, new, p=0.04, batch="2025-10-09")
    for _ in range(3):
        await in_shadow(database, await trained(database, executor, tag="OTHER"), p=0.6, batch=None)
    await database.execute("update training_jobs set batch = 'x' || job_id where batch is null")
    await errors(database, {old: 1.0, new: 0.9})
    others = "update training_results set job_id = (select min(job_id) from training_jobs), algorithm = 'n' || model_id"
    await database.execute(others + " where p = 0.6")
    assert await lifecycle.run(database, now_ns=NOW) == 1  # those of OTHER have no champion to be compared with
    assert (await rows(database))[old].role == "champion"
    assert new not in await rows(database)
    why = "select reason from audit_log where action = 'undeploy_model'"
    assert "too many were tested" in await database.fetchval(why)


async def test_a_champion_much_worse_than_the_one_before_goes_back_by_itself(
    database: Database, executor: Executor
) -> None:
    await history(database, ["FLOW"], days=0.5)
    old, new = await trained(database, executor), await trained(database, executor)
    await store.deploy(database, old)
    await lifecycle.promote(database, model_id=new, reason="looks better")
    await since(database, new, NOW - DAY)
    await errors(database, {old: 1.0, new: 1.25})
    assert await lifecycle.run(database, now_ns=NOW) == 0
    await database.execute("delete from forecast_results")
    await errors(database, {old: 1.0, new: 1.35})
    assert await lifecycle.run(database, now_ns=NOW) == 1
    shown = await rows(database)
    assert list(shown) == [old]
    assert shown[old].role == "champion"
    reason = await database.fetchval("select reason from audit_log where action = 'rollback_model'")
    assert "24-h MASE 1.35 of the former champion's" in reason


async def test_rollback_goes_one_step_each_time(database: Database, executor: Executor) -> None:
    sensor = (await history(database, ["FLOW"], days=0.5))["FLOW"]
    first, second, third = [await trained(database, executor) for _ in range(3)]
    await store.deploy(database, first)
    for model in (second, third):
        await lifecycle.promote(database, model_id=model, reason="trial")
    assert {m: r.role for m, r in (await rows(database)).items()} == {second: "challenger", third: "champion"}
    assert await lifecycle.rollback(database, sensor_id=sensor, reason="worse") == second
    assert {m: r.role for m, r in (await rows(database)).items()} == {second: "champion"}
    assert await lifecycle.rollback(database, sensor_id=sensor, reason="worse") == first
    with pytest.raises(KnownError, match="no champion before"):
        await lifecycle.rollback(database, sensor_id=sensor, reason="worse")
    with pytest.raises(KnownError, match="reason"):
        await lifecycle.rollback(database, sensor_id=sensor, reason=" ")
    with pytest.raises(KnownError, match="reason"):
        await lifecycle.promote(database, model_id=third, reason="")
    with pytest.raises(KnownError, match="champion already"):
        await lifecycle.promote(database, model_id=first, reason="x")
    with pytest.raises(KnownError, match="There is no model 999"):
        await lifecycle.promote(database, model_id=999, reason="x")


async def test_challengers_are_forecast_and_never_shown(database: Database, executor: Executor) -> None:
    sensor = (await history(database, ["FLOW"], days=0.5))["FLOW"]
    champion, challenger = await trained(database, executor), await trained(database, executor, "drift")
    await store.deploy(database, champion)
    await store.deploy(database, challenger, role="challenger")
    assert await forecast.run_cycle(database, now_ns=NOW, executor=executor) == 72
    assert (await forecast.latest_forecasts(database, [sensor]))[sensor].model_id == champion


async def test_the_gate_puts_the_better_in_shadow_and_the_best_in_an_empty_seat(
    database: Database, executor: Executor
) -> None:
    sensors = await history(database, ["EMPTY", "TAKEN"], days=10)
    plan = TrainingPlan("naive", interval_s=900, horizon=6, season=1)
    old = await models.deploy(database, now_ns=NOW, executor=executor, tag="TAKEN", plan=plan)
    request = TrainingRequest(("ridge", "drift"), 900, 6, 96, 10, folds=100, after="gate")
    job_id = await training.file(database, tags=list(sensors), request=request)
    assert await do(database, job_id) == "done"

    outcomes = {(s.tag, s.algorithm): s.outcome for s in await training.steps(database, job_id)}
    assert outcomes["EMPTY", "ridge"] == "champion"
    assert outcomes["TAKEN", "ridge"] == "challenger"
    assert {outcomes[tag, "drift"] for tag in sensors} == {"kept"}
    shown = await models.listed(database, deployed_only=True)
    assert [(r.tag, r.algorithm, r.role) for r in shown] == [
        ("EMPTY", "ridge", "champion"),
        ("TAKEN", "naive", "champion"),
        ("TAKEN", "ridge", "challenger"),
    ]
    assert shown[1].model_id == old

    again = await store_training.file(
        database, NewJob([sensors["TAKEN"]], ["ridge"], request.plain(), origin="nightly")
    )
    assert again is not None
    assert await do(database, again) == "done"
    outcomes = {(s.tag, s.algorithm): s.outcome for s in await training.steps(database, again)}
    assert outcomes["TAKEN", "ridge"] == "kept", "of a kind, a night puts one in shadow at most"


async def test_a_fresh_fit_of_the_champions_kind_takes_its_place_and_watches_it(
    database: Database, executor: Executor
) -> None:
    await history(database, ["FLOW"], days=10)
    plan = TrainingPlan("ridge", interval_s=900, horizon=6, season=96)
    old = await models.deploy(database, now_ns=NOW - DAY, executor=executor, tag="FLOW", plan=plan)
    request = TrainingRequest(("ridge",), 900, 6, 96, 10, folds=100, after="gate")
    job_id = await training.file(database, tags=["FLOW"], request=request)
    await do(database, job_id)
    steps = {step.algorithm: step for step in await training.steps(database, job_id)}
    assert steps["ridge"].outcome == "refreshed"
    assert steps["champion"].scores is not None
    roles = {row.model_id: row.role for row in await models.listed(database, deployed_only=True)}
    assert roles == {old: "challenger", steps["ridge"].model_id: "champion"}


@pytest.fixture
def logins(login_dsn: Callable[[str], str]) -> tuple[str, str]:
    """An engineer's and an operator's."""
    return login_dsn("ksys_engineer"), login_dsn("ksys_operator")


async def test_engineers_promote_and_operators_do_not(
    database: Database, executor: Executor, logins: tuple[str, str]
) -> None:
    sensor = (await history(database, ["FLOW"], days=0.5))["FLOW"]
    old, new = await trained(database, executor), await trained(database, executor)
    engineer, operator = [await Database.connect(dsn) for dsn in logins]
    try:
        await store.deploy(engineer, old)
        await lifecycle.promote(engineer, model_id=new, reason="better at night", station="desk 2")
        for denied in (
            lifecycle.promote(operator, model_id=old, reason="x"),
            lifecycle.rollback(operator, sensor_id=sensor, reason="x"),
            models.undeploy(operator, model_id=new, reason="x"),
        ):
            with pytest.raises(DeniedError):
                await denied
        await lifecycle.rollback(engineer, sensor_id=sensor, reason="was not", station="desk 2")
        await models.undeploy(engineer, model_id=old, reason="tag goes")
    finally:
        await engineer.close()
        await operator.close()
    log = await database.fetch("select actor, action, reason from audit_log order by audit_id")
    assert {row["actor"] for row in log} == {"test_ksys_engineer"}
    assert [row["reason"] for row in log if row["action"] in ("rollback_model", "undeploy_model")] == [
        "was not",
        "tag goes",
    ]


async def test_pairs_count_only_where_both_forecast_themselves(database: Database, executor: Executor) -> None:
    sensor = (await history(database, ["FLOW"], days=0.5))["FLOW"]
    old, new = await trained(database, executor), await trained(database, executor)
    await store.deploy(database, old)
    await in_shadow(database, new)
    await errors(database, {old: 1.0, new: 0.9})
    await database.execute("update forecast_results set source = 'fallback' where model_id = $1 and value > 0", new)
    t = minutes(NOW, NOW + 5 * MINUTE)
    await put(database, sensor, t, np.ones(len(t)))
    (trial,) = await lifecycle_store.challengers(database)
    shadow = await lifecycle.compared(database, trial, NOW)
    assert (shadow.pairs, round(shadow.ratio, 6)) == (144, 0.9)
