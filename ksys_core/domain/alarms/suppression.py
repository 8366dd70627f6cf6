"""Suppression by design: what rules demand, applied to the alarms (T18); the way back is `returns` (T19)."""

from __future__ import annotations

import numpy as np

from ksys_core.domain.alarms.columns import Definitions, FlagArray
from ksys_core.domain.alarms.engine import Step, step
from ksys_core.domain.alarms.regions import Work, suppress
from ksys_core.domain.alarms.state import State
from ksys_core.domain.alarms.transitions import Transitions
from ksys_core.domain.readings import ReadingBatch


def demand(state: State, definitions: Definitions, wanted: FlagArray, at: int) -> Step:
    """From `at` (ns) on, rules want exactly `wanted` (bool[n]) hidden: what is new is hidden now.

    What they want no longer returns as time passes (`engine.step` with `now`). Nothing else changes: an alarm keeps
    being evaluated and journaled, and its occurrences stay unacknowledged until someone acknowledges them.
    """
    work = Work.on(definitions, state)
    work.state.wanted = wanted.copy()
    rows = np.flatnonzero(wanted & ~state.suppressed)
    if len(rows):
        suppress(work, rows, np.full(len(rows), at, np.int64))
    return Step(work.state, work.recorder.result(), work.changed)


def step_with(
    state: State,
    definitions: Definitions,
    demands: list[tuple[int, FlagArray]],
    batch: ReadingBatch | None = None,
    now: int | None = None,
) -> Step:
    """`engine.step` with changes of what rules want in between: (instant, bool[n]) in time order.

    Readings earlier than an instant are evaluated before it, those from it on after it.
    """
    parts: list[Step] = []

    def take(done: Step) -> State:
        parts.append(done)
        return done.state

    for at, wanted in demands:
        if batch is not None and len(batch):
            early = batch.t < at
            if early.any():
                state = take(step(state, definitions, batch.only(early)))
                batch = batch.only(~early)
        state = take(demand(state, definitions, wanted, at))
    take(step(state, definitions, batch, now))
    if len(parts) == 1:
        return parts[0]
    changed = np.logical_or.reduce([part.changed for part in parts])
    return Step(parts[-1].state, _chained([part.transitions for part in parts]), changed)


def _chained(parts: list[Transitions]) -> Transitions:
    """One after another: the journal of an alarm must follow its states, whatever the instants."""
    columns = zip(*([getattr(part, name) for name in Transitions.__dataclass_fields__] for part in parts), strict=True)
    return Transitions(*(np.concatenate(column) for column in columns))
