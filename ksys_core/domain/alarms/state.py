"""The state of all alarms as columns: regions the engine writes, and the operators' side, which it only reads."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np

from ksys_core.domain.alarms.columns import (
    UNSEEN,
    Definitions,
    FlagArray,
    FloatArray,
    IndexArray,
    IntArray,
    NsArray,
    SmallArray,
)
from ksys_core.domain.alarms.isa import CodeArray, isa_of_bits, region_bits

CONDITIONS: Final = ("N", "PEND_ON", "A", "PEND_OFF")
N, PEND_ON, A, PEND_OFF = range(4)
QUALITIES: Final = ("GOOD", "UNCERTAIN", "BAD", "STALE")
GOOD, UNCERTAIN, BAD, STALE = range(4)
SHELVES: Final = ("none", "timed", "oneshot")
UNSHELVED, TIMED, ONESHOT = range(3)
RETURNS: Final = 5
"""Alarms that may return from shelves and suppression within ten minutes (alarm-model, stagger rule)."""


@dataclass(slots=True, eq=False)
class Columns:
    """Arrays whose first axis is one length; copies are deep."""

    def copy(self) -> Self:
        values = (getattr(self, f.name) for f in fields(self))
        return type(self)(*(value.copy() for value in values))


@dataclass(slots=True, eq=False)
class Desk(Columns):
    """What operators have done, by alarm (n): written by the database's functions only.

    Attributes:
        acked: int32, the newest occurrence that is acknowledged; acked_at: int64 ns.
        reset: int32, the newest latched occurrence that is reset.
        shelf: uint8 index into `SHELVES`; shelf_no: int32, counts shelvings; until: int64 ns.
        out_of_service: bool.
    """

    acked: IntArray
    acked_at: NsArray
    reset: IntArray
    shelf: SmallArray
    shelf_no: IntArray
    until: NsArray
    out_of_service: FlagArray


@dataclass(slots=True, eq=False)
class Spells(Columns):
    """Times in which alarms of groups were active, over by now: `k` of them, in no order (see `groups`).

    Attributes:
        row: int64[k], the alarm that was active first in it. start, end: int64[k] ns, both as `detected`.
    """

    row: IndexArray
    start: NsArray
    end: NsArray

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def none(cls) -> Self:
        return cls(*(np.empty(0, np.int64) for _ in range(3)))

    def and_also(self, other: Self) -> Self:
        return type(self)(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))

    def only(self, chosen: IndexArray | FlagArray) -> Self:
        return type(self)(*(getattr(self, f.name)[chosen] for f in fields(self)))


@dataclass(slots=True, eq=False)
class State(Columns):
    """Regions of `n` alarms and the newest reading of `m` tags. `engine.step` copies before it writes.

    Attributes:
        cond: uint8 index into `CONDITIONS`; since: int64 ns, start of cond or of its waiting.
        changed: int64 ns, of the newest change of cond. What comes later but is from before is judged as of then.
        accounted: int64 ns, `changed` when the state was stored: readings up to it that come again say nothing new.
        occurrence: int32 annunciations so far; latched: int32, the newest that latched.
        released: int32, shelf_no that time or return to normal has ended.
        suppressed: bool, hidden by design; wanted: bool, rules demand it now.
        first_out: bool. quality: uint8 index into `QUALITIES`.
        active_since, detected: int64 ns of the newest occurrence; value, limit: float64 at its first crossing, as they
            were compared: of RATE units a minute, of DEV the distance.
        pending: float64, the value at the crossing whose delay runs.
        entries: int64[n, most_counted] ns, newest first.
        flat_t, flat_v: where FLAT alarms saw the value move last.
        desk: the operators' side.
        spells: what tells which alarm of a group was the first.
        returns: int64[RETURNS] ns of the newest returns, in the order in which they were made.
        last_t, last_v, last_q: newest reading of each tag (m).
    """

    cond: SmallArray
    since: NsArray
    changed: NsArray
    accounted: NsArray
    occurrence: IntArray
    latched: IntArray
    released: IntArray
    suppressed: FlagArray
    wanted: FlagArray
    first_out: FlagArray
    quality: SmallArray
    active_since: NsArray
    detected: NsArray
    value: FloatArray
    limit: FloatArray
    pending: FloatArray
    entries: NsArray
    flat_t: NsArray
    flat_v: FloatArray
    desk: Desk
    spells: Spells
    returns: NsArray
    last_t: NsArray
    last_v: FloatArray
    last_q: SmallArray

    @classmethod
    def initial(cls, definitions: Definitions) -> Self:
        """Everything normal, nothing seen."""
        n, m = len(definitions), len(definitions.sensor_id)

        def never(*shape: int) -> NsArray:
            return np.full(shape, UNSEEN, np.int64)

        def small() -> SmallArray:
            return np.zeros(n, np.uint8)

        def integer() -> IntArray:
            return np.zeros(n, np.int32)

        def flag() -> FlagArray:
            return np.zeros(n, np.bool_)

        def number(length: int) -> FloatArray:
            return np.full(length, np.nan)

        desk = Desk(integer(), never(n), integer(), small(), integer(), never(n), flag())
        return cls(
            small(), never(n), never(n), never(n), integer(), integer(), integer(), flag(), flag(), flag(), small(),
            never(n), never(n), number(n), number(n), number(n), never(n, definitions.most_counted),
            never(n), number(n), desk, Spells.none(), never(RETURNS), never(m), number(m),
            np.zeros(m, np.uint8),
        )  # fmt: skip


def active(state: State, rows: IndexArray) -> FlagArray:
    """Alarm active: the condition holds, or has gone for less than the off-delay."""
    result: FlagArray = state.cond[rows] >= A
    return result


def latched(state: State, rows: IndexArray) -> FlagArray:
    result: FlagArray = state.latched[rows] > state.desk.reset[rows]
    return result


def acked(state: State, rows: IndexArray) -> FlagArray:
    result: FlagArray = state.desk.acked[rows] >= state.occurrence[rows]
    return result


def shelved(state: State, rows: IndexArray) -> FlagArray:
    result: FlagArray = (state.desk.shelf[rows] != UNSHELVED) & (state.desk.shelf_no[rows] > state.released[rows])
    return result


def regions(state: State, rows: IndexArray) -> CodeArray:
    """The regions of some rows as bits."""
    return region_bits(
        active(state, rows),
        latched(state, rows),
        acked(state, rows),
        shelved(state, rows),
        state.suppressed[rows],
        state.desk.out_of_service[rows],
    )


def isa(state: State, rows: IndexArray) -> CodeArray:
    """Indices into `ISA_STATES` of some rows."""
    return isa_of_bits(regions(state, rows))
