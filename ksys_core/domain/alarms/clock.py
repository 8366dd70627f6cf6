"""A clock that is set back: what was read before it bears times to come, and would hide everything until then."""

from __future__ import annotations

import numpy as np

from ksys_core.domain.alarms.columns import UNSEEN, Definitions, IndexArray
from ksys_core.domain.alarms.state import State


def ahead_of(state: State, latest: int) -> IndexArray:
    """Tags (index) whose newest reading is later than `latest` (ns)."""
    return np.flatnonzero((state.last_t > latest) & (state.last_t != UNSEEN))


def set_back(state: State, definitions: Definitions, tags: IndexArray, now: int) -> State:
    """The state in which readings of `tags` after `now` (ns) count again; what stands, stands; delays run from then."""
    state = state.copy()
    state.last_t[tags] = now
    rows = np.flatnonzero(np.isin(definitions.sensor, tags))
    for column in (state.changed, state.accounted, state.since, state.flat_t):
        column[rows] = np.minimum(column[rows], now)
    return state
