"""What a reading means to an alarm: of no use, normal, in the dead band, beyond the limit.

SOURCE is the diagnostic of a source, on the tag that stands for it (its heartbeat): beyond the limit while that tag is
bad or stale. It is an alarm of its own and never mixes with the alarms on the values of the source.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ksys_core.domain.alarms.columns import UNSEEN, Definitions, FloatArray, IndexArray, SmallArray
from ksys_core.domain.alarms.condition import BAND, HOLD, INSIDE, OUT
from ksys_core.domain.alarms.definition import KINDS
from ksys_core.domain.alarms.deviation import from_set_point
from ksys_core.domain.alarms.readings import Ordered
from ksys_core.domain.alarms.state import GOOD, UNCERTAIN, State
from ksys_core.domain.times import MINUTE

RATE, DEV, FLAT, STATE, SOURCE = (KINDS.index(kind) for kind in ("RATE", "DEV", "FLAT", "STATE", "SOURCE"))


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Every alarm with every reading of its tag, sorted by alarm and time.

    Attributes:
        row: int64[p] index of the alarm. reading: int64[p] index of the reading.
        place: int64[p], 0 for an alarm's first reading of the batch.
    """

    row: IndexArray
    reading: IndexArray
    place: IndexArray


def pairs(definitions: Definitions, readings: Ordered) -> Pairs:
    per = readings.count[definitions.sensor]
    if per.max(initial=0) <= 1:
        row = np.flatnonzero(per)
        return Pairs(row, readings.start[definitions.sensor[row]], np.zeros(len(row), np.int64))
    row = np.repeat(np.arange(len(definitions)), per)
    place = np.arange(len(row)) - np.repeat(np.cumsum(per) - per, per)
    return Pairs(row, readings.start[definitions.sensor[row]] + place, place)


def compared(definitions: Definitions, rows: IndexArray, values: FloatArray) -> SmallArray:
    """Outcome of values against limit and dead band; without a limit everything is normal."""
    signed = definitions.sign[rows] * values
    inside = ~(signed >= definitions.clear[rows])
    out = signed > definitions.beyond[rows]
    return np.where(out, OUT, np.where(inside, INSIDE, BAND)).astype(np.uint8)


def outcomes(definitions: Definitions, state: State, readings: Ordered, of: Pairs) -> tuple[SmallArray, FloatArray]:
    """uint8[p] outcome of every pair, and float64[p] what was compared: of RATE units a minute, of DEV the distance.

    FLAT alarms note in `state` where the value moved last.
    """
    values = readings.v[of.reading]
    if definitions.plain:
        result = compared(definitions, of.row, values)
    else:
        kind = definitions.kind[of.row]
        values = np.where(kind == RATE, _rate(readings, of.reading), values)
        deviates = np.flatnonzero(kind == DEV)
        values[deviates] = from_set_point(definitions, state, readings, of.row[deviates], of.reading[deviates])
        result = compared(definitions, of.row, values)
        result[np.isnan(values)] = HOLD
        result[kind == STATE] = np.where(values == definitions.limit[of.row], OUT, INSIDE)[kind == STATE]
        flat = np.flatnonzero(kind == FLAT)
        flat = flat[np.argsort(of.place[flat], kind="stable")]
        for now in np.split(flat, np.cumsum(np.bincount(of.place[flat])))[:-1]:
            result[now] = _flat(definitions, state, readings, of.row[now], of.reading[now])
    useless = readings.q[of.reading] > UNCERTAIN
    result[useless] = HOLD
    if not definitions.plain:
        source = definitions.kind[of.row] == SOURCE
        result[source] = np.where(useless, OUT, INSIDE)[source]
    return result, values


def judged_quality(definitions: Definitions, rows: IndexArray, quality: SmallArray) -> SmallArray:
    """Quality as an alarm sees it: for SOURCE, which is about quality, a loss is good information."""
    if definitions.plain:
        return quality
    return np.where(definitions.kind[rows] == SOURCE, GOOD, quality).astype(np.uint8)


def _rate(readings: Ordered, index: IndexArray) -> FloatArray:
    """Absolute change in units a minute against the reading before; NaN when that one is of no use."""
    usable = (readings.before_t[index] != UNSEEN) & (readings.before_q[index] <= UNCERTAIN) & ~readings.stale[index]
    elapsed = np.where(usable, readings.t[index] - readings.before_t[index], 1) / MINUTE
    return np.where(usable, np.abs(readings.v[index] - readings.before_v[index]) / elapsed, np.nan)


def _flat(definitions: Definitions, state: State, readings: Ordered, rows: IndexArray, index: IndexArray) -> SmallArray:
    """Moved by more than the dead band: normal; not for as long as the setting (seconds): beyond; else undecided."""
    t, v = readings.t[index], readings.v[index]
    usable = readings.q[index] <= UNCERTAIN
    unseen = state.flat_t[rows] == UNSEEN
    band = definitions.limit[rows] - definitions.clear[rows]
    moved = ~unseen & (np.abs(v - state.flat_v[rows]) > band)
    long = ~unseen & ~moved & (t - np.where(unseen, t, state.flat_t[rows]) >= definitions.limit[rows] * 1e9)
    take = usable & (moved | unseen)
    state.flat_t[rows[take]] = t[take]
    state.flat_v[rows[take]] = v[take]
    return np.where(moved, INSIDE, np.where(long, OUT, BAND)).astype(np.uint8)
