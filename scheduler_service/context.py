"""What a job is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

from ksys_core.settings import Settings
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True)
class JobContext:
    """Handed to every run of a job.

    Attributes:
        executor: gives the executor for CPU work, made when first asked for.
        slot_ns: the instant this run was due, nanoseconds UTC.
        note_rows: tells how many rows a continuous job has handled so far.
    """

    db: Database
    settings: Settings
    executor: Callable[[], Executor]
    slot_ns: int
    note_rows: Callable[[int], None] = field(default=lambda _rows: None)
    clock: Callable[[], int] = time.time_ns
