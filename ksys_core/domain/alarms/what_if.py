"""What another limit, dead band or delay would have done: one history, replayed once by each definition.

Both definitions are alarms of the same tag in one run of the engine, so they see the same readings in the same order.
What counts is when the operator is told (`detected`), not when the limit was crossed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import Definitions, FlagArray, IndexArray, NsArray
from ksys_core.domain.alarms.engine import step
from ksys_core.domain.alarms.kpi_periods import CHATTER_COUNT, CHATTER_WINDOW, Percentiles, percentiles
from ksys_core.domain.alarms.kpis import sliding_counts
from ksys_core.domain.alarms.state import State
from ksys_core.domain.alarms.transitions import ACT, RTN, Transitions
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND

PRESENT_ID: Final = 1
PROPOSED_ID: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Occurrences:
    """Alarms of one definition in time order, which do not overlap: int64 ns `start` (told) and `end` (returned)."""

    start: NsArray
    end: NsArray

    def __len__(self) -> int:
        return len(self.start)

    @property
    def length(self) -> NsArray:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One definition over the history.

    Attributes:
        annunciations: how often the operator is told. in_alarm_s: seconds from being told to return, summed.
        chattering: annunciations that are the third or a later one within a minute.
    """

    annunciations: int
    in_alarm_s: float
    chattering: int


@dataclass(frozen=True, slots=True)
class Missed:
    """An alarm of the present definition during which the proposed one is never active (ns)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What changes. Every present annunciation remains, is merged or is lost.

    Attributes:
        removed: percent of the annunciations that would not have come; negative: there would be more. None: no alarms.
        remaining: present annunciations that the proposed definition announces, too; `delay`: by how many seconds later
            (negative: earlier).
        merged: those that come while the proposed alarm still stands from before, so that nothing new is announced.
        merged_long: of these the ones that lasted at least as long as asked and were not told within that time before.
        lost: those without any proposed alarm; `lost_long`: of these the ones that lasted at least as long as asked.
        added: proposed annunciations at times without a present alarm.
    """

    before: Behaviour
    after: Behaviour
    removed: float | None
    remaining: int
    delay: Percentiles
    merged: int
    merged_long: int
    lost: int
    lost_long: tuple[Missed, ...]
    added: int


class Replay:
    """A history run through the engine piece by piece; each definition is an alarm of the same tag."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._state = State.initial(definitions)
        self._parts: list[Transitions] = []

    def take(self, batch: ReadingBatch) -> None:
        """Readings that follow those given before."""
        done = step(self._state, self._definitions, batch)
        self._state = done.state
        self._parts.append(done.transitions)

    def finish(self, stop: int) -> dict[int, Occurrences]:
        """Occurrences by alarm id, after time has passed to `stop` (ns)."""
        self._parts.append(step(self._state, self._definitions, now=stop).transitions)
        found = Transitions.joined(self._parts)
        of = self._definitions.alarm_id[found.row]
        return {alarm: _occurrences(found, of == alarm, stop) for alarm in self._definitions.alarm_id.tolist()}


def _occurrences(found: Transitions, chosen: FlagArray, stop: int) -> Occurrences:
    start = found.detected[chosen & (found.event == ACT)]
    end = found.detected[chosen & (found.event == RTN)]
    return Occurrences(start, np.append(end, np.full(len(start) - len(end), stop, np.int64)))


def compare(before: Occurrences, after: Occurrences, long_ns: int) -> WhatIf:
    """Set the occurrences of two definitions against each other; losses from `long_ns` on are named one by one."""
    announced, delay = _announced(before, after)
    rest = np.setdiff1d(np.arange(len(before)), announced)
    standing = _last_started(after, before.start[rest])
    merged = standing >= 0
    merged[merged] = after.end[standing[merged]] > before.start[rest[merged]]
    hidden = rest[merged]
    early = before.start[hidden] - after.start[standing[merged]]
    lost = rest[~merged]
    long = lost[before.length[lost] >= long_ns]
    return WhatIf(
        before=_behaviour(before),
        after=_behaviour(after),
        removed=100 * (len(before) - len(after)) / len(before) if len(before) else None,
        remaining=len(announced),
        delay=percentiles(delay / SECOND),
        merged=len(hidden),
        merged_long=int(((before.length[hidden] >= long_ns) & (early > long_ns)).sum()),
        lost=len(lost),
        lost_long=tuple(Missed(int(before.start[i]), int(before.end[i])) for i in long),
        added=len(after) - int((_meant(before, after) >= 0).sum()),
    )


def _meant(before: Occurrences, after: Occurrences) -> IndexArray:
    """For each proposed occurrence the present one it tells of (-1: none).

    That is the one active when it starts, else the first that starts while it stands.
    """
    during = _last_started(before, after.start)
    inside = during >= 0
    inside[inside] = before.end[during[inside]] >= after.start[inside]
    following = np.searchsorted(before.start, after.start)
    early = ~inside & (following < len(before))
    early[early] = before.start[following[early]] < after.end[early]
    return np.where(inside, during, np.where(early, following, -1))


def _announced(before: Occurrences, after: Occurrences) -> tuple[IndexArray, NsArray]:
    """Present occurrences that are told of (by index), and how much later (ns) the first time."""
    meant = _meant(before, after)
    some = np.flatnonzero(meant >= 0)
    announced, first = np.unique(meant[some], return_index=True)
    return announced, after.start[some[first]] - before.start[announced]


def _last_started(of: Occurrences, at: NsArray) -> IndexArray:
    """The last occurrence that has started by each instant; -1: none."""
    return np.searchsorted(of.start, at, side="right") - 1


def _behaviour(of: Occurrences) -> Behaviour:
    chattering = np.count_nonzero(sliding_counts(of.start, CHATTER_WINDOW) >= CHATTER_COUNT)
    return Behaviour(len(of), float(of.length.sum()) / SECOND, int(chattering))
