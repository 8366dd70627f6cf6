"""How alarms behave in time: chattering, fleeting, stale and standing alarms, times to acknowledge and to return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ksys_core.domain.alarms.columns import FlagArray, FloatArray, IndexArray, IntArray, NsArray, SmallArray
from ksys_core.domain.alarms.transitions import ACT, EVENTS, RTN, SHLVEND
from ksys_core.domain.times import DAY, MINUTE, SECOND

ACK, SHLV, UNSHLV = EVENTS.index("ACK"), EVENTS.index("SHLV"), EVENTS.index("UNSHLV")
CHATTER_COUNT: Final = 3
CHATTER_WINDOW: Final = MINUTE
FLEETING: Final = 10 * SECOND
STALE: Final = DAY


@dataclass(frozen=True, slots=True, eq=False)
class JournalColumns:
    """Journal entries sorted by alarm and order of the journal.

    Attributes:
        alarm: int32. t: int64 ns. event: uint8 index into `EVENTS`. priority: int32. hidden: bool, the state after it.
    """

    alarm: IntArray
    t: NsArray
    event: SmallArray
    priority: IntArray
    hidden: FlagArray

    def only(self, chosen: FlagArray) -> JournalColumns:
        return JournalColumns(
            self.alarm[chosen], self.t[chosen], self.event[chosen], self.priority[chosen], self.hidden[chosen]
        )

    @property
    def annunciated(self) -> JournalColumns:
        """Activations that were not hidden, by time."""
        found = self.only((self.event == ACT) & ~self.hidden)
        order = np.argsort(found.t, kind="stable")
        return JournalColumns(*(getattr(found, name)[order] for name in JournalColumns.__dataclass_fields__))


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Spans of alarms: int64 `start` and `end` (ns; the end of the period for what lasts).

    Attributes:
        ended_by: int64 index into `EVENTS` of the entry that ended each; -1 for what lasts.
    """

    alarm: IntArray
    priority: IntArray
    start: NsArray
    end: NsArray
    ended_by: IndexArray

    @property
    def closed(self) -> FlagArray:
        return self.ended_by >= 0

    @property
    def length(self) -> NsArray:
        return self.end - self.start

    def only(self, chosen: FlagArray) -> Periods:
        return Periods(
            self.alarm[chosen], self.priority[chosen], self.start[chosen], self.end[chosen], self.ended_by[chosen]
        )


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of times in seconds (or shares in percent); None when there are none."""

    n: int
    p50: float | None
    p95: float | None


def periods(journal: JournalColumns, begin: FlagArray, finish: FlagArray, stop: int) -> Periods:
    """Spans from an entry of `begin` to the next one of `finish` of the same alarm, or to `stop`."""
    taken = begin | finish
    of, opens = journal.only(taken), begin[taken]
    again = np.append(False, opens[:-1] & (of.alarm[1:] == of.alarm[:-1])) if len(opens) else opens
    starts = np.flatnonzero(opens & ~again)
    group = np.cumsum(opens & ~again) - 1
    end = np.full(len(starts), stop, np.int64)
    ended_by = np.full(len(starts), -1, np.int64)
    ends = np.flatnonzero(~opens & (group >= 0))
    ends = ends[of.alarm[ends] == of.alarm[starts[group[ends]]]] if len(starts) else ends
    last = np.unique(group[ends], return_index=True)
    end[last[0]] = of.t[ends[last[1]]]
    ended_by[last[0]] = of.event[ends[last[1]]]
    return Periods(of.alarm[starts], of.priority[starts], of.t[starts], end, ended_by)


def active_periods(journal: JournalColumns, stop: int) -> Periods:
    """From activation to return."""
    return periods(journal, journal.event == ACT, journal.event == RTN, stop)


def shelved_periods(journal: JournalColumns, stop: int) -> Periods:
    return periods(journal, journal.event == SHLV, np.isin(journal.event, (UNSHLV, SHLVEND)), stop)


def acknowledged_periods(journal: JournalColumns, start: int, stop: int) -> Periods:
    """From an activation that was announced in ``[start, stop)`` to its acknowledgement.

    Activations again before it do not start anew. What was hidden on the way tells nothing of how fast somebody answers
    and is left out: so are occurrences acknowledged by shelving them once or by hand taking them off their shelf. What
    sounds again without an activation - a re-alarm, an acknowledgement that was withdrawn, a return from being hidden -
    is no activation and does not start a span either.
    """
    announced = (journal.event == ACT) & ~journal.hidden & (journal.t >= start)
    spans = periods(journal, announced, (journal.event == ACK) | journal.hidden, stop)
    return spans.only(spans.ended_by == ACK)


def mean_at_once(spans: Periods, start: int, stop: int) -> float:
    """Mean number of spans open at a time in ``[start, stop)``: standing or shelved alarms."""
    inside = np.minimum(spans.end, stop) - np.maximum(spans.start, start)
    return float(np.maximum(inside, 0).sum()) / (stop - start)


def chattering(journal: JournalColumns) -> dict[int, int]:
    """Alarms that activated three times or more within a minute, with the most activations in a minute."""
    of = journal.only(journal.event == ACT)
    found: dict[int, int] = {}
    for alarm in np.unique(of.alarm).tolist():
        t = np.sort(of.t[of.alarm == alarm])
        most = int((np.arange(1, len(t) + 1) - np.searchsorted(t, t - CHATTER_WINDOW, side="right")).max())
        if most >= CHATTER_COUNT:
            found[alarm] = most
    return found


def fleeting(journal: JournalColumns, stop: int) -> dict[int, int]:
    """Alarms that returned within ten seconds before anyone acknowledged and do not chatter, with how often."""
    spans = active_periods(journal, stop)
    brief = spans.closed & (spans.length < FLEETING)
    alarm, start, end = spans.alarm[brief], spans.start[brief], spans.end[brief]
    acks = journal.only(journal.event == ACK)
    acted = _entries_until(acks, alarm, end, "right") > _entries_until(acks, alarm, start, "left")
    counted = alarm[~acted & ~np.isin(alarm, list(chattering(journal)))]
    return dict(zip(*(each.tolist() for each in np.unique(counted, return_counts=True)), strict=True))


def _entries_until(entries: JournalColumns, alarm: IntArray, t: NsArray, side: Literal["left", "right"]) -> NsArray:
    """int64[k]: place of each (alarm, t) among the entries by alarm and time; `side` as of `numpy.searchsorted`."""
    times = np.unique(entries.t)
    width = len(times) + 1
    keys = np.sort(entries.alarm.astype(np.int64) * width + np.searchsorted(times, entries.t))
    return np.searchsorted(keys, alarm.astype(np.int64) * width + np.searchsorted(times, t, side=side))


def stale(spans: Periods, start: int, stop: int) -> NsArray:
    """int64[days]: alarms active for more than 24 h at some time of each UTC day that overlaps ``[start, stop)``."""
    first, last = start // DAY, -(-stop // DAY)
    since = spans.start + STALE
    days = np.arange(first, last) * DAY
    standing = (since[:, None] < np.minimum(days + DAY, stop)) & (spans.end[:, None] > np.maximum(since[:, None], days))
    per_day: NsArray = standing.sum(axis=0, dtype=np.int64)
    return per_day


def stale_now(spans: Periods, stop: int) -> dict[int, int]:
    """Alarms that have been active for more than 24 h at `stop`, with since when (ns)."""
    held = ~spans.closed & (spans.length > STALE)
    return dict(zip(spans.alarm[held].tolist(), spans.start[held].tolist(), strict=True))


def time_to_acknowledge(journal: JournalColumns, start: int, stop: int) -> dict[int, Percentiles]:
    """From activation to the acknowledgement, by priority; see `acknowledged_periods`."""
    return _by_priority(acknowledged_periods(journal, start, stop))


def time_to_return(journal: JournalColumns, stop: int) -> dict[int, Percentiles]:
    """From activation to return, by priority."""
    spans = active_periods(journal, stop)
    return _by_priority(spans.only(spans.closed))


def share_of_response(
    journal: JournalColumns, start: int, stop: int, response_s: Mapping[int, float]
) -> dict[int, Percentiles]:
    """Time to acknowledge in percent of the alarm's own maximum time to respond, by priority.

    Args:
        response_s: seconds by alarm; alarms without one are left out.
    """
    spans = acknowledged_periods(journal, start, stop)
    allowed = np.array([response_s.get(alarm, np.nan) for alarm in spans.alarm.tolist()], np.float64)
    percent = 100 * spans.length / SECOND / allowed
    return {p: percentiles(percent[(spans.priority == p) & np.isfinite(percent)]) for p in (1, 2, 3, 4)}


def percentiles(values: FloatArray) -> Percentiles:
    """Median and 95 % of `values`, linear between neighbours."""
    middle, high = np.percentile(values, [50, 95]).tolist() if len(values) else (None, None)
    return Percentiles(len(values), middle, high)


def _by_priority(spans: Periods) -> dict[int, Percentiles]:
    seconds: FloatArray = spans.length / SECOND
    return {p: percentiles(seconds[spans.priority == p]) for p in (1, 2, 3, 4)}
