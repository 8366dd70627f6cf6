"""The engine: ``step(state, definitions, batch, now) -> (state, transitions)``.

Source time decides. Between two readings of a tag its value holds; deadlines up to a reading's time come before it.
Cutting the readings anywhere, or letting `now` run in between, therefore gives the same transitions. Only returns from
shelves and suppression are decided as `now` passes (see `returns`), for they depend on all alarms at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ksys_core.domain.alarms.columns import (
    UNSEEN,
    Definitions,
    FlagArray,
    FloatArray,
    IndexArray,
    NsArray,
    SmallArray,
)
from ksys_core.domain.alarms.condition import HOLD, OUT, advance, apply, not_over_before, waiting, without_effect
from ksys_core.domain.alarms.deviation import at_set_points
from ksys_core.domain.alarms.groups import forget, mark_anew, mark_first_out
from ksys_core.domain.alarms.measure import DEV, compared, judged_quality, outcomes, pairs
from ksys_core.domain.alarms.readings import Ordered, ordered, remember
from ksys_core.domain.alarms.regions import Work
from ksys_core.domain.alarms.returns import release
from ksys_core.domain.alarms.state import BAD, STALE, State
from ksys_core.domain.alarms.transitions import Transitions
from ksys_core.domain.readings import ReadingBatch


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one step gives: the new state, what happened, and which rows differ from before (bool[n])."""

    state: State
    transitions: Transitions
    changed: FlagArray


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """Readings that matter (and onsets of staleness), sorted by alarm and time."""

    row: IndexArray
    t: NsArray
    outcome: SmallArray
    quality: SmallArray
    value: FloatArray


def step(state: State, definitions: Definitions, batch: ReadingBatch | None = None, now: int | None = None) -> Step:
    """Evaluate new readings, then let time pass to `now`.

    Args:
        state: of the same definitions; it is not changed.
        batch: readings in any order; those not later than a tag's newest are passed over.
        now: ns; every reading up to it has been given. None: only readings make time pass.
    """
    work = Work.on(definitions, state)
    moments = []
    if batch is not None and len(batch):
        readings = ordered(definitions, state, batch)
        moments += _news(work, readings)
        remember(work.state, readings)
    if now is not None:
        moments.append(_going_stale(work, now, state.last_t))
    _run(work, moments)
    rows = waiting(work)
    until = work.state.last_t[definitions.sensor[rows]]
    advance(work, rows, until if now is None else np.maximum(until, now))
    if now is not None:
        release(work, now)
    done = _finished(work, state)
    if now is not None:
        forget(done.state, definitions, now)
    return done


def reconsider(state: State, definitions: Definitions, now: int) -> Step:
    """Judge the newest values by definitions that have just changed, as if they were read again.

    Args:
        now: ns, to which time has passed by the definitions as they were. What waits and would have been over by then
            under the new delays is so from `now` on and not before, for then nobody had decided so.
    """
    work = Work.on(definitions, state)
    last_t = state.last_t[definitions.sensor]
    values = state.last_v[definitions.sensor]
    quality = np.maximum(state.last_q[definitions.sensor], state.quality * (state.quality == STALE))
    rows = np.flatnonzero((last_t != UNSEEN) & (quality < BAD))
    outcome = compared(definitions, rows, values[rows])
    news = ~without_effect(state.cond[rows], outcome)
    if not definitions.plain:
        news &= definitions.kind[rows] < 4
    rows, outcome = rows[news], outcome[news]
    apply(work, rows, np.maximum(last_t[rows], now), outcome, quality[rows], values[rows])
    touched = np.flatnonzero(work.changed)
    work.state.changed[touched] = np.maximum(state.changed[touched], last_t[touched])  # later readings are still news
    not_over_before(work, now)
    done = _finished(work, state)
    mark_anew(work)
    return done


def _finished(work: Work, before: State) -> Step:
    transitions = work.recorder.result()
    mark_first_out(work, before, transitions)
    return Step(work.state, transitions, work.changed)


def _news(work: Work, readings: Ordered) -> list[_Moments]:
    """The readings that may change something, and the onsets of staleness before them."""
    definitions, state = work.definitions, work.state
    of = pairs(definitions, readings)
    outcome, value = outcomes(definitions, state, readings, of)
    t, quality = readings.t[of.reading], judged_quality(definitions, of.row, readings.q[of.reading])
    quality = np.where(outcome == HOLD, np.maximum(quality, BAD), quality)  # good, but it says nothing: no delay ends
    accounted = t <= state.accounted[of.row]
    first = of.place == 0
    first[1:] |= accounted[:-1]
    as_before = (quality == state.quality[of.row]) & without_effect(state.cond[of.row], outcome)
    later = np.flatnonzero(~first)
    as_before[later] = (quality[later] == quality[later - 1]) & (outcome[later] == outcome[later - 1])
    if not definitions.plain:
        as_before &= definitions.kind[of.row] != DEV  # its set-point may have moved in between
    stale = readings.stale[of.reading]
    news = np.flatnonzero((~as_before | stale) & ~accounted)
    moments = [
        _Moments(of.row[news], _not_before(state, of.row[news], t[news]), outcome[news], quality[news], value[news])
    ]
    if not definitions.plain:
        moments.append(_set_points_read(work, readings))
    gone = np.flatnonzero(stale)
    if len(gone):
        onset = readings.before_t[of.reading[gone]] + definitions.stale_after[definitions.sensor[of.row[gone]]]
        moments.append(_stale_moments(work, of.row[gone], onset))
    return moments


def _set_points_read(work: Work, readings: Ordered) -> _Moments:
    """What the readings of set-points mean to the alarms that compare with them."""
    definitions = work.definitions
    row, t, value, quality = at_set_points(definitions, work.state, readings, np.flatnonzero(definitions.kind == DEV))
    outcome = compared(definitions, row, value)
    outcome[np.isnan(value)] = HOLD
    quality = np.where(outcome == HOLD, np.maximum(quality, BAD), quality)
    new = t > work.state.accounted[row]
    return _Moments(row[new], _not_before(work.state, row[new], t[new]), outcome[new], quality[new], value[new])


def _not_before(state: State, rows: IndexArray, t: NsArray) -> NsArray:
    """Time may have passed, and a delay run out, before a reading that is earlier came: it counts from then on."""
    return np.maximum(t, state.changed[rows])


def _going_stale(work: Work, now: int, last_t: NsArray) -> _Moments:
    """Tags that are stale at `now`; what was stale before counts again when its tag has been read since `last_t`."""
    definitions, state = work.definitions, work.state
    seen = state.last_t != UNSEEN
    stale = seen & (now - np.where(seen, state.last_t, now) > definitions.stale_after)
    read = state.last_t != last_t
    rows = np.flatnonzero(stale[definitions.sensor] & ((state.quality != STALE) | read[definitions.sensor]))
    tags = definitions.sensor[rows]
    return _stale_moments(work, rows, state.last_t[tags] + definitions.stale_after[tags])


def _stale_moments(work: Work, rows: IndexArray, onset: NsArray) -> _Moments:
    new = onset > work.state.changed[rows]
    rows, onset = rows[new], onset[new]
    k = len(rows)
    quality = judged_quality(work.definitions, rows, np.full(k, STALE, np.uint8))
    outcome = np.where(quality == STALE, HOLD, OUT).astype(np.uint8)
    return _Moments(rows, onset, outcome, quality, np.full(k, np.nan))


def _run(work: Work, parts: list[_Moments]) -> None:
    """Take each alarm's first moment, then each one's second, and so on; all alarms at once."""
    row = np.concatenate([part.row for part in parts]) if parts else np.empty(0, np.int64)
    if not len(row):
        return
    t = np.concatenate([part.t for part in parts])
    outcome = np.concatenate([part.outcome for part in parts])
    quality = np.concatenate([part.quality for part in parts])
    value = np.concatenate([part.value for part in parts])
    order = np.lexsort((t, row))
    row = row[order]
    starts = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
    rank = np.arange(len(row)) - np.repeat(starts, np.diff(np.append(starts, len(row))))
    by_rank = order[np.argsort(rank, kind="stable")]
    rows = np.concatenate([part.row for part in parts])
    ends = np.cumsum(np.bincount(rank))
    for start, stop in zip(np.append(0, ends[:-1]), ends, strict=True):
        now = by_rank[start:stop]
        advance(work, rows[now], t[now])
        apply(work, rows[now], t[now], outcome[now], quality[now], value[now])
