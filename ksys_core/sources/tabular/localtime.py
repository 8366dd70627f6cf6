"""From the time of a clock on the wall to the instant, through the hours at which clocks are changed.

In the hour that is left out there is no instant. In the hour that comes twice, readings are taken in the order of the
file: the first pass is summer time; from where the clock steps back or repeats, it is winter time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import TimeArray
from ksys_core.domain.times import SECOND, to_datetime, to_ns

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the offset at the instant `at`; all ns."""

    at: int
    before: int
    after: int


def _offset(zone: ZoneInfo, ns: int) -> int:
    return int((to_datetime(ns).astimezone(zone).utcoffset() or timedelta()).total_seconds()) * SECOND


@cache
def changes(zone: ZoneInfo, year: int) -> tuple[Change, ...]:
    """The changes of a year (UTC), found by halving the days on which the offset differs from the day before."""
    found = []
    start = datetime(year, 1, 1, tzinfo=UTC)
    edges = [to_ns(start + timedelta(days=day)) for day in range(367 if year % 4 == 0 else 366)]
    offsets = [_offset(zone, edge) for edge in edges]
    for i in np.flatnonzero(np.diff(offsets)):
        low, high = edges[i], edges[i + 1]
        while high - low > SECOND:
            middle = (low + high) // (2 * SECOND) * SECOND
            low, high = (middle, high) if _offset(zone, middle) == offsets[i] else (low, middle)
        found.append(Change(high, offsets[i], offsets[i + 1]))
    return tuple(found)


class WallClock:
    """Places the wall-clock times of one file, given piece by piece in its order.

    Args:
        zone: of the clock.
        descending: the file goes from new to old.
    """

    def __init__(self, zone: ZoneInfo, descending: bool = False) -> None:
        self._zone = zone
        self._descending = descending
        self._passes: dict[tuple[int, int], tuple[int, bool]] = {}

    def to_utc(self, local: TimeArray, group: npt.NDArray[np.int32]) -> tuple[TimeArray, Mask]:
        """Instants (ns UTC) and where there is none.

        Args:
            local: wall-clock times as ns since 1970-01-01 00:00 of the wall clock.
            group: number of the tag whose readings follow one another in time; all 0 when a row has one time.
        """
        missing = np.zeros(len(local), np.bool_)
        if not len(local):
            return local, missing
        offset = np.full(len(local), _offset(self._zone, int(local.min()) - 172_800 * SECOND), np.int64)
        years = range(to_datetime(int(local.min())).year - 1, to_datetime(int(local.max())).year + 2)
        for change in (change for year in years for change in changes(self._zone, year)):
            offset[local >= change.at + max(change.before, change.after)] = change.after
            if change.after > change.before:
                missing |= (local >= change.at + change.before) & (local < change.at + change.after)
            else:
                twice = (local >= change.at + change.after) & (local < change.at + change.before)
                for i in np.flatnonzero(twice):
                    offset[i] = self._pass(change, int(local[i]), int(group[i]))
        return local - offset, missing

    def _pass(self, change: Change, local: int, group: int) -> int:
        """Offset of a time that comes twice, by whether this tag's clock has stepped back in the file."""
        last, second = self._passes.get((change.at, group), (None, False))
        if last is not None and (local >= last if self._descending else local <= last):
            second = True
        self._passes[change.at, group] = (local, second)
        return change.before if second == self._descending else change.after
