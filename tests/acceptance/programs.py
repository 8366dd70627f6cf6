"""Processes of the product under test, and what their database says."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from ksys_core.store.embedded import EmbeddedServer

ROOT = Path(__file__).parents[2]
SERVICE = (sys.executable, "-m", "scheduler_service")
OFTEN = {"KSYS_JOBS__VIRTUAL_TAGS_S": "1", "KSYS_JOBS__ROLLUP_S": "1"}
"""Settings under which there is a run each second."""


PATIENCE_S = 90.0
"""How long a loaded machine may take; what is promised is measured, not asserted."""


class Programs:
    """Service processes on one database, with one data folder."""

    def __init__(self, service_dsn: str, owner_dsn: str, data_dir: Path) -> None:
        self.service_dsn = service_dsn
        self.owner_dsn = owner_dsn
        self.data_dir = data_dir
        self._started: list[subprocess.Popen[str]] = []

    def service(self, **environ: str) -> subprocess.Popen[str]:
        """A running ``ksys-scheduler run``."""
        process = self._popen("run", **OFTEN, **environ)
        self._started.append(process)
        return process

    def command(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """The outcome of another command of the service."""
        process = self._popen(*arguments, **environ)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def _popen(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KSYS_", "TS_DSN"))}
        return subprocess.Popen(
            [*SERVICE, *arguments],
            cwd=ROOT,
            env={
                **kept,
                "TS_DSN": self.service_dsn,
                "KSYS_DATA_DIR": str(self.data_dir),
                "PYTHONUNBUFFERED": "1",
                **environ,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end_all(self) -> None:
        """Kill what still runs, and show what each said (pytest prints it when the test has failed)."""
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            _out, err = process.communicate()
            print(f"--- service {process.pid}, exit status {process.returncode}\n{err}")

    def value(self, query: str, *args: object) -> Any:
        """What `query` gives in the database."""

        async def ask() -> Any:
            connection = await asyncpg.connect(self.owner_dsn)
            try:
                return await connection.fetchval(query, *args)
            finally:
                await connection.close()

        return asyncio.run(ask())

    def leader(self) -> int | None:
        """Process id of the instance that leads and gave a heartbeat within the last 4 s."""
        pid: int | None = self.value(
            "select pid from service_instances where is_leader and heartbeat_at > clock_timestamp() - interval '4 s'"
        )
        return pid

    def runs_of(self, process: subprocess.Popen[str]) -> int:
        """How many runs the process has finished well."""
        count: int = self.value(
            "select count(*) from scheduler.job_run_details where job_pid = $1 and status = 'succeeded'", process.pid
        )
        return count


def kill_server(server: EmbeddedServer) -> None:
    """End the database server as a power cut would."""
    pid = server.pid
    assert pid is not None
    process = psutil.Process(pid)
    process.kill()
    process.wait(timeout=10)


def wait_for(condition: Callable[[], object], what: str, limit_s: float = PATIENCE_S) -> None:
    """Wait until `condition` holds; fails after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {limit_s} s"
        time.sleep(0.1)
