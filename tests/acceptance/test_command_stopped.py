"""Ctrl-C during an import: one line, a consistent database, and the same command takes it up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

ROWS = 200_000
PATIENCE_S = 60.0


def stored(dsn: str) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(dsn)
        try:
            found: int = await connection.fetchval("select count(*) from sensor_readings")
            return found
        finally:
            await connection.close()

    return asyncio.run(count())


def wait_for_rows(dsn: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while stored(dsn) == 0:
        assert process.poll() is None, "the import ended before it could be stopped"
        assert time.monotonic() < deadline, "the import stores nothing"
        time.sleep(0.05)


def command(*words: str) -> list[str]:
    program = "import sys; from ksys_core.cli import main; main(sys.argv[1:])"
    return [sys.executable, "-c", program, *words]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C of another process needs its console")
def test_import_stopped_by_ctrl_c_is_taken_up(dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    lines = (f"{1_600_000_000 + 10 * i},{i % 97},{i % 89},{i % 83}\n" for i in range(ROWS))
    path.write_text("t,A,B,C\n" + "".join(lines))
    words = command("import", "csv", str(path), "--create", "--json")
    environ = {**os.environ, "TS_DSN": dsn, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen(
        words,
        env=environ,
        cwd=tmp_path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - a runner may ignore it
    )
    wait_for_rows(dsn, process)
    process.send_signal(signal.SIGINT)
    told, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert told == ""
    assert complaint == "ksys: Stopped. The same command takes it up again.\n"
    before = stored(dsn)
    assert 0 < before < 3 * ROWS
    again = subprocess.run(words, env=environ, cwd=tmp_path, text=True, capture_output=True, check=True)
    summary = json.loads(again.stdout)
    assert (summary["inserted"], summary["unchanged"]) == (3 * ROWS - before, before)
    assert stored(dsn) == 3 * ROWS
