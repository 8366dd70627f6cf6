"""What a trend draws: rows of min, max, first, last and mean per bucket, and the arithmetic on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import GOOD, QualityArray
from ksys_core.domain.series import TimeArray, ValueArray

Level = Literal["raw", "1m", "10m", "1h", "1d"]
CountArray = npt.NDArray[np.int64]
_COLUMNS: Final = ("t", "min", "max", "first", "last", "mean", "n", "quality")


@dataclass(frozen=True, slots=True, eq=False)
class TrendSeries:
    """Buckets of one tag in rising time; a raw reading is a bucket of its own.

    Attributes:
        t: int64 ns UTC, start of the bucket (the instant of the reading where ``step_ns`` is 0).
        min, max, first, last, mean: float64 of the usable readings; NaN rows mark gaps, where a line breaks.
        n: readings in the bucket.
        quality: uint8, the worst code in the bucket.
        level: where the rows came from.
        step_ns: width of a bucket; 0 for raw readings.
    """

    t: TimeArray
    min: ValueArray
    max: ValueArray
    first: ValueArray
    last: ValueArray
    mean: ValueArray
    n: CountArray
    quality: QualityArray
    level: Level = "raw"
    step_ns: int = 0

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            array = getattr(self, name)
            if array.shape != self.t.shape or array.ndim != 1:
                raise ValueError(f"TrendSeries needs 1-d arrays of one length, {name} has {array.shape}")
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.t)

    @classmethod
    def raw(cls, t: npt.ArrayLike, v: npt.ArrayLike, quality: npt.ArrayLike | None = None) -> TrendSeries:
        """Raw readings as rows of their own; quality GOOD when not given."""
        times = np.array(t, dtype=np.int64)
        values = np.array(v, dtype=np.float64)
        codes = np.full(times.shape, GOOD, np.uint8) if quality is None else np.array(quality, dtype=np.uint8)
        ones = np.ones(times.shape, np.int64)
        return cls(times, values, values, values, values, values, ones, codes)

    def rows(self, where: slice | npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> TrendSeries:
        """The rows that `where` selects."""
        columns: dict[str, Any] = {name: getattr(self, name)[where] for name in _COLUMNS}
        return TrendSeries(**columns, level=self.level, step_ns=self.step_ns)

    def between(self, start: int, stop: int) -> TrendSeries:
        """Rows that touch ``[start, stop)``, and one on each side so that lines reach the edges."""
        i = int(np.searchsorted(self.t, start - self.step_ns, "left")) - 1
        j = int(np.searchsorted(self.t, stop, "left")) + 1
        return self.rows(slice(max(i, 0), max(j, 0)))


def fold(series: TrendSeries, step_ns: int, level: Level) -> TrendSeries:
    """The same readings in wider buckets of `step_ns`, aligned to the epoch. Gap rows vanish inside a filled bucket."""
    if step_ns <= series.step_ns or not len(series):
        return series
    bucket = series.t // step_ns * step_ns
    starts = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    ends = np.append(starts[1:], len(bucket)) - 1
    usable = np.isfinite(series.mean)
    weight = np.where(usable, np.maximum(series.n, 1), 0)
    count = np.add.reduceat(weight, starts)
    total = np.add.reduceat(np.where(usable, series.mean, 0.0) * weight, starts)
    rows = np.arange(len(bucket))
    head = np.minimum.reduceat(np.where(usable, rows, len(bucket) - 1), starts)
    tail = np.maximum.reduceat(np.where(usable, rows, 0), starts)
    some = count > 0
    mean = np.divide(total, count, out=np.full(len(starts), np.nan), where=some)
    return TrendSeries(
        bucket[starts],
        np.fmin.reduceat(series.min, starts),
        np.fmax.reduceat(series.max, starts),
        np.where(some, series.first[np.minimum(head, ends)], np.nan),
        np.where(some, series.last[np.maximum(tail, starts)], np.nan),
        mean,
        count,
        np.minimum.reduceat(series.quality, starts),
        level,
        step_ns,
    )


def joined(head: TrendSeries, tail: TrendSeries) -> TrendSeries:
    """`head` with everything from `tail`'s first row on replaced by `tail`, folded into head's buckets.

    `tail` must begin at or before the start of head's last bucket, or after it, never inside a bucket.
    """
    if not len(tail):
        return head
    if not len(head):
        return fold(tail, head.step_ns, head.level)
    newer = fold(tail, head.step_ns, head.level)
    kept = head.rows(slice(0, int(np.searchsorted(head.t, newer.t[0], "left"))))
    columns: dict[str, Any] = {name: np.concatenate([getattr(kept, name), getattr(newer, name)]) for name in _COLUMNS}
    return TrendSeries(**columns, level=head.level, step_ns=head.step_ns)


def trimmed(series: TrendSeries, start: int) -> TrendSeries:
    """Without the rows that end before `start`."""
    i = max(int(np.searchsorted(series.t, start - series.step_ns, "left")) - 1, 0)
    return series if i == 0 else series.rows(slice(i, None))


@dataclass(frozen=True, slots=True)
class LimitStep:
    """A limit while it was in force: ``start_ns <= t < stop_ns``; None: still in force."""

    kind: str
    value: float
    start_ns: int
    stop_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Newest:
    """A tag's newest reading: instant in ns UTC, value (NaN: none), quality code."""

    t: int
    v: float
    quality: int
