"""The same cycle and training on a Dask cluster: a scheduler and two workers as processes."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ksys_core.errors import KnownError
from ksys_core.services import forecast, models
from ksys_core.services.cluster import Cluster, ClusterLost
from ksys_core.services.cluster_loop import NAME, running_loop
from ksys_core.services.models import TrainingPlan
from ksys_core.store.pool import Database
from scheduler_service.executor import LazyExecutor
from tests.integration.forecasting.dask_cluster import LocalCluster, local_cluster, wait_for
from tests.integration.forecasting.plant import NOW, history

pytestmark = pytest.mark.timeout(180)
TAGS = ("A", "B", "C")
ALGORITHMS = ("ridge", "auto_arima", "mstl")


@pytest.fixture(scope="module")
def local() -> Iterator[LocalCluster]:
    with local_cluster(2) as made:
        yield made


async def forecasts(db: Database, executor: Executor) -> list[tuple[object, ...]]:
    """Models trained and forecasts made by `executor`: all their numbers."""
    await db.execute("delete from forecast_results; delete from trained_models")
    for tag, algorithm in zip(TAGS, ALGORITHMS, strict=True):
        plan = TrainingPlan(algorithm, season=288 if algorithm == "mstl" else 1)
        await models.deploy(db, now_ns=NOW, executor=executor, tag=tag, plan=plan)
    assert await forecast.run_cycle(db, now_ns=NOW, executor=executor) == 36 * len(TAGS)
    query = """
    select s.tag, f.step, f.value, f.lo80, f.hi80, f.lo95, f.hi95, f.source, m.artefact_sha256
    from forecast_results f join trained_models m using (model_id) join sensors s on s.sensor_id = f.sensor_id
    order by 1, 2
    """
    return [tuple(row) for row in await db.fetch(query)]


async def test_the_same_numbers_to_the_bit(database: Database, local: LocalCluster) -> None:
    await history(database, TAGS)
    with closing(LazyExecutor("processes")) as processes:
        here = await forecasts(database, processes())
    with closing(LazyExecutor(f"dask://{local.address}")) as workers:
        there = await forecasts(database, workers())
    assert here == there
    assert {row[-2] for row in here} == {"model"}


def _own_process_or_death(folder: str) -> int:
    """The first worker that does this is killed; the other one gives its process."""
    mark = Path(folder) / "killed"
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return os.getpid()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _waits(folder: str) -> None:
    """Runs until the test is over."""
    Path(folder, "begun").touch()
    while not Path(folder, "over").exists():
        os.sched_yield()


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    with local_cluster(2) as made, Cluster(f"dask://{made.address}") as workers:
        results = [workers.submit(_own_process_or_death, str(tmp_path)) for _ in range(6)]
        pids = {result.result(60) for result in results}
        assert (tmp_path / "killed").exists()
        left = {name: process.pid for name, process in made.processes.items() if process.poll() is None}
        assert pids <= set(left.values())


def test_a_lost_cluster_is_told_and_a_new_one_taken(tmp_path: Path) -> None:
    with local_cluster(1) as made, Cluster(f"dask://{made.address}") as workers:
        under_way = workers.submit(_waits, str(tmp_path))
        wait_for(tmp_path / "begun")
        made.kill("worker-0")
        made.kill("scheduler")
        with pytest.raises((ClusterLost, KnownError)):
            under_way.result(60)
        with pytest.raises(KnownError) as caught:
            workers.submit(os.getpid).result(60)
        assert caught.value.code == "executor.unreachable"
        assert f"dask://{made.address}" in str(caught.value)

        port = made.address.rpartition(":")[2]
        made.start("scheduler", "dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show")
        with pytest.raises(KnownError) as caught:
            workers.submit(os.getpid).result(60)
        assert caught.value.code == "executor.no_workers"
        made.add_worker("worker-1")
        assert workers.submit(os.getpid).result(60) == made.processes["worker-1"].pid


async def test_a_cycle_without_its_cluster_fails_by_name(database: Database) -> None:
    await history(database, ["A"])
    with closing(LazyExecutor("threads")) as threads:
        await models.deploy(database, now_ns=NOW, executor=threads(), tag="A", plan=TrainingPlan("ridge", season=1))
    with closing(LazyExecutor("dask://127.0.0.1:9")) as nobody, pytest.raises(KnownError) as caught:
        await forecast.run_cycle(database, now_ns=NOW, executor=nobody())
    assert caught.value.code == "executor.unreachable"
    assert "executor = dask://127.0.0.1:9" in str(caught.value)
    assert await database.fetchval("select count(*) from forecast_results") == 0


def test_other_versions_are_refused(local: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def newer(name: str) -> str:
        return "99.0" if name == "numpy" else version(name)

    monkeypatch.setattr("ksys_core.services.cluster.version", newer)
    with Cluster(f"dask://{local.address}") as workers, pytest.raises(KnownError) as caught:
        workers.submit(os.getpid).result(60)
    assert caught.value.code == "executor.versions"
    assert f"numpy {np.__version__}, this program has 99.0" in str(caught.value)


def test_what_fails_on_a_worker_fails_here_as_it_would(local: LocalCluster) -> None:
    with Cluster(f"dask://{local.address}") as workers:
        with pytest.raises(ZeroDivisionError):
            workers.submit(divmod, 1, 0).result(60)
        assert workers.submit(divmod, 7, 2).result(60) == (3, 1)


def test_encryption_without_certificates_is_named() -> None:
    with Cluster("dask+tls://127.0.0.1:9") as workers, pytest.raises(KnownError) as caught:
        workers.submit(os.getpid).result(60)
    assert caught.value.code == "executor.unreachable"


def test_a_client_that_reached_nothing_leaves_nothing_to_be_collected() -> None:
    """Whatever collects it, be it the loop of the clients: a warning fails the test."""

    async def collect() -> None:
        gc.collect()

    with Cluster("dask+tls://127.0.0.1:9") as workers, pytest.raises(KnownError):
        workers.submit(os.getpid).result(60)
    loop: Any = running_loop()
    asyncio.run_coroutine_threadsafe(collect(), loop.asyncio_loop).result(60)


def test_dasks_own_loop_with_its_ten_seconds_is_not_used(local: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: object, **_more: object) -> None:
        raise AssertionError("a loop that has to begin within ten seconds")

    monkeypatch.setattr("distributed.utils._CollectErrorThread", refused)
    with Cluster(f"dask://{local.address}") as workers:
        assert workers.submit(divmod, 7, 2).result(60) == (3, 1)
    assert [thread.name for thread in threading.enumerate()].count(NAME) == 1


def test_work_is_cancelled(local: LocalCluster, tmp_path: Path) -> None:
    with Cluster(f"dask://{local.address}") as workers:
        running = [workers.submit(_waits, str(tmp_path)) for _ in range(2)]
        wait_for(tmp_path / "begun")
        waiting = workers.submit(os.getpid)
        assert waiting.cancel()
        (tmp_path / "over").touch()
        for one in running:
            one.result(60)
