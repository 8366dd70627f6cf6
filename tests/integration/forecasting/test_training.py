"""Training jobs: filed with checks, done once in a process of their own, stopped by their limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from ksys_core.domain.times import DAY, MINUTE
from ksys_core.errors import DeniedError, KnownError
from ksys_core.forecasting.artefacts import data_hash
from ksys_core.services import models, rollups, training
from ksys_core.services.model_inputs import with_inputs
from ksys_core.services.training import TrainingRequest
from ksys_core.services.training_process import TrainingProcess
from ksys_core.services.training_run import run_claimed
from ksys_core.store import training as store
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, history, minutes, put, wave

REQUEST = TrainingRequest(("ridge",), interval_s=900, horizon=6, season=96, history_days=5, folds=30)
ENDLESS = TrainingRequest(("mstl", "auto_arima", "auto_ets"), interval_s=60, horizon=60, season=1440, history_days=8)


async def run(database: Database, job_id: int, claimant: str = "a") -> str:
    """Claim and do a job; its status then."""
    job = await store.claim(database, claimant, now_ns=NOW, job_id=job_id)
    assert job is not None
    await run_claimed(database, job, claimant)
    return (await training.job(database, job_id)).status


async def eventually(database: Database, query: str, *args: object) -> None:
    async with asyncio.timeout(60):
        while not await database.fetchval(query, *args):  # noqa: ASYNC110 - the database has no event for it
            await asyncio.sleep(0.02)


async def test_engines_are_compared_and_kept(database: Database) -> None:
    await history(database, ["A", "B"], days=5)
    request = TrainingRequest(("ridge", "auto_arima"), 900, 6, None, 5, folds=30)
    job_id = await training.file(database, tags=["B", "A"], request=request)
    assert (await training.job(database, job_id)).status == "queued"

    assert await run(database, job_id) == "done"

    job = await training.job(database, job_id)
    steps = await training.steps(database, job_id)
    assert (job.progress, job.tags, job.steps) == (1.0, ("A", "B"), 4)
    assert {(s.tag, s.algorithm) for s in steps} == {(t, a) for t in "AB" for a in ("ridge", "auto_arima")}
    assert {s.season for s in steps} >= {96}
    for step in steps:
        assert step.scores is not None
        assert (step.status, step.outcome, step.facts["folds"]) == ("done", "", 30)
        assert step.scores["scores"]["n"] > 0
        assert step.p is not None
    log = await training.log_of(database, job_id)
    assert log.count("ridge: folds 30") == 2
    assert await database.fetchval("select count(*) from training_results where backtest is not null") == 0
    assert await database.fetchval("select count(*) from trained_models where job_id = $1", job_id) == 4
    assert await database.fetchval("select count(*) from deployed_models") == 0


async def test_a_repetition_gives_the_same_bits_and_other_data_are_noticed(database: Database) -> None:
    sensor = (await history(database, ["A"], days=5))["A"]
    first = await training.file(database, tags=["A"], request=REQUEST)
    await run(database, first)
    later = minutes(NOW, NOW + DAY)
    await put(database, sensor, later, wave(later) + 5)

    again = await training.repeat(database, job_id=first)
    assert await run(database, again) == "done"
    one, other = [(await training.steps(database, job))[0] for job in (first, again)]
    assert one.artefact_sha256 == other.artefact_sha256
    assert one.artefact_sha256 is not None
    assert one.model_id != other.model_id
    assert one.scores is not None
    assert other.scores is not None
    assert one.scores["scores"] == other.scores["scores"]

    changed = minutes(NOW - DAY, NOW - DAY + 60 * MINUTE)
    await put(database, sensor, changed, wave(changed) + 1)
    assert await run(database, await training.repeat(database, job_id=first)) == "failed"
    job = (await training.jobs(database))[0]
    assert "have changed since job {job}" in job.error


async def test_readings_that_came_late_are_learned_from_before_the_roll_ups_run_again(database: Database) -> None:
    if database.capabilities.timescale is not None:
        pytest.skip("TimescaleDB refreshes its aggregates itself")
    ids = await history(database, ["A", "VALVE", "OTHER"], days=5)
    await rollups.run(database, clock=lambda: NOW + DAY)
    late = minutes(NOW - 3 * DAY, NOW - 2 * DAY)
    for sensor in ids.values():
        await put(database, sensor, late, wave(late) + 7)
    request = TrainingRequest(("xgboost",), 900, 6, 96, 5, folds=10, params={"xgboost": {"inputs": ("VALVE",)}})

    job_id = await training.file(database, tags=["A"], request=request)
    assert await run(database, job_id) == "done"

    (step,) = await training.steps(database, job_id)
    assert step.status == "done"
    left = "select array_agg(distinct sensor_id) from rollup_late"
    assert await database.fetchval(left) == [ids["OTHER"]], "what the job does not look at can wait"
    used = await database.fetchval("select data_sha256 from training_results")
    await rollups.run(database, clock=lambda: NOW + DAY)
    again = await models.history(database, now_ns=NOW, sensor_id=ids["A"], interval_s=900, days=5)
    assert data_hash(await with_inputs(database, again, ["VALVE"])) == used


async def test_finished_steps_are_not_repeated_by_the_next_claimant(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await history(database, ["A", "B"], days=5)
    request = TrainingRequest(("ridge", "naive"), 900, 6, 96, 5, folds=30)
    job_id = await training.file(database, tags=["A", "B"], request=request)
    job = await store.claim(database, "first", now_ns=NOW)
    assert job is not None
    kept = store.keep

    async def keep_two(db: Database, job_id: int, claimant: str, result: store.NewResult) -> bool:
        if await db.fetchval("select count(*) from training_results") == 2:
            await asyncio.Event().wait()  # the instance hangs here
        return await kept(db, job_id, claimant, result)

    monkeypatch.setattr(store, "keep", keep_two)
    hanging = asyncio.create_task(run_claimed(database, job, "first"))
    await eventually(database, "select count(*) = 2 from training_results")
    monkeypatch.undo()
    before = await database.fetch("select model_id, finished_at from training_results order by 1")
    assert await store.claim(database, "second", now_ns=NOW) is None  # its heartbeat is fresh

    await database.execute("update training_jobs set heartbeat_at = now() - interval '1 min'")
    assert await run(database, job_id, "second") == "done"
    await asyncio.wait_for(hanging, 20)  # it notices that the job is no longer its own
    after = await database.fetch(
        "select model_id, finished_at from training_results where model_id = any ($1) order by 1",
        [row["model_id"] for row in before],
    )
    assert before == after
    assert await database.fetchval("select count(*) from trained_models") == 4
    assert (await training.job(database, job_id)).steps == 4


async def test_a_job_is_cancelled_while_it_runs(database: Database) -> None:
    await history(database, ["A"], days=8)
    job_id = await training.file(database, tags=["A"], request=ENDLESS)
    running = asyncio.create_task(run(database, job_id))
    await eventually(database, "select progress > 0 from training_jobs")
    assert await training.cancel(database, job_id=job_id, reason="wrong tag")
    assert await asyncio.wait_for(running, 20) == "cancelled"
    assert not await training.cancel(database, job_id=job_id)
    assert await database.fetchval("select reason from audit_log where action = 'training.cancel'") == "wrong tag"


async def test_a_waiting_job_is_cancelled_at_once(database: Database) -> None:
    await history(database, ["A"], days=1)
    job_id = await training.file(database, tags=["A"], request=REQUEST)
    assert await training.cancel(database, job_id=job_id)
    assert (await training.job(database, job_id)).status == "cancelled"
    assert await store.claim(database, "a", now_ns=NOW) is None


async def test_the_time_limit_ends_a_job(database: Database) -> None:
    await history(database, ["A"], days=8)
    job_id = await training.file(database, tags=["A"], request=ENDLESS, time_limit_s=1)
    assert await run(database, job_id) == "failed"
    assert "took longer than its limit" in (await training.job(database, job_id)).error


async def test_the_memory_limit_ends_what_needs_more_and_nothing_else(database: Database) -> None:
    await history(database, ["A"], days=8)
    request = TrainingRequest(("ridge", "naive"), 60, 400, 1, 8, folds=6)  # ridge: 8,640 x 400 x 13 numbers
    job_id = await training.file(database, tags=["A"], request=request, memory_limit_mb=300)
    assert await run(database, job_id) == "done"
    ended = {step.algorithm: (step.status, step.error) for step in await training.steps(database, job_id)}
    assert ended["ridge"] == ("failed", "The model needs more memory than it may have.")
    assert ended["naive"] == ("done", "")


async def test_a_stopped_instance_puts_its_job_back(database: Database) -> None:
    await history(database, ["A"], days=8)
    job_id = await training.file(database, tags=["A"], request=ENDLESS)
    running = asyncio.create_task(run(database, job_id))
    await eventually(database, "select progress > 0 from training_jobs")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    job = await store.claim(database, "b", now_ns=NOW)
    assert job is not None
    assert (job.job_id, job.attempts) == (job_id, 1)


async def test_a_job_that_never_ends_is_given_up(database: Database) -> None:
    await history(database, ["A"], days=1)
    job_id = await training.file(database, tags=["A"], request=REQUEST)
    await database.execute("update training_jobs set attempts = 3")
    assert await run(database, job_id) == "failed"
    assert "begun {n} times" in (await training.job(database, job_id)).error


async def test_what_cannot_be_trained_fails_with_its_reason_and_the_others_go_on(database: Database) -> None:
    await history(database, ["SHORT"], days=0.2)
    await history(database, ["LONG"], days=5)
    job_id = await training.file(database, tags=["SHORT", "LONG"], request=REQUEST)
    assert await run(database, job_id) == "done"
    rows = {step.tag: step for step in await training.steps(database, job_id)}
    assert (rows["SHORT"].status, rows["LONG"].status) == ("failed", "done")
    assert rows["SHORT"].error_params["need"] > 0


async def test_two_claimants_never_get_the_same_job(database: Database) -> None:
    await history(database, ["A"], days=1)
    filed = {await training.file(database, tags=["A"], request=REQUEST) for _ in range(3)}
    claims = await asyncio.gather(*(store.claim(database, str(i), now_ns=NOW) for i in range(4)))
    assert {claim.job_id for claim in claims if claim} == filed


async def test_the_process_ends_when_it_is_killed() -> None:
    process = TrainingProcess(2048)
    await process.hear()
    assert process.memory_mb > 1
    process.kill()
    assert await process.hear() is None
    assert process.exit_status == -9


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"interval_s": 90}, "training.interval"),
        ({"interval_s": "300"}, "training.field"),
        ({"horizon": 0}, "training.field"),
        ({"horizon": None}, "training.incomplete"),
        ({"season": 1.5}, "training.field"),
        ({"history_days": 4000}, "training.field"),
        ({"params": [1]}, "training.incomplete"),
        ({"after": "now"}, "training.incomplete"),
    ],
)
async def test_the_database_checks_a_request(database: Database, change: dict[str, object], code: str) -> None:
    sensor = (await history(database, ["A"], days=0.01))["A"]
    job = store.NewJob([sensor], ["ridge"], {**REQUEST.plain(), **change})
    with pytest.raises(KnownError) as caught:
        await store.file(database, job)
    assert caught.value.code == code
    assert await database.fetchval("select count(*) from training_jobs") == 0


async def test_the_database_checks_tags_and_names(database: Database) -> None:
    sensor = (await history(database, ["A"], days=0.01))["A"]
    wrong = [
        (store.NewJob([], ["ridge"], REQUEST.plain()), "training.size"),
        (store.NewJob([sensor + 1], ["ridge"], REQUEST.plain()), "readings.unknown_sensor"),
        (store.NewJob([sensor], ["Ridge; drop"], REQUEST.plain()), "training.algorithm"),
        (store.NewJob([sensor], ["ridge"], REQUEST.plain(), 0.0), "training.limits"),
    ]
    for job, code in wrong:
        with pytest.raises(KnownError) as caught:
            await store.file(database, job)
        assert caught.value.code == code


@pytest.fixture
def logins(login_dsn: Callable[[str], str]) -> tuple[str, str]:
    """An engineer's and an operator's."""
    return login_dsn("ksys_engineer"), login_dsn("ksys_operator")


async def test_engineers_file_and_operators_do_not(database: Database, logins: tuple[str, str]) -> None:
    await history(database, ["A"], days=0.1)
    engineer, operator = [await Database.connect(dsn) for dsn in logins]
    try:
        job_id = await training.file(engineer, tags=["A"], request=REQUEST, station="desk 7")
        row = await database.fetchrow("select actor, station, after from audit_log where action = 'training.file'")
        assert row is not None
        assert (row["actor"], row["station"]) == ("test_ksys_engineer", "desk 7")
        assert json.loads(row["after"])["job_id"] == job_id
        for statement in ("update training_jobs set status = 'done'", "delete from training_jobs"):
            with pytest.raises(DeniedError):
                await engineer.execute(statement)
        with pytest.raises(KnownError, match="Only the service"):
            await store.file(engineer, store.NewJob([1], ["ridge"], REQUEST.plain(), origin="nightly"))
        for denied in (
            training.file(operator, tags=["A"], request=REQUEST),
            training.cancel(operator, job_id=job_id),
            training.repeat(operator, job_id=job_id),
        ):
            with pytest.raises(DeniedError):
                await denied
        assert (await training.jobs(operator))[0].job_id == job_id
    finally:
        await engineer.close()
        await operator.close()


async def test_what_is_possible_is_told_before(database: Database) -> None:
    await history(database, ["A"], days=5)
    found = await training.prospect(database, now_ns=NOW, tag="A", request=REQUEST)
    assert (found.season, found.feasibility.state, found.feasibility.available) == (96, "ok", 480)
    assert found.gaps == 0.0
    long = TrainingRequest(("ridge",), 900, 200, None, 5)
    short = await training.prospect(database, now_ns=NOW, tag="A", request=long)
    assert short.season == 96
    assert short.feasibility.state == "error"
    assert short.feasibility.missing_days == pytest.approx((short.feasibility.required - 480) / 96)
