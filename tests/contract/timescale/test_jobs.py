"""Every job of the scheduler service on TimescaleDB, with history of the simulated plant."""

from __future__ import annotations

import time

import pytest

from ksys_core.domain.times import DAY
from ksys_core.services.plant_setup import install_demo_plant
from ksys_core.settings_sources import load_settings
from ksys_core.sources.simulator.plant import SimulatedPlant
from ksys_core.sources.simulator.source import BoundPlant
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from scheduler_service.jobs import job_table
from scheduler_service.once import once

HISTORY_DAYS = 0.5


@pytest.fixture
async def plant(database: Database) -> Database:
    """The simulated plant with its newest history."""
    ids = await install_demo_plant(database, seed=1, history_days=HISTORY_DAYS)
    now = time.time_ns()
    await ingest(database, BoundPlant(SimulatedPlant(1), ids).batch(now - round(HISTORY_DAYS * DAY), now))
    return database


async def test_every_job_succeeds_and_leaves_its_run(plant: Database, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_settings(environ={"TS_DSN": plant.dsn, "KSYS_EXECUTOR": "threads"}).settings
    names = [job.name for job in job_table(settings, plant) if job.interval_s is not None]
    for name in names:
        assert await once(settings, name) == 0, capsys.readouterr().out
    runs = await plant.fetch(
        "select jobname, status from scheduler.job_run_details join scheduler.job using (jobid) order by runid"
    )
    assert [tuple(run) for run in runs] == [(name, "succeeded") for name in names]
