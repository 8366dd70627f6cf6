"""How many alarms an operating position gets: rates, peaks, floods, bad actors. Formulas and targets after ISA-18.2 and
EEMUA 191, as alarm-system reports quote them. Times are int64 ns, rising; `t` are annunciations that were not hidden.

A sliding window of ten minutes at x holds the annunciations in ``(x - 10 min, x]``. Buckets are aligned to the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ksys_core.domain.alarms.columns import FlagArray, IntArray, NsArray
from ksys_core.domain.times import DAY, HOUR, MINUTE

WINDOW: Final = 10 * MINUTE
FLOOD_STARTS: Final = 10
FLOOD_ENDS: Final = 5
Maturity = Literal["predictive", "robust", "stable", "reactive", "overloaded"]
_MATURITY: Final[tuple[tuple[Maturity, float, float, float], ...]] = (
    ("predictive", 1.0, 10.0, 1.0),
    ("robust", 1.0, 10.0, 5.0),
    ("stable", 10.0, 100.0, 25.0),
    ("reactive", 100.0, 1000.0, 50.0),
)


@dataclass(frozen=True, slots=True)
class Rates:
    """Annunciations of a period: means, and shares in percent.

    Attributes:
        hours_over_30: percent of clock hours with more than 30; buckets_over_10: of ten minutes with more than 10.
        peak: most within a sliding ten minutes, first reached at `peak_at` (ns; None without alarms).
        peak_minute, peak_hour: most within a clock minute and a clock hour.
    """

    count: int
    per_day: float
    per_hour: float
    per_10min: float
    hours_over_30: float
    buckets_over_10: float
    peak: int
    peak_at: int | None
    peak_minute: int
    peak_hour: int


@dataclass(frozen=True, slots=True)
class Flood:
    """From the moment at which the sliding count reaches `FLOOD_STARTS` until it is below `FLOOD_ENDS`.

    Attributes:
        end: ns; None while it lasts at the end of the period.
        count: annunciations, with those that led to the start; peak: most within a sliding ten minutes.
        first_out: alarm that came first; top: up to five (alarm, annunciations), most first.
    """

    start: int
    end: int | None
    count: int
    peak: int
    first_out: int
    top: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class BadActor:
    """An alarm among the most frequent; share: percent of all annunciations."""

    alarm: int
    count: int
    share: float


def sliding_counts(t: NsArray, window: int = WINDOW) -> NsArray:
    """int64[k]: annunciations in the window that ends with each."""
    return np.arange(1, len(t) + 1) - np.searchsorted(t, t - window, side="right")


def buckets(t: NsArray, start: int, stop: int, width: int) -> NsArray:
    """Annunciations of each bucket of `width`, aligned to the epoch, that overlaps ``[start, stop)``."""
    first, last = start // width, -(-stop // width)
    inside = t[(t >= start) & (t < stop)]
    return np.bincount(inside // width - first, minlength=last - first).astype(np.int64)


def rates(t: NsArray, start: int, stop: int) -> Rates:
    """Rates of the annunciations `t` in ``[start, stop)``."""
    t = t[(t >= start) & (t < stop)]
    n, length = len(t), stop - start
    sliding = sliding_counts(t)
    hours, tens = buckets(t, start, stop, HOUR), buckets(t, start, stop, WINDOW)
    return Rates(
        count=n,
        per_day=n * DAY / length,
        per_hour=n * HOUR / length,
        per_10min=n * WINDOW / length,
        hours_over_30=100 * float(np.mean(hours > 30)),
        buckets_over_10=100 * float(np.mean(tens > 10)),
        peak=int(sliding.max(initial=0)),
        peak_at=int(t[sliding.argmax()]) if n else None,
        peak_minute=int(buckets(t, start, stop, MINUTE).max(initial=0)),
        peak_hour=int(hours.max(initial=0)),
    )


def floods(t: NsArray, alarm: IntArray, stop: int) -> list[Flood]:
    """Floods of the annunciations `t` of `alarm` up to `stop` (ns).

    The count decays between annunciations, so the sweep takes each arrival and, ten minutes later, its departure.
    """
    moments = np.concatenate([t, t + WINDOW])
    change = np.concatenate([np.ones(len(t), np.int64), -np.ones(len(t), np.int64)])
    order = np.lexsort((change, moments))
    moments, level = moments[order], np.cumsum(change[order])
    found: list[Flood] = []
    place = 0
    while True:
        begins = np.flatnonzero(level[place:] >= FLOOD_STARTS)
        if not len(begins):
            return found
        begin = place + int(begins[0])
        ends = np.flatnonzero(level[begin:] < FLOOD_ENDS)
        place = begin + int(ends[0])
        end = int(moments[place]) if moments[place] < stop else None
        found.append(_flood(t, alarm, int(moments[begin]), end, int(level[begin:place].max())))


def _flood(t: NsArray, alarm: IntArray, start: int, end: int | None, peak: int) -> Flood:
    inside: FlagArray = (t > start - WINDOW) & (t <= (t[-1] if end is None else end))
    return Flood(start, end, int(inside.sum()), peak, int(alarm[inside][0]), tuple(_most_frequent(alarm[inside], 5)))


def flood_share(found: list[Flood], start: int, stop: int) -> float:
    """Percent of ``[start, stop)`` spent in floods."""
    inside = (max(0, min(f.end or stop, stop) - max(f.start, start)) for f in found)
    return 100 * sum(inside) / (stop - start)


@dataclass(frozen=True, slots=True)
class Bar:
    """Annunciations of ``[start, stop)`` (ns), and the mean number of alarms active in it."""

    start: int
    stop: int
    count: int
    standing: float


def counts_between(t: NsArray, edges: NsArray) -> NsArray:
    """int64[len(edges) - 1]: annunciations from each edge to before the next one."""
    return np.diff(np.searchsorted(t, edges, side="left")).astype(np.int64)


def after_upsets(t: NsArray, upsets: NsArray) -> NsArray:
    """int64[k]: annunciations in the ten minutes that begin with each upset (EEMUA 191: fewer than ten)."""
    return (np.searchsorted(t, upsets + WINDOW) - np.searchsorted(t, upsets)).astype(np.int64)


def bad_actors(alarm: IntArray, n: int = 10) -> list[BadActor]:
    """The `n` alarms annunciated most, most first; equal ones by number."""
    return [BadActor(a, count, 100 * count / len(alarm)) for a, count in _most_frequent(alarm, n)]


def _most_frequent(alarm: IntArray, n: int) -> list[tuple[int, int]]:
    ids, counts = np.unique(alarm, return_counts=True)
    order = np.lexsort((ids, -counts))[:n]
    return list(zip(ids[order].tolist(), counts[order].tolist(), strict=True))


def priority_mix(priority: IntArray) -> dict[int, float]:
    """Percent of annunciations by priority 1-4 (target: 80 % low, 15 % medium, 5 % high)."""
    n = max(len(priority), 1)
    return {p: 100 * int(np.count_nonzero(priority == p)) / n for p in (1, 2, 3, 4)}


def maturity(mean_10min: float, peak_10min: float, percent_outside: float) -> Maturity:
    """EEMUA 191's class by mean and greatest number in ten minutes and percent of time outside the target."""
    for name, mean, peak, outside in _MATURITY:
        if mean_10min <= mean and peak_10min <= peak and percent_outside <= outside:
            return name
    return "overloaded"


@dataclass(frozen=True, slots=True)
class Together:
    """Two alarms that come together: `both` buckets have both; lift 1 is chance, more is a relation."""

    first: int
    second: int
    both: int
    lift: float


def together(t: NsArray, alarm: IntArray, start: int, stop: int, *, least: int = 3) -> list[Together]:
    """Pairs annunciated in the same five minutes of the clock at least `least` times, highest lift first.

    Lift is ``n_both * n / (n_first * n_second)`` over the `n` buckets of ``[start, stop)``.
    """
    width = 5 * MINUTE
    inside = (t >= start) & (t < stop)
    cells = np.unique(np.stack([t[inside] // width, alarm[inside].astype(np.int64)], axis=1), axis=0)
    n = -(-stop // width) - start // width
    ids, row = np.unique(cells[:, 1], return_inverse=True)
    _, column = np.unique(cells[:, 0], return_inverse=True)
    grid = np.zeros((len(ids), int(column.max(initial=-1)) + 1), np.float32)
    grid[row, column] = 1
    both = np.rint(grid @ grid.T).astype(np.int64)
    single = np.diag(both)
    found = [
        Together(int(ids[i]), int(ids[j]), int(both[i, j]), float(both[i, j] * n / (single[i] * single[j])))
        for i, j in zip(*np.nonzero(np.triu(both >= least, 1)), strict=True)
    ]
    return sorted(found, key=lambda pair: (-pair.lift, pair.first, pair.second))
