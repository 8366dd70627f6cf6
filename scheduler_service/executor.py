"""The executor for CPU work: processes by default, made when first needed, gone with the service."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Final

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.services.compute import RestartingProcesses, begin_worker

WORKERS: Final = max(1, min(4, (os.cpu_count() or 2) - 1))


class LazyExecutor:
    """Gives one executor, started by the first who asks.

    Args:
        kind: ``processes`` or ``threads``; `KnownError` for another.
    """

    def __init__(self, kind: str) -> None:
        if kind not in ("processes", "threads"):
            raise KnownError(
                "executor.kind", N_("This version computes with processes or threads, not with {kind}."), kind=kind
            )
        self._kind = kind
        self._executor: Executor | None = None

    def __call__(self) -> Executor:
        if self._executor is None:
            self._executor = self._make()
        return self._executor

    def _make(self) -> Executor:
        if self._kind == "threads":
            return ThreadPoolExecutor(WORKERS, thread_name_prefix="ksys-work")
        return RestartingProcesses(WORKERS, begin_worker)

    def close(self) -> None:
        """End at once, whatever is being computed."""
        if self._executor is None:
            return
        self._executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.kill()
        self._executor = None
