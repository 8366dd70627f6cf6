"""Deviations from a set-point that is a tag of its own: both hold their value between readings, either may change."""

from __future__ import annotations

import numpy as np

from ksys_core.domain.alarms.columns import UNSEEN, Definitions, FloatArray, IndexArray, NsArray, SmallArray
from ksys_core.domain.alarms.readings import Ordered
from ksys_core.domain.alarms.state import UNCERTAIN, State


def from_set_point(
    definitions: Definitions, state: State, readings: Ordered, rows: IndexArray, index: IndexArray
) -> FloatArray:
    """Distance of each reading (by `index`) from the set-point of its alarm, NaN where that one is of no use.

    Where every reading that is known of the set-point is later, its tag being ahead, the earliest of them counts.
    """
    tags = definitions.reference[rows]
    of, at = _readings_of(readings, np.unique(rows[tags >= 0]), definitions.reference)
    newest = _as_of(of, readings.t[at], rows, readings.t[index])
    t, v, q = _known(state, readings, tags, at, newest)
    useful = (tags >= 0) & (t != UNSEEN) & (q <= UNCERTAIN)
    return np.where(useful, np.abs(readings.v[index] - v), np.nan)


def at_set_points(
    definitions: Definitions, state: State, readings: Ordered, rows: IndexArray
) -> tuple[IndexArray, NsArray, FloatArray, SmallArray]:
    """Row, time, distance and quality of the value of each of the alarms `rows` whenever its set-point has been read.

    The distance is NaN where one of the two is of no use; there is none while the value's tag is stale or not seen.
    """
    row, at = _readings_of(readings, rows[definitions.reference[rows] >= 0], definitions.reference)
    sensor, now = definitions.sensor[row], readings.t[at]
    of, value_at = _readings_of(readings, np.unique(row), definitions.sensor)
    t, v, q = _known(state, readings, sensor, value_at, _as_of(of, readings.t[value_at], row, now))
    seen = (t != UNSEEN) & (t <= now)
    seen &= now - np.where(seen, t, now) <= definitions.stale_after[sensor]
    distance = np.where((readings.q[at] <= UNCERTAIN) & (q <= UNCERTAIN), np.abs(v - readings.v[at]), np.nan)
    return row[seen], now[seen], distance[seen], q[seen]


def _readings_of(readings: Ordered, rows: IndexArray, tag_of: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Every reading (its index) of the tag that each alarm has in `tag_of`, and the alarm it is for."""
    per = readings.count[tag_of[rows]]
    row = np.repeat(rows, per)
    place = np.arange(len(row)) - np.repeat(np.cumsum(per) - per, per)
    return row, readings.start[tag_of[row]] + place


def _as_of(of: IndexArray, t: NsArray, wanted: IndexArray, at: NsArray) -> IndexArray:
    """Index of the newest of (`of`, `t`) that is for the alarm `wanted` and not later than `at`; -1: none."""
    n = len(of)
    kind = np.repeat([0, 1], [n, len(at)])
    row = np.concatenate([of, wanted])
    order = np.lexsort((kind, np.concatenate([t, at]), row))
    last = np.maximum.accumulate(np.where(order < n, np.arange(len(order)), -1))
    found = np.where(last >= 0, order[last], -1)
    found[(found >= 0) & (row[found] != row[order])] = -1
    result = np.empty(len(at), np.int64)
    asked = order >= n
    result[order[asked] - n] = found[asked]
    return result


def _known(
    state: State, readings: Ordered, tags: IndexArray, at: IndexArray, place: IndexArray
) -> tuple[NsArray, FloatArray, SmallArray]:
    """Time, value and quality at ``at[place]``, or what was known of the tag before the batch where place is -1."""
    t, v, q = state.last_t[tags], state.last_v[tags], state.last_q[tags]
    new = np.flatnonzero(place >= 0)
    of = at[place[new]]
    t[new], v[new], q[new] = readings.t[of], readings.v[of], readings.q[of]
    return t, v, q
