"""A batch put in order for the engine: known tags only, each tag's readings rising, nothing seen before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ksys_core.domain import quality
from ksys_core.domain.alarms.columns import UNSEEN, Definitions, FlagArray, FloatArray, IndexArray, NsArray, SmallArray
from ksys_core.domain.alarms.state import BAD, GOOD, UNCERTAIN, State
from ksys_core.domain.quality import QualityArray
from ksys_core.domain.readings import ReadingBatch


@dataclass(frozen=True, slots=True, eq=False)
class Ordered:
    """`k` readings sorted by tag and time.

    Attributes:
        sensor: int64[k] index of the tag; t, v: time (ns) and value; q: uint8[k] index into `QUALITIES`.
        before_t, before_v, before_q: the same of the tag's reading before; `UNSEEN` time when there is none.
        stale: bool[k], the tag had gone stale between the two.
        start, count: int64[m], where each tag's readings lie.
    """

    sensor: IndexArray
    t: NsArray
    v: FloatArray
    q: SmallArray
    before_t: NsArray
    before_v: FloatArray
    before_q: SmallArray
    stale: FlagArray
    start: IndexArray
    count: IndexArray

    def __len__(self) -> int:
        return len(self.t)


def quality_class(codes: QualityArray, values: FloatArray) -> SmallArray:
    """Index into `QUALITIES` of OPC quality codes; a missing value is BAD."""
    classes = np.where(codes >= quality.GOOD, GOOD, np.where(codes >= quality.UNCERTAIN, UNCERTAIN, BAD))
    return np.where(np.isfinite(values), classes, BAD).astype(np.uint8)


def ordered(definitions: Definitions, state: State, batch: ReadingBatch) -> Ordered:
    """The readings of `batch` that are news: later than the tag's newest. Of equal times the last given counts."""
    m = len(definitions.sensor_id)
    sensor = np.searchsorted(definitions.sensor_id, batch.sensor_id)
    known = sensor < m
    known[known] = definitions.sensor_id[sensor[known]] == batch.sensor_id[known]
    known[known] &= batch.t[known] > state.last_t[sensor[known]]
    chosen = np.flatnonzero(known)
    sensor, t = sensor[chosen], batch.t[chosen]
    if (sensor[1:] <= sensor[:-1]).any():
        order = np.lexsort((t, sensor))
        sensor, t, chosen = sensor[order], t[order], chosen[order]
        last = np.append((sensor[1:] != sensor[:-1]) | (t[1:] != t[:-1]), True)
        sensor, t, chosen = sensor[last], t[last], chosen[last]
    v = batch.v[chosen]
    q = quality_class(batch.quality[chosen], v)
    count = np.bincount(sensor, minlength=m)
    start = np.cumsum(count) - count
    first = start[count > 0]
    before_t, before_v, before_q = np.roll(t, 1), np.roll(v, 1), np.roll(q, 1)
    of = sensor[first]
    before_t[first], before_v[first], before_q[first] = state.last_t[of], state.last_v[of], state.last_q[of]
    seen = before_t != UNSEEN
    stale = seen & (t - np.where(seen, before_t, t) > definitions.stale_after[sensor])
    return Ordered(sensor, t, v, q, before_t, before_v, before_q, stale, start, count)


def remember(state: State, readings: Ordered) -> None:
    """Keep the newest reading of each tag."""
    tags = np.flatnonzero(readings.count)
    newest = readings.start[tags] + readings.count[tags] - 1
    state.last_t[tags] = readings.t[newest]
    state.last_v[tags] = readings.v[newest]
    state.last_q[tags] = readings.q[newest]
