"""Signs of life: how old data and heartbeat are, how far the clocks are apart, whether alarms are evaluated."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ksys_core.store.session import Pulse, pulse
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.presenters.evaluation import EvaluationWatch
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
    """Asks the database every 2 s; the answer corrects the runtime's clock and says whether alarms are evaluated."""

    period_s = POLL_S

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, StatusState())
        self._evaluation = EvaluationWatch()

    async def load(self) -> StatusState:
        sent = time.time_ns()
        answer: Pulse = await pulse(self.runtime.db)
        middle = (sent + time.time_ns()) // 2
        self.runtime.clock_offset_ns = answer.clock_ns - middle
        self.runtime.set_evaluation(self._evaluation.judge(answer))
        return StatusState(
            loading=False,
            newest_reading_ns=answer.newest_reading_ns,
            heartbeat_ns=answer.heartbeat_ns,
            clock_offset_ns=self.runtime.clock_offset_ns,
            filled=answer.filled,
        )
