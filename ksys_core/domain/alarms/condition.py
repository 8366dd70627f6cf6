"""The condition region: delays, counting and holding, driven by what `measure` says of each reading."""

from __future__ import annotations

from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import NEVER, UNSEEN, FlagArray, FloatArray, IndexArray, NsArray, SmallArray
from ksys_core.domain.alarms.isa import NORM
from ksys_core.domain.alarms.regions import Work, activate, clear, realarm
from ksys_core.domain.alarms.state import PEND_OFF, PEND_ON, UNCERTAIN, A, N, acked, active, isa, shelved

HOLD, INSIDE, BAND, OUT = range(4)
"""A reading against an alarm: of no use, normal, in the dead band, beyond the limit."""

_NO_EFFECT: Final = np.array(
    # HOLD   INSIDE BAND   OUT
    [
        [True, True, True, False],  # N
        [True, False, False, True],  # PEND_ON
        [True, False, True, True],  # A
        [True, True, False, False],  # PEND_OFF
    ]
)


def without_effect(cond: SmallArray, outcome: SmallArray) -> FlagArray:
    """True where a reading of the same quality as before changes nothing."""
    result: FlagArray = _NO_EFFECT[cond, outcome]
    return result


def deadlines(work: Work, rows: IndexArray) -> NsArray:
    """int64[3, len(rows)] ns: on-delay, off-delay, re-alarm; `NEVER` where it does not run.

    While the quality is bad or stale no delay ends: nothing activates or clears on values nobody has seen.
    """
    state, definitions = work.state, work.definitions
    cond = state.cond[rows]
    usable = state.quality[rows] <= UNCERTAIN
    since = state.since[rows]
    on = np.where((cond == PEND_ON) & usable, since + definitions.on_delay[rows], NEVER)
    off = np.where((cond == PEND_OFF) & usable, since + definitions.off_delay[rows], NEVER)
    delay = definitions.realarm[rows]
    repeats = (delay != NEVER) & active(state, rows) & acked(state, rows)
    repeats &= ~shelved(state, rows) & ~state.suppressed[rows] & ~state.desk.out_of_service[rows]
    again = np.where(repeats, state.desk.acked_at[rows] + np.where(repeats, delay, 0), NEVER)
    return np.stack([on, off, again])


def waiting(work: Work) -> IndexArray:
    """Rows for which time alone may change something."""
    state, definitions = work.state, work.definitions
    pending = (state.cond == PEND_ON) | (state.cond == PEND_OFF)
    repeats = (definitions.realarm != NEVER) & (state.cond == A)
    return np.flatnonzero(pending | repeats)


def not_over_before(work: Work, now: int) -> None:
    """Put off to `now` (ns) what waits and would have been over before."""
    state, definitions = work.state, work.definitions
    rows = waiting(work)
    on, off, _ = deadlines(work, rows)
    for due, delay in ((on, definitions.on_delay), (off, definitions.off_delay)):
        late = rows[due < now]
        state.since[late] = now - delay[late]
        work.changed[late] = True


def advance(work: Work, rows: IndexArray, to: NsArray) -> None:
    """Let time pass: every deadline up to and including `to`, each alarm's in its order."""
    while len(rows):
        due = deadlines(work, rows)
        which = due.argmin(axis=0)
        at = due[which, np.arange(len(rows))]
        hit = at <= to
        rows, to, which, at = rows[hit], to[hit], which[hit], at[hit]
        for number, act in enumerate((_on_delay_over, _off_delay_over, realarm)):
            chosen = which == number
            if chosen.any():
                act(work, rows[chosen], at[chosen])


def _on_delay_over(work: Work, rows: IndexArray, at: NsArray) -> None:
    activate(work, rows, work.state.since[rows], at)


def _off_delay_over(work: Work, rows: IndexArray, at: NsArray) -> None:
    clear(work, rows, work.state.since[rows], at)


def apply(
    work: Work, rows: IndexArray, t: NsArray, outcome: SmallArray, quality: SmallArray, value: FloatArray
) -> None:
    """One reading (or the onset of staleness) of each row, after `advance` to its time."""
    state = work.state
    was = state.quality[rows]
    recovered = (was > UNCERTAIN) & (quality <= UNCERTAIN)
    differs = was != quality
    state.quality[rows] = quality
    marked = rows[differs]
    work.changed[marked[(state.cond[marked] != N) | (isa(state, marked) != NORM)]] = True
    cond = state.cond[rows]
    for before, handle in ((N, _in_normal), (PEND_ON, _in_pend_on), (A, _in_active), (PEND_OFF, _in_pend_off)):
        chosen = (cond == before) & (outcome != HOLD)
        if chosen.any():
            handle(work, rows[chosen], t[chosen], outcome[chosen], value[chosen], recovered[chosen])


def _in_normal(
    work: Work, rows: IndexArray, t: NsArray, outcome: SmallArray, value: FloatArray, recovered: FlagArray
) -> None:
    out = outcome == OUT
    rows, t, value = rows[out], t[out], value[out]
    state, definitions = work.state, work.definitions
    state.pending[rows] = value
    at_once = (definitions.on_delay[rows] == 0) | _counted(work, rows, t)
    activate(work, rows[at_once], t[at_once], t[at_once])
    _wait(work, rows[~at_once], t[~at_once], PEND_ON)


def _counted(work: Work, rows: IndexArray, t: NsArray) -> FlagArray:
    """Note an entry at `t`; true where enough of them lie within the on-delay."""
    state, definitions = work.state, work.definitions
    result = np.zeros(len(rows), np.bool_)
    counts = definitions.count[rows]
    counting = np.flatnonzero(counts)
    if not len(counting):
        return result
    of = rows[counting]
    entries = state.entries[of]
    entries[:, 1:] = entries[:, :-1].copy()
    entries[:, 0] = t[counting]
    state.entries[of] = entries
    oldest = entries[np.arange(len(of)), counts[counting] - 1]
    result[counting] = (oldest != UNSEEN) & (oldest >= t[counting] - definitions.on_delay[of])
    return result


def _in_pend_on(
    work: Work, rows: IndexArray, t: NsArray, outcome: SmallArray, value: FloatArray, recovered: FlagArray
) -> None:
    back = outcome != OUT
    work.state.cond[rows[back]] = N
    work.state.since[rows[back]] = t[back]
    work.touch(rows[back], t[back])
    # Beyond the limit before and after a loss of quality counts as beyond it all the time: doubt speaks for the alarm.
    late = ~back & recovered & (work.state.since[rows] + work.definitions.on_delay[rows] <= t)
    activate(work, rows[late], work.state.since[rows[late]], t[late])


def _in_active(
    work: Work, rows: IndexArray, t: NsArray, outcome: SmallArray, value: FloatArray, recovered: FlagArray
) -> None:
    inside = outcome == INSIDE
    rows, t = rows[inside], t[inside]
    work.state.pending[rows] = value[inside]
    at_once = work.definitions.off_delay[rows] == 0
    clear(work, rows[at_once], t[at_once], t[at_once])
    _wait(work, rows[~at_once], t[~at_once], PEND_OFF)


def _in_pend_off(
    work: Work, rows: IndexArray, t: NsArray, outcome: SmallArray, value: FloatArray, recovered: FlagArray
) -> None:
    out = outcome != INSIDE
    work.state.cond[rows[out]] = A
    work.state.since[rows[out]] = work.state.active_since[rows[out]]
    work.touch(rows[out], t[out])
    again = ~out & recovered
    _wait(work, rows[again], t[again], PEND_OFF)


def _wait(work: Work, rows: IndexArray, t: NsArray, cond: int) -> None:
    work.state.cond[rows] = cond
    work.state.since[rows] = t
    work.touch(rows, t)
