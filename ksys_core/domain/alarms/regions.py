"""Annunciation, latch, shelf, re-alarm and suppression: what follows when a condition begins or ends, or time is up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ksys_core.domain.alarms.columns import Definitions, FlagArray, FloatArray, IndexArray, NsArray
from ksys_core.domain.alarms.isa import CodeArray, isa_of_bits
from ksys_core.domain.alarms.state import ONESHOT, A, N, State, active, isa, latched, regions, shelved
from ksys_core.domain.alarms.transitions import ACT, RALM, RTN, SHLVEND, SUPR, UNSUPR, Recorder, Transitions


@dataclass(slots=True, eq=False)
class Work:
    """A step under way: the new state, which rows differ from the stored ones, and what happened.

    Every function below takes rows without repetition.
    """

    definitions: Definitions
    state: State
    changed: FlagArray
    recorder: Recorder

    @classmethod
    def on(cls, definitions: Definitions, state: State) -> Work:
        """Work on a copy of `state`."""
        n = len(definitions)
        return cls(definitions, state.copy(), np.zeros(n, np.bool_), Recorder())

    def touch(self, rows: IndexArray, at: NsArray) -> None:
        """The condition of `rows` has changed, as of `at`."""
        self.state.changed[rows] = at
        self.changed[rows] = True

    def record(
        self, event: int, rows: IndexArray, source: NsArray, detected: NsArray, value: FloatArray, before: CodeArray
    ) -> None:
        """Note one event of each row; `before` are the ISA states it left."""
        if not len(rows):
            return
        bits = regions(self.state, rows)
        self.recorder.parts.append(
            Transitions(
                rows,
                np.full(len(rows), event, np.uint8),
                source.copy(),
                detected.copy(),
                value.copy(),
                self.state.limit[rows],
                self.state.occurrence[rows],
                before,
                isa_of_bits(bits),
                bits,
            )
        )


def annunciate(work: Work, rows: IndexArray) -> None:
    """A new occurrence, unacknowledged; it keeps or takes the latch."""
    state = work.state
    hold = latched(state, rows) | work.definitions.latching[rows]
    state.occurrence[rows] += 1
    state.latched[rows] = np.where(hold, state.occurrence[rows], state.latched[rows])


def activate(work: Work, rows: IndexArray, source: NsArray, detected: NsArray) -> None:
    """T1, T5, T13: the condition holds since `source`; `pending` is the value that crossed.

    While it is suppressed by design an alarm means nothing, so this is no new occurrence to acknowledge (T19: what is
    still active then returns unacknowledged, what has gone is normal), unless it latches. On a shelf or out of service
    it is one: there the operator is to learn of it afterwards.
    """
    state = work.state
    before = isa(state, rows)
    state.cond[rows] = A
    state.since[rows] = state.active_since[rows] = source
    state.detected[rows] = detected
    state.value[rows] = state.pending[rows]
    state.limit[rows] = work.definitions.limit[rows]
    state.entries[rows] = np.iinfo(np.int64).min
    annunciate(work, rows[~state.suppressed[rows] | work.definitions.latching[rows]])
    work.touch(rows, detected)
    work.record(ACT, rows, source, detected, state.value[rows], before)


def clear(work: Work, rows: IndexArray, source: NsArray, detected: NsArray) -> None:
    """T3, T6, T9, T11, and T17 for what is shelved once: back inside since `source`."""
    state = work.state
    before = isa(state, rows)
    state.cond[rows] = N
    state.since[rows] = source
    work.touch(rows, detected)
    work.record(RTN, rows, source, detected, state.pending[rows], before)
    once = (state.desk.shelf[rows] == ONESHOT) & shelved(state, rows)
    _release(work, rows[once], detected[once])


def _release(work: Work, rows: IndexArray, at: NsArray) -> None:
    before = isa(work.state, rows)
    work.state.released[rows] = work.state.desk.shelf_no[rows]
    work.changed[rows] = True
    work.record(SHLVEND, rows, at, at, work.state.value[rows], before)


def unshelve(work: Work, rows: IndexArray, at: NsArray) -> None:
    """T16, T17: the time of a shelf is up; what is active or latched returns unacknowledged (or waits for T19)."""
    state = work.state
    annunciate(work, rows[_stands(state, rows) & ~state.suppressed[rows]])
    _release(work, rows, at)


def realarm(work: Work, rows: IndexArray, at: NsArray) -> None:
    """T7: acknowledged too long ago and still active."""
    before = isa(work.state, rows)
    annunciate(work, rows)
    work.changed[rows] = True
    work.record(RALM, rows, at, at, work.state.value[rows], before)


def suppress(work: Work, rows: IndexArray, at: NsArray) -> None:
    """T18: hidden by design."""
    state = work.state
    before = isa(state, rows)
    state.suppressed[rows] = True
    work.changed[rows] = True
    work.record(SUPR, rows, at, at, state.value[rows], before)


def unsuppress(work: Work, rows: IndexArray, at: NsArray) -> None:
    """T19: hidden by design no longer; what is active or latched returns unacknowledged."""
    state = work.state
    before = isa(state, rows)
    state.suppressed[rows] = False
    annunciate(work, rows[_stands(state, rows)])
    work.changed[rows] = True
    work.record(UNSUPR, rows, at, at, state.value[rows], before)


def _stands(state: State, rows: IndexArray) -> FlagArray:
    result: FlagArray = active(state, rows) | latched(state, rows)
    return result
