"""When a tag was beyond a limit: judged by the limit that was in force at that time, not by today's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ksys_core.domain.trend import LimitStep, TrendSeries

_HIGH: Final = ("H", "HH")


@dataclass(frozen=True, slots=True)
class Excursion:
    """A stretch ``[start, stop)`` (ns) whose readings lay beyond a limit of `kind` at `value`, then in force."""

    kind: str
    value: float
    start: int
    stop: int


def excursions(series: TrendSeries, limits: Iterable[LimitStep]) -> list[Excursion]:
    """Stretches beyond each step of the limits, in the order of the steps.

    A bucket counts where its maximum (its minimum, for L and LL) is beyond the limit; a bucket that a change of the
    limit divides counts for both. Rows without a value end a stretch. A raw reading reaches to the next row.
    """
    found: list[Excursion] = []
    if not len(series):
        return found
    starts = series.t
    widest = series.step_ns or 1
    stops = np.append(starts[1:], starts[-1] + widest)
    if series.step_ns:
        stops = np.minimum(stops, starts + series.step_ns)
    for step in limits:
        beyond = series.max > step.value if step.kind in _HIGH else series.min < step.value
        within = (stops > step.start_ns) & ((starts < step.stop_ns) if step.stop_ns is not None else True)
        edges = np.flatnonzero(np.diff((beyond & within).astype(np.int8), prepend=0, append=0))
        for first, after in edges.reshape(-1, 2).tolist():
            start = max(int(starts[first]), step.start_ns)
            stop = int(stops[after - 1]) if step.stop_ns is None else min(int(stops[after - 1]), step.stop_ns)
            found.append(Excursion(step.kind, step.value, start, stop))
    return found
