"""Where CPU work runs when no service lends its executor: a pool of fresh processes, one thread of mathematics each."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def processes(workers: int = 1) -> Iterator[Executor]:
    """A pool of `workers` processes for the block. They read the thread limits when they load NumPy."""
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, "1")
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool
