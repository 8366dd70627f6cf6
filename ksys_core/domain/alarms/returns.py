"""Returns from a shelf whose time is up (T16) and from suppression that nobody demands any more (T19), staggered.

What neither stands nor is latched returns at once: nothing is annunciated. The others compete for `RETURNS` places in
any `WITHIN`, highest priority first, so that the end of a shutdown does not become a flood. Time decides, not readings:
returns happen at the instant to which time passes, also after an outage, for it is then that the operator sees them.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import FlagArray, IndexArray
from ksys_core.domain.alarms.regions import Work, unshelve, unsuppress
from ksys_core.domain.alarms.state import RETURNS, UNSHELVED, State
from ksys_core.domain.times import MINUTE

WITHIN: Final = 10 * MINUTE


def release(work: Work, now: int) -> None:
    """Let go what is due at `now` (ns) and has a place."""
    state = work.state
    over = (state.desk.shelf != UNSHELVED) & (state.desk.shelf_no > state.released) & (state.desk.until <= now)
    held = state.suppressed & ~state.wanted
    due = np.flatnonzero(over | held)
    if not len(due):
        return
    queued = due[_annunciated(state, over, held)[due]]
    at_once = np.setdiff1d(due, queued, assume_unique=True)
    order = np.lexsort(
        (work.definitions.alarm_id[queued], state.active_since[queued], work.definitions.priority[queued])
    )
    chosen = queued[order][: free_places(state, now)]
    if len(chosen):
        state.returns = np.append(state.returns, np.full(len(chosen), now, np.int64))[-RETURNS:]
    for rows in (at_once, np.sort(chosen)):
        unshelve(work, rows[over[rows]], _at(rows[over[rows]], now))
        unsuppress(work, rows[held[rows]], _at(rows[held[rows]], now))


def free_places(state: State, now: int) -> int:
    """How many alarms may return at `now`. Returns later than it do not count: the clock has been set back."""
    return RETURNS - int(np.count_nonzero((state.returns > now - WITHIN) & (state.returns <= now)))


def returning(state: State) -> FlagArray:
    """bool[n]: suppression is over, and the alarm waits for its place."""
    result: FlagArray = state.suppressed & ~state.wanted
    return result


def _annunciated(state: State, over: FlagArray, held: FlagArray) -> FlagArray:
    """bool[n]: the alarm would be shown, unacknowledged, once it is let go."""
    stands = (state.cond >= 2) | (state.latched > state.desk.reset)
    shelved = (state.desk.shelf != UNSHELVED) & (state.desk.shelf_no > state.released) & ~over
    hidden = state.desk.out_of_service | (state.suppressed & ~held) | shelved
    result: FlagArray = stands & ~hidden
    return result


def _at(rows: IndexArray, now: int) -> IndexArray:
    return np.full(len(rows), now, np.int64)
