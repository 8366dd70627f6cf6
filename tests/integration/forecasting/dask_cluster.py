"""A real Dask scheduler with workers, as processes of their own on this machine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

REPOSITORY = Path(__file__).parents[3]
_READY = re.compile(r"(?:Scheduler at|Registered to): +\w+://([\d.]+:\d+)")
_ENVIRONMENT = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass
class LocalCluster:
    """`address` is the scheduler's ``host:port``; `processes` by name."""

    address: str = ""
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> str:
        """Begin a process of Dask's command line and wait until it is ready; the scheduler's address."""
        command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, **_ENVIRONMENT}, start_new_session=True
        )
        self.processes[name] = process
        assert process.stderr is not None
        return _address(process.stderr)

    def add_worker(self, name: str, *more: str) -> None:
        """One process with one thread."""
        own = ("--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", "--no-dashboard", "--name", name)
        self.start(name, "dask_worker", f"tcp://{self.address}", *own, *more)

    def kill(self, name: str) -> None:
        """As the machine would by losing power."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()


def _address(lines: IO[str]) -> str:
    for line in lines:
        if found := _READY.search(line):
            return found[1]
    raise AssertionError("Dask's process ended before it was ready")


@contextmanager
def local_cluster(workers: int) -> Iterator[LocalCluster]:
    """A scheduler and so many workers."""
    made = LocalCluster()
    try:
        made.address = made.start(
            "scheduler", "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"
        )
        for n in range(workers):
            made.add_worker(f"worker-{n}")
        yield made
    finally:
        for name in list(made.processes):
            made.kill(name)


def wait_for(path: Path, seconds: float = 60) -> None:
    """Until a worker has made the file `path`."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not come"
        os.sched_yield()
