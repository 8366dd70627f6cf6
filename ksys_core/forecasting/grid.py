"""Series on a regular grid: means of usable values per interval, gaps stay NaN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import usable
from ksys_core.domain.series import Series, TimeArray, ValueArray

BRIDGED: Final = 3
"""Missing values in a row that are interpolated."""


@dataclass(frozen=True, slots=True, eq=False)
class RegularSeries:
    """Means over successive intervals.

    Attributes:
        start: left edge of the first interval, int nanoseconds UTC.
        step: interval in nanoseconds.
        v: float64; NaN where the interval has no usable value.
        inputs: by tag, other quantities on the same intervals, as `v`.
    """

    start: int
    step: int
    v: ValueArray
    inputs: Mapping[str, ValueArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.step <= 0 or self.v.ndim != 1:
            raise ValueError("a regular series needs a positive step and one dimension")
        if any(values.shape != self.v.shape for values in self.inputs.values()):
            raise ValueError("inputs have as many values as the series")
        for values in (self.v, *self.inputs.values()):
            values.setflags(write=False)

    def __len__(self) -> int:
        return len(self.v)

    @property
    def stop(self) -> int:
        """Right edge of the last interval: the time at which its newest value is complete."""
        return self.start + self.step * len(self.v)

    def tail(self, n: int) -> RegularSeries:
        """The newest `n` intervals."""
        return self.part(max(0, len(self.v) - n), len(self.v))

    def part(self, first: int, last: int) -> RegularSeries:
        """The intervals from number `first` up to and without `last`."""
        inputs = {tag: values[first:last] for tag, values in self.inputs.items()}
        return RegularSeries(self.start + first * self.step, self.step, self.v[first:last], inputs)

    def beside(self, other: RegularSeries) -> ValueArray:
        """This series' values on the intervals of `other`, which has the same step; NaN where it has none."""
        return RegularSeries(other.start, other.step, np.full(len(other), np.nan)).joined(self)._at(other)

    def _at(self, other: RegularSeries) -> ValueArray:
        first = (other.start - self.start) // self.step
        return self.v[first : first + len(other)]

    def joined(self, newer: RegularSeries) -> RegularSeries:
        """This series continued by `newer`; where both have a time, `newer` wins; between them is a gap.

        Raises:
            ValueError: the two are not on the same grid.
        """
        if newer.step != self.step or (newer.start - self.start) % self.step:
            raise ValueError("the newer part is not on the same grid")
        start, stop = min(self.start, newer.start), max(self.stop, newer.stop)
        whole = {tag: np.full((stop - start) // self.step, np.nan) for tag in ("", *self.inputs, *newer.inputs)}
        for part in (self, newer):
            i = (part.start - start) // self.step
            for tag, values in {**part.inputs, "": part.v}.items():
                whole[tag][i : i + len(values)] = values
        return RegularSeries(start, self.step, whole.pop(""), whole)


def from_sums(
    t: TimeArray, sums: ValueArray, counts: npt.NDArray[np.float64], *, start: int, stop: int, step: int
) -> RegularSeries:
    """The means over ``[start, stop)`` from sums and counts of finer intervals that begin at `t`."""
    n = (stop - start) // step
    inside = (t >= start) & (t < start + n * step)
    index = (t[inside] - start) // step
    total = np.bincount(index, weights=sums[inside], minlength=n)
    count = np.bincount(index, weights=counts[inside], minlength=n)
    return RegularSeries(start, step, np.divide(total, count, out=np.full(n, np.nan), where=count > 0))


def from_series(series: Series, *, start: int, stop: int, step: int) -> RegularSeries:
    """The means of the usable readings of `series` per interval over ``[start, stop)``."""
    ok = usable(series.quality) & np.isfinite(series.v)
    return from_sums(series.t[ok], series.v[ok], np.ones(int(ok.sum())), start=start, stop=stop, step=step)


def _gaps(v: ValueArray) -> list[tuple[int, int]]:
    """First and past-last index of every run of NaN."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.isnan(v).view(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def bridged(v: ValueArray, season: int = 1) -> ValueArray:
    """`v` with runs of up to `BRIDGED` NaN interpolated and runs of up to one season filled from the season before.

    Runs at either end and longer ones stay.
    """
    out = v.copy()
    for a, b in _gaps(v):
        if a == 0 or b == len(v):
            continue
        if b - a <= BRIDGED:
            out[a:b] = np.interp(np.arange(a, b), [a - 1, b], [out[a - 1], out[b]])
        elif season > 1 and b - a <= season and a >= season:
            out[a:b] = out[a - season : b - season]
    return out


def prepared(y: RegularSeries, season: int = 1, *, gaps: bool = False) -> tuple[RegularSeries, int]:
    """The newest part of `y` without gaps, and how many newest values are missing after it.

    Args:
        gaps: long gaps may stay in it as NaN, so that it begins with the first value.
    """
    v = bridged(y.v, season)
    known = np.flatnonzero(~np.isnan(v))
    if not len(known):
        return y.part(0, 0), len(v)
    end = int(known[-1]) + 1
    holes = np.flatnonzero(np.isnan(v[:end]))
    newest = int(holes[-1]) + 1 if len(holes) else 0
    begin = int(known[0]) if gaps else newest
    return replace(y, v=v).part(begin, end), len(v) - end
