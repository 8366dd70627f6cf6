"""Short ways to run the engine in tests: times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.desk import Operation, operate
from ksys_core.domain.alarms.engine import Step, step
from ksys_core.domain.alarms.isa import ISA_STATES
from ksys_core.domain.alarms.state import State, isa
from ksys_core.domain.alarms.suppression import demand
from ksys_core.domain.alarms.transitions import EVENTS
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND


@dataclass
class Bench:
    """An engine on test: feeds readings, keeps what happened as (seconds, alarm, event)."""

    definitions: Definitions
    state: State = field(init=False)
    events: list[tuple[float, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = State.initial(self.definitions)

    def take(self, done: Step) -> None:
        self.state = done.state
        k = done.transitions
        for i in range(len(k)):
            alarm = int(self.definitions.alarm_id[k.row[i]])
            self.events.append((k.detected[i] / SECOND, alarm, EVENTS[k.event[i]]))

    def reads(self, *readings: tuple[float, float], sensor: int = 1, quality: int = 192) -> None:
        """(seconds, value) of one tag, in one batch."""
        times = [round(t * SECOND) for t, _ in readings]
        values = [value for _, value in readings]
        n = len(readings)
        self.take(step(self.state, self.definitions, ReadingBatch.of([sensor] * n, times, values, [quality] * n)))

    def takes(self, readings: list[tuple[int, int, float]], now: int | None = None) -> None:
        """(tag, second, value) of several tags, in one batch; then time passes."""
        if readings:
            tags, times, values = zip(*readings, strict=True)
            batch = ReadingBatch.of(tags, np.array(times) * SECOND, values)
            self.take(step(self.state, self.definitions, batch, None if now is None else now * SECOND))

    def passes(self, second: float) -> None:
        self.take(step(self.state, self.definitions, now=round(second * SECOND)))

    def does(self, operation: Operation, second: float, *, until: float = 1e6, once: bool = False) -> None:
        """An operator's action on every alarm."""
        rows = np.arange(len(self.definitions))
        self.state, _ = operate(self.state, operation, rows, round(second * SECOND), round(until * SECOND), once=once)

    def demands(self, second: float, *wanted: bool) -> None:
        """Rules want these alarms hidden; one value stands for all."""
        mask = np.broadcast_to(np.array(wanted), len(self.definitions))
        self.take(demand(self.state, self.definitions, mask, round(second * SECOND)))

    @property
    def states(self) -> list[str]:
        return [ISA_STATES[code] for code in isa(self.state, np.arange(len(self.definitions)))]


def one(kind: str = "H", limit: float = 10.0, **fields: object) -> Bench:
    """A bench with one alarm (id 1) of one tag (id 1)."""
    return Bench(Definitions.of(alarm_id=[1], sensor_id=[1], kind=kind, limit=[limit], **fields))  # type: ignore[arg-type]
