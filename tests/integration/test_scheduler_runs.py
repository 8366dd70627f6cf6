"""Runs of jobs on a real database: each slot once, every end written, requests of people."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor

import asyncpg
import pytest

from ksys_core.domain.times import SECOND
from ksys_core.errors import DeniedError, KnownError
from ksys_core.services.jobs import load_service_state, request_run
from ksys_core.settings import Settings
from ksys_core.store import scheduler, service_instances, sources
from ksys_core.store.pool import Database
from scheduler_service.context import JobContext
from scheduler_service.jobs import Job, job_table
from scheduler_service.leadership import ABANDONED
from scheduler_service.runner import CANCELLED, TOO_LONG, Outcome, Runner
from scheduler_service.schedule import Schedule

Work = Callable[[JobContext], Awaitable[int]]
SLOT = 1_760_000_000 * SECOND


def no_executor() -> Executor:
    return ThreadPoolExecutor(1)


async def seven(_context: JobContext) -> int:
    return 7


async def broken(_context: JobContext) -> int:
    raise ZeroDivisionError("by nothing")


async def refused(_context: JobContext) -> int:
    raise KnownError("test.refused", "The tag {tag} is refused.", tag="A")


async def endless(_context: JobContext) -> int:
    await asyncio.Event().wait()
    return 0


@pytest.fixture
async def runner(database: Database) -> Runner:
    return Runner(database, Settings(), uuid.uuid4(), no_executor)


@pytest.fixture
def people(login_dsn: Callable[[str], str]) -> dict[str, str]:
    """DSN of an engineer and of an operator."""
    return {name: login_dsn(f"ksys_{name}") for name in ("engineer", "operator")}


def job(work: Work, name: str = "work", interval_s: float | None = 3600.0, timeout_s: float | None = 30) -> Job:
    return Job(name, "Work", interval_s, work, timeout_s)


async def offered(db: Database, *jobs: Job) -> None:
    await scheduler.define_jobs(db, [one.definition() for one in jobs])


async def runs(db: Database) -> list[tuple[str, str, int | None]]:
    query = "select status, return_message, rows from scheduler.job_run_details order by runid"
    return [(row[0], row[1], row[2]) for row in await db.fetch(query)]


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait for the condition; the test's own time limit ends it."""
    while not await condition():  # noqa: ASYNC110 - the database has no event for it
        await asyncio.sleep(0.05)


async def test_a_slot_is_run_once_whoever_runs_it(database: Database, runner: Runner) -> None:
    await offered(database, job(seven))
    other = Runner(database, Settings(), uuid.uuid4(), no_executor)
    first, second = await asyncio.gather(runner.run(job(seven), SLOT), other.run(job(seven), SLOT))
    assert sorted([first is None, second is None]) == [False, True]
    assert await runner.run(job(seven), SLOT) is None
    assert await runner.run(job(seven), SLOT + SECOND) == Outcome("succeeded", rows=7)
    assert await runs(database) == [("succeeded", "", 7)] * 2


@pytest.mark.parametrize(
    ("work", "timeout_s", "message"),
    [
        (broken, 30, "ZeroDivisionError: by nothing"),
        (refused, 30, "The tag A is refused."),
        (endless, 0.05, TOO_LONG),
    ],
)
async def test_a_failure_is_written_and_goes_no_further(
    database: Database, runner: Runner, work: Work, timeout_s: float, message: str
) -> None:
    failing = job(work, timeout_s=timeout_s)
    await offered(database, failing)
    assert await runner.run(failing, SLOT) == Outcome("failed", message)
    assert await runs(database) == [("failed", message, None)]


async def test_a_cancelled_run_is_closed(database: Database, runner: Runner) -> None:
    await offered(database, job(endless))
    task = asyncio.create_task(runner.run(job(endless), SLOT))
    await until(lambda: database.fetchval("select true from scheduler.job_run_details"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await runs(database) == [("cancelled", CANCELLED, None)]


async def test_a_job_switched_off_or_not_offered_does_not_run(database: Database, runner: Runner) -> None:
    await offered(database, job(seven))
    await database.execute("update scheduler.job set active = false")
    assert await runner.run(job(seven), SLOT) is None
    await database.execute("update scheduler.job set active = true")
    assert await runner.run(job(seven), SLOT)
    await offered(database, job(seven, "other"))
    assert await runner.run(job(seven), SLOT + SECOND) is None
    assert len(await runs(database)) == 1
    assert [one.name for one in (await load_service_state(database)).jobs] == ["other"]


async def test_the_schedule_catches_up_runs_requests_and_closes_everything(database: Database, runner: Runner) -> None:
    jobs = [job(seven), job(endless, "endless", None, None), job(broken, "broken", None, None)]
    schedule = Schedule(database, runner, jobs)
    task = asyncio.create_task(schedule.run())
    succeeded = "select count(*) from scheduler.job_run_details where status = 'succeeded'"
    failed = "select count(*) from scheduler.job_run_details where status = 'failed'"
    await until(lambda: database.fetchval(f"select ({succeeded}) = 1"))
    await until(lambda: database.fetchval(f"select ({failed}) >= 2"))

    job_id = await scheduler.job_id(database, "work")
    slot = await request_run(database, job_id)
    schedule.look_for_requests()
    await until(lambda: database.fetchval(f"select ({succeeded}) = 2"))
    assert await database.fetchval("select requested_at is null from scheduler.job where jobname = 'work'")
    assert (await load_service_state(database)).jobs[0].next_run_ns == job(seven).slot(time.time_ns()) + 3600 * SECOND
    newest = "select extract(epoch from max(slot))::float8 from scheduler.job_run_details where jobid = $1"
    assert await database.fetchval(newest, job_id) == pytest.approx(slot / SECOND)

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await database.fetchval("select count(*) from scheduler.job_run_details where status = 'running'") == 0
    assert ("cancelled", CANCELLED, None) in await runs(database)


async def test_only_engineers_may_ask_for_a_run(database: Database, people: dict[str, str]) -> None:
    await offered(database, job(seven), job(endless, "endless", None))
    job_id = await scheduler.job_id(database, "work")
    await ask(people["engineer"], job_id)
    assert await database.fetchval("select count(*) from audit_log where action = 'job.request'") == 1
    with pytest.raises(DeniedError):
        await ask(people["operator"], job_id)
    with pytest.raises(KnownError, match="can't be run"):
        await ask(people["engineer"], await scheduler.job_id(database, "endless"))


async def ask(dsn: str, job_id: int) -> None:
    db = await Database.connect(dsn)
    try:
        await request_run(db, job_id)
    finally:
        await db.close()


async def test_a_new_leader_closes_what_is_open(database: Database, runner: Runner) -> None:
    await offered(database, job(endless))
    await scheduler.begin_run(
        database, name="work", slot=await database.fetchval("select now()"), pid=1, instance=uuid.uuid4()
    )
    connection = await asyncpg.connect(database.dsn)
    try:
        assert await scheduler.close_abandoned_runs(connection, ABANDONED) == 1
    finally:
        await connection.close()
    assert await runs(database) == [("failed", ABANDONED, None)]


async def test_the_state_of_the_service_tells_health(database: Database, runner: Runner) -> None:
    await offered(database, job(seven), job(refused, "refused"))
    assert not (await load_service_state(database)).healthy
    instance = uuid.uuid4()
    await service_instances.beat(
        database, instance=instance, host="h", pid=5, version="1", state="leading", leader=True, info={"memory_mb": 80}
    )
    await runner.run(job(seven), SLOT)
    state = await load_service_state(database)
    assert state.leader is not None
    assert state.leader.info == {"memory_mb": 80}
    assert state.healthy
    assert state.jobs[0].last_ok_rows == 7
    assert len(state.jobs[0].durations_s) == 1

    await runner.run(job(refused, "refused"), SLOT)
    state = await load_service_state(database)
    assert not state.healthy
    assert state.jobs[1].last_error == "The tag A is refused."

    await database.execute("update service_instances set heartbeat_at = now() - interval '1 min'")
    assert (await load_service_state(database)).leader is None
    await sources.ensure_source(database, "plant", "simulator", {})
    await sources.set_state(database, "plant", "failed", "no")
    assert (await load_service_state(database)).sources[0].last_error == "no"


async def test_lite_has_no_job_of_forecasting(database: Database) -> None:
    full = {one.name for one in job_table(Settings(), database)}
    lite = {one.name for one in job_table(Settings(version_type="LITE"), database)}
    no_ai = {one.name for one in job_table(Settings(enable_ai_features=False), database)}
    assert full - lite == {
        *("forecast", "backfill", "metrics", "drift", "demo_models"),
        *("lifecycle", "retraining", "advisories", "anomalies", "detectors"),
    }
    assert lite == no_ai
