"""How well detections tell of labelled events: recall, precision, false ones a day, lead time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ksys_core.domain.series import TimeArray
from ksys_core.domain.times import DAY, SECOND


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Labelled events: int64 ns `start` and `end`, of one length, in any order."""

    start: TimeArray
    end: TimeArray

    def __len__(self) -> int:
        return len(self.start)

    def within(self, start: int, stop: int) -> Events:
        """Those that overlap ``[start, stop)``."""
        inside = (self.end > start) & (self.start < stop)
        return Events(self.start[inside], self.end[inside])


@dataclass(frozen=True, slots=True)
class Score:
    """What `detections` detections tell of `events` events.

    A detection is true when it comes during an event, or up to the early time before one; `hits` are those. An event is
    found when a detection tells of it.

    Attributes:
        days: days of the period outside the events and the early times before them.
        leads_s: of each event found, seconds from its first detection to its begin (negative: after it), rising.
    """

    events: int
    found: int
    detections: int
    hits: int
    days: float
    leads_s: tuple[float, ...]

    @property
    def recall(self) -> float | None:
        """Share of the events that were found; None without events."""
        return self.found / self.events if self.events else None

    @property
    def precision(self) -> float | None:
        """Share of the detections that are true; None without detections."""
        return self.hits / self.detections if self.detections else None

    @property
    def false_a_day(self) -> float | None:
        """False detections a day outside the events; None when there is no such time."""
        return (self.detections - self.hits) / self.days if self.days > 0 else None

    @property
    def lead_s(self) -> float | None:
        """Median lead time; None when nothing was found."""
        return float(np.median(self.leads_s)) if self.leads_s else None

    def __add__(self, other: Self) -> Score:
        return Score(
            self.events + other.events,
            self.found + other.found,
            self.detections + other.detections,
            self.hits + other.hits,
            self.days + other.days,
            tuple(sorted(self.leads_s + other.leads_s)),
        )


def score(detections: TimeArray, events: Events, start: int, stop: int, *, early: int) -> Score:
    """Hold `detections` (int64 ns, any order) of ``[start, stop)`` against the events that overlap it.

    Args:
        early: ns before an event in which a detection counts as telling of it.
    """
    t = np.sort(detections[(detections >= start) & (detections < stop)])
    meant = events.within(start, stop)
    begins, ends = meant.start - early, meant.end
    first = np.searchsorted(t, begins, side="left")
    after = np.searchsorted(t, ends, side="right")
    found = after > first
    leads = (meant.start[found] - t[first[found]]) / SECOND
    told = np.zeros(len(t), np.bool_)
    for a, b in zip(first.tolist(), after.tolist(), strict=True):
        told[a:b] = True
    quiet = (stop - start) - _covered(begins, ends, start, stop)
    return Score(len(meant), int(found.sum()), len(t), int(told.sum()), quiet / DAY, tuple(sorted(leads.tolist())))


def _covered(begins: TimeArray, ends: TimeArray, start: int, stop: int) -> int:
    """ns of ``[start, stop)`` that at least one span covers."""
    total, reached = 0, start
    for begin, end in sorted(zip(begins.tolist(), ends.tolist(), strict=True)):
        total += max(0, min(end, stop) - max(begin, reached))
        reached = max(reached, min(end, stop))
    return total
