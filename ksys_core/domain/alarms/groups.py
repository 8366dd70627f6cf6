"""First-out: which alarm of a group was the first to become active.

A spell is a time in which one alarm was active; spells that overlap or touch are one episode of their group. The mark
is on the alarm whose spell began the newest episode, at one instant on the first row, and stays until the next begins.

What counts is when alarms came and went, not when that became known: a delay that has run out is told by a tag's next
reading, and tags lag behind one another. So spells are kept when they are over, and whatever comes in between them
later finds the episodes as if it had been known at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import (
    NEVER,
    UNSEEN,
    Definitions,
    FlagArray,
    IndexArray,
    IntArray,
    NsArray,
    SmallArray,
)
from ksys_core.domain.alarms.regions import Work
from ksys_core.domain.alarms.state import A, Spells, State
from ksys_core.domain.alarms.transitions import ACT, RTN, Transitions
from ksys_core.domain.times import MINUTE

LATE: Final = MINUTE
"""How far behind the time that has passed a reading may come and still find every spell as it was."""


def mark_first_out(work: Work, before: State, transitions: Transitions) -> None:
    """Mark the first of each group in which an alarm came or went, and keep the spells that are over."""
    groups = work.definitions.group
    told = np.flatnonzero((groups[transitions.row] >= 0) & (transitions.event <= RTN))
    if not len(told):
        return
    state = work.state
    row = transitions.row[told]
    state.spells = state.spells.and_also(_over(before, row, transitions.event[told], transitions.detected[told]))
    _mark(work, np.unique(groups[row]))


def mark_anew(work: Work) -> None:
    """Mark the first of each group of which anything is known: alarms may have left groups and come into them."""
    groups, state = work.definitions.group, work.state
    alone = np.flatnonzero(state.first_out & (groups < 0))
    state.first_out[alone] = False
    work.changed[alone] = True
    state.spells = state.spells.only(groups[state.spells.row] >= 0)
    known = np.unique(groups[np.concatenate([state.spells.row, np.flatnonzero((state.cond >= A) & (groups >= 0))])])
    if len(known):
        _mark(work, known)


def _mark(work: Work, wanted: IntArray) -> None:
    state = work.state
    found = _episodes(state, work.definitions, wanted)
    members = np.flatnonzero(np.isin(work.definitions.group, wanted))
    first = np.isin(members, found.row[found.begins][found.newest])
    work.changed[members[state.first_out[members] != first]] = True
    state.first_out[members] = first


def forget(state: State, definitions: Definitions, now: int) -> None:
    """Drop what no reading later than `now` (ns) less `LATE` can change.

    Of an episode that goes on its first spell remains, prolonged by what those that are dropped add to it; of the
    newest one of a group, too.
    """
    over = state.spells.end < now - LATE
    groups = definitions.group[state.spells.row]
    wanted, each = np.unique(groups[over], return_counts=True)
    wanted = wanted[each > 1]
    if not len(wanted):
        return
    others = state.spells.only(~np.isin(groups, wanted))
    found = _episodes(state, definitions, wanted)
    over = found.end < now - LATE
    starts = np.flatnonzero(found.begins)
    lasts = np.maximum.reduceat(np.where(over, found.end, UNSEEN), starts)
    goes_on = np.logical_or.reduceat(~over, starts) | found.newest
    first = starts[goes_on & over[starts]]
    found.end[first] = lasts[goes_on & over[starts]]
    kept = ~over
    kept[first] = True
    kept &= found.end != NEVER
    state.spells = others.and_also(Spells(found.row[kept], found.start[kept], found.end[kept]))


def _over(before: State, row: IndexArray, event: SmallArray, detected: NsArray) -> Spells:
    """The spells that have ended; `row`, `event`, `detected` tell what came and went, each alarm's in its order."""
    order = np.argsort(row, kind="stable")
    row, event, detected = row[order], event[order], detected[order]
    ends = np.flatnonzero(event == RTN)
    came = (ends > 0) & (row[ends - 1] == row[ends]) & (event[ends - 1] == ACT)
    start = np.where(came, detected[ends - 1], before.detected[row[ends]])
    return Spells(row[ends], start, np.maximum(start, detected[ends]))


@dataclass(frozen=True, slots=True, eq=False)
class _Episodes:
    """`k` spells of some groups in `e` episodes, sorted by group, start and row.

    Attributes:
        row, start, end: int64[k] as in `Spells`; end is `NEVER` for what is active.
        begins: bool[k], nothing of the group was active before. newest: bool[e], the group's newest episode.
    """

    row: IndexArray
    start: NsArray
    end: NsArray
    begins: FlagArray
    newest: FlagArray


def _episodes(state: State, definitions: Definitions, wanted: IntArray) -> _Episodes:
    """The spells of the groups `wanted`, with those that go on."""
    chosen = state.spells.only(np.isin(definitions.group[state.spells.row], wanted))
    active = np.flatnonzero((state.cond >= A) & np.isin(definitions.group, wanted))
    spells = chosen.and_also(Spells(active, state.detected[active], np.full(len(active), NEVER, np.int64)))
    order = np.lexsort((spells.row, spells.start, definitions.group[spells.row]))
    spells = spells.only(order)
    group = definitions.group[spells.row]
    new_group = np.append(True, group[1:] != group[:-1])
    begins = new_group.copy()
    begins[1:] |= spells.start[1:] > _reached(new_group, spells.end)[:-1]
    last = np.append(new_group[1:], True)
    newest = np.logical_or.reduceat(last, np.flatnonzero(begins))
    return _Episodes(spells.row, spells.start, spells.end, begins, newest)


def _reached(new_group: FlagArray, end: NsArray) -> NsArray:
    """The latest end so far within each group: maxima of ranks, which lie higher in every further group."""
    ends = np.sort(end)
    rank = np.searchsorted(ends, end)
    highest = np.maximum.accumulate(np.cumsum(new_group) * len(end) + rank)
    result: NsArray = ends[highest % len(end)]
    return result
