"""The executor for CPU work: processes by default, made when first needed, gone with the service."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Final

from ksys_core.services.cluster import ENCRYPTED, PLAIN, Cluster
from ksys_core.services.compute import RestartingProcesses, begin_worker

WORKERS: Final = max(1, min(4, os.cpu_count() or 1))
NICE: Final = 5
"""Workers give way to the service, which collects and evaluates alarms on the same cores."""


class LazyExecutor:
    """Gives one executor, started by the first who asks.

    Args:
        kind: the setting: ``processes``, ``threads`` or the address of a Dask cluster.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._executor: Executor | None = None

    def __call__(self) -> Executor:
        if self._executor is None:
            self._executor = self._make()
        return self._executor

    def _make(self) -> Executor:
        if self._kind == "threads":
            return ThreadPoolExecutor(WORKERS, thread_name_prefix="ksys-work")
        if self._kind.startswith((PLAIN, ENCRYPTED)):
            return Cluster(self._kind)
        return RestartingProcesses(WORKERS, _begin)

    def close(self) -> None:
        """End at once, whatever is being computed."""
        if self._executor is None:
            return
        self._executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.kill()
        self._executor = None


def _begin() -> None:
    """A worker of the service gives way to it."""
    begin_worker()
    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICE)
