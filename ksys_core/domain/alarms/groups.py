"""First-out: which alarm of a group was the first to become active."""

from __future__ import annotations

import numpy as np

from ksys_core.domain.alarms.regions import Work
from ksys_core.domain.alarms.state import A, State
from ksys_core.domain.alarms.transitions import ACT, RTN, Transitions


def mark_first_out(work: Work, before: State, transitions: Transitions) -> None:
    """Mark the alarm that became active while no other of its group was; the mark stays until the next such time."""
    groups = work.definitions.group
    relevant = np.flatnonzero((groups[transitions.row] >= 0) & (transitions.event <= RTN))
    if not len(relevant):
        return
    active_of_group = np.bincount(groups[(groups >= 0) & (before.cond >= A)], minlength=int(groups.max()) + 1)
    for k in relevant.tolist():
        row = int(transitions.row[k])
        group = int(groups[row])
        if transitions.event[k] == ACT:
            if active_of_group[group] == 0:
                _mark(work, group, row)
            active_of_group[group] += 1
        else:
            active_of_group[group] -= 1


def _mark(work: Work, group: int, row: int) -> None:
    state = work.state
    members = np.flatnonzero(work.definitions.group == group)
    first = members == row
    work.changed[members[state.first_out[members] != first]] = True
    state.first_out[members] = first
