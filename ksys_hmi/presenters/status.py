"""The status line's facts: how old the data and the service's heartbeat are, how far the clocks are apart."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ksys_core.store.session import Pulse, pulse
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

POLL_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusState(PageState):
    """`newest_reading_ns` and `heartbeat_ns` are None when there is none at all, `filled` when no history is filled."""

    newest_reading_ns: int | None = None
    heartbeat_ns: int | None = None
    clock_offset_ns: int = 0
    filled: float | None = None


class StatusPresenter(Presenter[StatusState]):
    """Asks the database every 2 s; the runtime's clock is corrected by the answer."""

    period_s = POLL_S

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, StatusState())

    async def load(self) -> StatusState:
        sent = time.time_ns()
        answer: Pulse = await pulse(self.runtime.db)
        middle = (sent + time.time_ns()) // 2
        self.runtime.clock_offset_ns = answer.clock_ns - middle
        return StatusState(
            loading=False,
            newest_reading_ns=answer.newest_reading_ns,
            heartbeat_ns=answer.heartbeat_ns,
            clock_offset_ns=self.runtime.clock_offset_ns,
            filled=answer.filled,
        )
