"""Where CPU work runs: a pool of fresh processes, one thread of mathematics each, that outlives its workers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import SpawnContext
from typing import ParamSpec, TypeVar

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

P = ParamSpec("P")
T = TypeVar("T")


def spawning() -> SpawnContext:
    """What starts fresh processes; they read the limits of threads when they load NumPy."""
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, "1")
    return multiprocessing.get_context("spawn")


class RestartingProcesses(Executor):
    """A process pool that starts anew when a worker was killed; what ran then fails with `BrokenProcessPool`.

    Args:
        workers: number of processes.
        initializer: called in every worker before its first task.
    """

    def __init__(self, workers: int, initializer: Callable[[], None] | None = None) -> None:
        self._workers = workers
        self._initializer = initializer
        self._pool = self._made()

    def _made(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._workers, mp_context=spawning(), initializer=self._initializer)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenProcessPool:
            self._pool = self._made()
            return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


@contextmanager
def processes(workers: int = 1) -> Iterator[Executor]:
    """A pool of `workers` processes for the block."""
    with RestartingProcesses(workers) as pool:
        yield pool


def begin_worker() -> None:
    """A worker leaves Ctrl-C to its parent and ends when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True, name="ksys-parent").start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
