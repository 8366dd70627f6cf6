"""The scheduler service as a process: life, end, loss and takeover."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from functools import partial

import pytest

from ksys_core.domain.times import DAY
from ksys_core.services.alarms_evaluator import evaluate_once
from ksys_core.services.plant_setup import install_demo_plant
from ksys_core.sources.simulator.tags import TAGS
from ksys_core.store.embedded import EmbeddedServer
from ksys_core.store.pool import Database
from tests.acceptance.programs import PATIENCE_S, Programs, kill_server, wait_for
from tests.integration.alarms_plant import build_plant

pytestmark = pytest.mark.timeout(400)

DUPLICATES = "select count(*) - count(distinct (jobid, slot)) from scheduler.job_run_details"
RUNNING = "select count(*) from scheduler.job_run_details where status = 'running'"


TWICE_RUNNING = "select count(*) - count(distinct jobid) from scheduler.job_run_details where status = 'running'"
READINGS = "select count(*) from sensor_readings"
# The first tag is one that no simulated outage touches.
FILLED = """
select count(*) = 180 from sensor_readings r join sensors using (sensor_id)
join sensor_latest l using (sensor_id)
where tag = $1 and r.ts > l.ts - interval '30 min' and r.ts <= l.ts
"""


async def with_plant(dsn: str) -> None:
    """Set up the simulated plant with 36 minutes of history."""
    db = await Database.connect(dsn, pool_min=1)
    await install_demo_plant(db, seed=1, history_days=0.025)
    await db.close()


def led_and_ran(programs: Programs, process: subprocess.Popen[str]) -> bool:
    return programs.leader() == process.pid and programs.runs_of(process) > 0


def test_it_runs_its_jobs_reports_them_and_ends_in_order(programs: Programs) -> None:
    process = programs.service()
    wait_for(lambda: led_and_ran(programs, process), "leading, with a run")
    status = programs.command("status", "--json")
    report = json.loads(status.stdout)
    assert status.returncode == 0, report
    assert report["healthy"]
    assert {"virtual_tags", "housekeeping"} <= {job["name"] for job in report["jobs"]}

    asked = programs.command("run-once", "housekeeping")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith("housekeeping: succeeded")
    by = "select count(*) from audit_log where action = 'job.request' and object = 'housekeeping' and actor = 'service'"
    assert programs.value(by) == 1

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE_S) == 0
    assert programs.value(RUNNING) == 0
    assert programs.value(DUPLICATES) == 0
    assert programs.value("select state from service_instances where pid = $1", process.pid) == "stopped"
    assert programs.command("status").returncode == 1


def test_killed_ten_times_it_leaves_nothing_twice_and_nothing_open(programs: Programs) -> None:
    asyncio.run(with_plant(programs.owner_dsn))
    counts = []
    for _ in range(10):
        process = programs.service()
        wait_for(partial(led_and_ran, programs, process), "leading, with a run")
        counts.append(programs.value(READINGS))
        process.kill()
        process.wait()
    last = programs.service()
    wait_for(lambda: led_and_ran(programs, last), "leading, with a run")
    open_runs = "select count(*) from scheduler.job_run_details where status = 'running' and job_pid <> $1"
    assert programs.value(open_runs, last.pid) == 0
    assert programs.value(DUPLICATES) == 0
    assert programs.value("select count(*) from service_instances where is_leader") == 1
    counts.append(programs.value(READINGS))
    assert counts == sorted(counts)
    wait_for(lambda: programs.value(FILLED, TAGS[0].tag), "the history is whole")


def test_while_it_is_killed_the_database_says_that_nobody_evaluates_alarms(programs: Programs) -> None:
    overdue = "select clock_timestamp() > next_at + interval '5 s' from alarm_evaluation"
    process = programs.service()
    wait_for(lambda: programs.value(overdue) is False, "the first pass, by the service's own login")
    process.kill()
    wait_for(lambda: programs.value(overdue), "a pass that does not come")
    programs.service()
    wait_for(lambda: programs.value(overdue) is False, "a pass of the next one")


def test_a_standby_takes_over_from_a_leader_that_is_killed_or_hangs(programs: Programs) -> None:
    first = programs.service()
    wait_for(lambda: led_and_ran(programs, first), "the first leads")
    second, third = programs.service(), programs.service()
    standing_by = "select count(*) from service_instances where state = 'standby'"
    wait_for(lambda: programs.value(standing_by) == 2, "two standing by")
    assert programs.leader() == first.pid

    first.kill()
    wait_for(lambda: programs.leader() in (second.pid, third.pid), "takeover from a killed leader", 10)
    leader, other = (second, third) if programs.leader() == second.pid else (third, second)
    wait_for(lambda: led_and_ran(programs, leader), "the new leader runs jobs")

    leader.send_signal(signal.SIGSTOP)
    wait_for(lambda: programs.leader() == other.pid, "takeover from a hanging leader", 10)
    leader.send_signal(signal.SIGCONT)
    state = "select state from service_instances where pid = $1"
    wait_for(lambda: programs.value(state, leader.pid) == "standby", "the one that hung stands by")
    assert programs.leader() == other.pid
    assert programs.value(DUPLICATES) == 0


async def with_an_alarm_of_yesterday(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.integration.alarms_plant.START", time.time_ns() - DAY)
    db = await Database.connect(dsn, pool_min=1)
    plant = await build_plant(db, 1)
    plant.now = plant.at(0)
    await plant.reads(0, 12.0)
    await evaluate_once(db, plant.clock)
    await db.close()


def test_it_writes_the_alarm_report_of_yesterday(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(with_an_alarm_of_yesterday(programs.owner_dsn, monkeypatch))
    ran = programs.command("run-once", "alarm_report")
    assert ran.stdout == "alarm_report: succeeded, rows 1, \n", ran.stderr
    (page,) = (programs.data_dir / "reports").iterdir()
    assert "PT-1 H" in page.read_text("utf-8")
    assert programs.command("run-once", "alarm_report").stdout == "alarm_report: succeeded, rows 0, \n"


def test_it_waits_out_a_killed_database(programs: Programs, own_server: EmbeddedServer) -> None:
    process = programs.service()
    wait_for(lambda: led_and_ran(programs, process), "leading, with a run")
    kill_server(own_server)
    own_server.start_or_adopt()
    before = programs.runs_of(process)
    wait_for(lambda: programs.leader() == process.pid and programs.runs_of(process) > before, "jobs go on")
    assert process.poll() is None
    wait_for(lambda: programs.value(TWICE_RUNNING) == 0, "closed")
    assert programs.value(DUPLICATES) == 0


def test_without_its_database_it_still_ends_in_time(programs: Programs, own_server: EmbeddedServer) -> None:
    process = programs.service()
    wait_for(lambda: led_and_ran(programs, process), "leading, with a run")
    kill_server(own_server)
    try:
        asked = programs.command("status")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 0
        assert (asked.returncode, asked.stderr.count("\n")) == (1, 1)
    finally:
        own_server.start_or_adopt()
    last = programs.service()
    wait_for(lambda: led_and_ran(programs, last), "leading again")
    open_runs = "select count(*) from scheduler.job_run_details where status = 'running' and job_pid <> $1"
    assert programs.value(open_runs, last.pid) == 0


def test_it_ends_with_its_parent(programs: Programs) -> None:
    process = programs.service(KSYS_PARENT_PIPE="1")
    wait_for(lambda: led_and_ran(programs, process), "leading, with a run")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    process.stdin = None


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"TS_DSN": ""}, "Set TS_DSN"),
        ({"KSYS_JOBS__FORECAST_S": "often"}, "forecast_s"),
        ({"TS_DSN": "postgresql://nobody@/nowhere?host=/nonexistent&port=1", "KSYS_WRONG": "1"}, "KSYS_WRONG"),
    ],
)
def test_a_wrong_configuration_is_one_line_and_status_78(
    programs: Programs, environ: dict[str, str], words: str
) -> None:
    outcome = programs.command("run", **environ)
    assert outcome.returncode == 78
    assert outcome.stderr.startswith("ksys-scheduler: ")
    assert words in outcome.stderr
    assert outcome.stderr.count("\n") == 1
