"""What a running training job tells of itself, and the patience it has with its database."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import stamina

from ksys_core.domain.times import to_datetime
from ksys_core.errors import DatabaseDownError

T = TypeVar("T")


class TakenError(Exception):
    """Another instance has claimed the job."""


@dataclass
class RunState:
    """What the heartbeat writes: steps that are done and part of the present one, its phase, new lines of the log."""

    steps: int
    done: int = 0
    part: float = 0.0
    phase: str = "read"
    detail: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    @property
    def progress(self) -> float:
        """0 to 1."""
        return min(1.0, (self.done + self.part) / max(self.steps, 1))

    def say(self, text: str) -> None:
        """Add a line to the log."""
        self.log.append(f"{to_datetime(time.time_ns()):%Y-%m-%d %H:%M:%S} UTC  {text}\n")

    def new_lines(self) -> str:
        """Lines that have not been written yet."""
        lines, self.log = self.log, []
        return "".join(lines)


async def patient(call: Callable[[], Awaitable[T]]) -> T:
    """What `call` gives, tried again for as long as the database is lost."""
    async for attempt in stamina.retry_context(
        on=DatabaseDownError, attempts=None, timeout=None, wait_initial=0.2, wait_max=3.0
    ):
        with attempt:
            return await call()
    raise AssertionError("retrying ends only by a result or an error")
