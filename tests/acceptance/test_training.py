"""Training by the service: a killed one's job is done once by the next, cancelling and limits end its process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psutil
import pytest

from ksys_core.domain.times import MINUTE
from ksys_core.services import training
from ksys_core.services.training import TrainingRequest
from ksys_core.store.pool import Database
from tests.acceptance.programs import Programs, wait_for
from tests.integration.forecasting.plant import history

pytestmark = pytest.mark.timeout(300)
T = TypeVar("T")

STEPS = "select array_agg((model_id, finished_at)::text) from training_results"
TAGS = [f"FLOW_{i}" for i in range(6)]
SHORT = TrainingRequest(("auto_arima", "ridge"), 900, 6, 96, 6, folds=60)
LONG = TrainingRequest(("mstl", "auto_arima"), 60, 60, 1440, 8)


def asked(programs: Programs, work: Callable[[Database], Awaitable[T]]) -> T:
    """What ``work(db)`` gives, as the owner of the database."""

    async def ask() -> T:
        db = await Database.connect(programs.owner_dsn)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(ask())


def file(programs: Programs, tags: list[str], request: TrainingRequest, days: float, **limits: Any) -> int:
    fill(programs, tags, days)
    return asked(programs, lambda db: training.file(db, tags=tags, request=request, **limits))


def fill(programs: Programs, tags: list[str], days: float) -> None:
    """Tags with readings; before the service runs, whose roll-ups take half a minute to take in what comes late."""
    asked(programs, lambda db: history(db, tags, days=days, now=time.time_ns() // MINUTE * MINUTE))


def children(pid: int) -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    return found


def status(programs: Programs, job: int) -> str:
    found: str = programs.value("select status from training_jobs where job_id = $1", job)
    return found


def test_a_killed_service_s_job_is_done_once_by_the_next(programs: Programs) -> None:
    job = file(programs, TAGS, SHORT, 6)
    first = programs.service()
    wait_for(lambda: programs.value("select count(*) >= 3 from training_results"), "three steps")
    workers = children(first.pid)
    first.kill()
    first.wait(10)
    done = programs.value("select count(*) from training_results")
    before = programs.value(STEPS)
    assert 3 <= done < 2 * len(TAGS)
    wait_for(lambda: not any(worker.is_running() for worker in workers), "the end of the orphaned processes")
    assert status(programs, job) == "running"

    programs.service()
    wait_for(lambda: status(programs, job) == "done", "the job", 150)
    assert programs.value("select attempts from training_jobs") == 2
    after = programs.value(STEPS)
    assert set(before) <= set(after)
    assert len(after) == 2 * len(TAGS)
    assert programs.value("select count(*) from trained_models") == 2 * len(TAGS)
    assert programs.value("select count(distinct (sensor_id, algorithm)) from trained_models") == 2 * len(TAGS)


def test_cancelling_ends_the_process(programs: Programs) -> None:
    job = file(programs, ["A"], LONG, 8)
    service = programs.service()
    wait_for(lambda: programs.value("select progress > 0 from training_jobs"), "progress")
    (worker,) = [child for child in children(service.pid) if child.nice() > psutil.Process(service.pid).nice()]
    asked(programs, lambda db: training.cancel(db, job_id=job, reason="enough"))
    wait_for(lambda: status(programs, job) == "cancelled", "the end of the job", 20)
    named = "select phase || coalesce(claimed_by, '') from training_jobs"
    assert programs.value(named) == ""
    wait_for(lambda: not worker.is_running(), "the end of its process", 20)


def test_the_memory_limit_ends_a_job_and_the_service_goes_on(programs: Programs) -> None:
    request = TrainingRequest(("ridge",), 60, 400, 1, 8, folds=6)
    fill(programs, ["B"], 2)
    job = file(programs, ["A"], request, 8, memory_limit_mb=300)
    service = programs.service()
    wait_for(lambda: status(programs, job) == "failed", "the end of the job")
    assert "memory" in programs.value("select error from training_jobs")
    small = TrainingRequest(("naive",), 900, 6, 1, 2, folds=6)
    follow = asked(programs, lambda db: training.file(db, tags=["B"], request=small))
    wait_for(lambda: status(programs, follow) in ("done", "failed"), "the next job")
    assert programs.value("select error from training_jobs where job_id = $1", follow) == ""
    assert service.poll() is None
