"""Whether alarms are evaluated, judged by the database's clock alone."""

from __future__ import annotations

from typing import Final

from ksys_core.domain.times import SECOND
from ksys_core.store.session import Pulse
from ksys_hmi.runtime import Evaluation

LATE_NS: Final = 5 * SECOND
"""Alarms are not evaluated when a pass is overdue by more; less is a busy moment of the service."""
START_NS: Final = 30 * SECOND
"""How long a screen that has just started waits for its first pass: the service may be starting beside it."""


class EvaluationWatch:
    """Judges one pulse after the other. A screen waits `START_NS` for a first pass of its own time; after that one no
    longer than `LATE_NS` for the next: what is left from before its start says nothing of a service that starts now."""

    def __init__(self) -> None:
        self._began_ns: int | None = None
        self._seen = False

    def judge(self, pulse: Pulse) -> Evaluation:
        """What `pulse` says of the evaluation."""
        if self._began_ns is None:
            self._began_ns = pulse.clock_ns
        self._seen = self._seen or (pulse.evaluated_ns or 0) > self._began_ns
        if pulse.evaluation_due_ns is not None and pulse.clock_ns - pulse.evaluation_due_ns <= LATE_NS:
            return Evaluation("on")
        if not self._seen and pulse.clock_ns - self._began_ns < START_NS:
            return Evaluation("awaited")
        return Evaluation("never") if pulse.evaluated_ns is None else Evaluation("stopped", pulse.evaluated_ns)
