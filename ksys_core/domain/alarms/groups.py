"""First-out: which alarm of a group was the first to become active."""

from __future__ import annotations

import numpy as np

from ksys_core.domain.alarms.columns import IntArray
from ksys_core.domain.alarms.regions import Work
from ksys_core.domain.alarms.state import A, State
from ksys_core.domain.alarms.transitions import ACT, RTN, Transitions


def mark_first_out(work: Work, before: State, transitions: Transitions) -> None:
    """Mark the alarm that became active before every other of its group that is active; the mark stays until then.

    What counts is when an alarm was detected, not when its tag's readings came: one that turns out to have been the
    earlier takes the mark. What had returned by the time it is known is not looked at again.
    """
    groups = work.definitions.group
    relevant = np.flatnonzero((groups[transitions.row] >= 0) & (transitions.event <= RTN))
    if not len(relevant):
        return
    active = _active(groups, np.unique(groups[transitions.row[relevant]]), before)
    for k in relevant.tolist():
        row = int(transitions.row[k])
        members = active[int(groups[row])]
        if transitions.event[k] == ACT:
            if members.goes_first(int(transitions.detected[k]), row):
                _mark(work, int(groups[row]), row)
        else:
            members.goes(row)


class _Active:
    """The alarms of a group that are active, by row, and which of them was the first."""

    def __init__(self) -> None:
        self._since: dict[int, int] = {}
        self._first: tuple[int, int] | None = None

    def goes_first(self, detected: int, row: int) -> bool:
        """Add an alarm; whether it was before all others, at one instant by row."""
        if self._first is None and self._since:
            self._first = min((since, other) for other, since in self._since.items())
        first = self._first is None or (detected, row) < self._first
        if first:
            self._first = detected, row
        self._since[row] = detected
        return first

    def goes(self, row: int) -> None:
        self._since.pop(row, None)
        if self._first is not None and self._first[1] == row:
            self._first = None


def _active(groups: IntArray, wanted: IntArray, before: State) -> dict[int, _Active]:
    found = {group: _Active() for group in wanted.tolist()}
    for row in np.flatnonzero((before.cond >= A) & np.isin(groups, wanted)).tolist():
        found[int(groups[row])].goes_first(int(before.detected[row]), row)
    return found


def _mark(work: Work, group: int, row: int) -> None:
    state = work.state
    members = np.flatnonzero(work.definitions.group == group)
    first = members == row
    work.changed[members[state.first_out[members] != first]] = True
    state.first_out[members] = first
