"""A recording played as live data is forecast each cycle, and its actuals are filled in."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.programs import ROOT, Programs, wait_for

pytestmark = pytest.mark.timeout(420)

ACTUALS = "select count(*) from forecast_results where actual is not null"
ISSUED = "select count(distinct issue_ts) from forecast_results where source = 'model'"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Eight days of minutes: a wave of two hours with a little saw on it."""
    path = tmp_path / "flow.csv"
    begin = datetime(2024, 3, 1, tzinfo=UTC)
    lines = [
        f"{begin + timedelta(minutes=i):%Y-%m-%d %H:%M:%S},{50 + 20 * math.sin(i * math.tau / 120) + i % 7 / 10:.3f}"
        for i in range(8 * 1440)
    ]
    path.write_text("time,FLOW\n" + "\n".join(lines) + "\n", "utf-8")
    return path


class Commands:
    """`ksys` on the test's database."""

    def __init__(self, programs: Programs) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KSYS_", "TS_DSN"))}
        self._environ = {**kept, "TS_DSN": programs.service_dsn, "LC_ALL": "C.UTF-8"}
        self._started: list[subprocess.Popen[str]] = []

    def begin(self, *words: str) -> subprocess.Popen[str]:
        program = "import sys; from ksys_core.cli import main; main(sys.argv[1:])"
        process = subprocess.Popen(
            [sys.executable, "-c", program, *words],
            cwd=ROOT,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, *words: str) -> str:
        """Standard output of a command that succeeds."""
        process = self.begin(*words)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return out

    def end_all(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()


@pytest.fixture
def ksys(programs: Programs) -> Iterator[Commands]:
    commands = Commands(programs)
    yield commands
    commands.end_all()


def test_a_replayed_recording_is_forecast_and_scored(programs: Programs, ksys: Commands, recording: Path) -> None:
    ksys.begin("replay", str(recording), "--speed", "60", "--history-days", "7", "--zone", "UTC")
    wait_for(lambda: programs.value("select count(*) from sensor_readings") > 7 * 1440, "history and live data", 60)
    programs.service(KSYS_JOBS__FORECAST_S="10", KSYS_JOBS__BACKFILL_S="10")
    said = ksys.run("models", "deploy", "REPLAY_FLOW", "--algorithm", "naive", "--interval", "1m", "--horizon", "5")
    assert "naive for REPLAY_FLOW" in said

    wait_for(lambda: programs.value(ISSUED) >= 3, "forecasts of three issue times", 200)
    wait_for(lambda: programs.value(ACTUALS) >= 3, "actuals", 90)
    doubled = "select count(*) - count(distinct (model_id, issue_ts, step)) from forecast_results"
    assert programs.value(doubled) == 0
    assert "REPLAY_FLOW: naive (model)" in ksys.run("forecast", "show", "REPLAY_FLOW")
