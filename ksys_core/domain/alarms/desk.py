"""What operators' actions do to the regions they own: the same rules as the database's functions, on arrays."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ksys_core.domain.alarms.columns import UNSEEN, FlagArray, IndexArray
from ksys_core.domain.alarms.isa import ACKED, DSUPR, LACKED, LUNACK, OOSRV, RTNUN, UNACK, isa_of_bits
from ksys_core.domain.alarms.state import ONESHOT, TIMED, UNSHELVED, State, active, isa, regions, shelved
from ksys_core.domain.alarms.transitions import EVENTS, Transitions

Operation = Literal["ACK", "UNACK", "RESET", "SHLV", "UNSHLV", "OOS", "INSRV"]


def allowed(state: State, operation: Operation, rows: IndexArray) -> FlagArray:
    """bool[len(rows)]: the state of the alarm lets the operation change something."""
    states = isa(state, rows)
    if operation == "ACK":
        return np.isin(states, [UNACK, RTNUN, LUNACK])
    if operation == "UNACK":
        return np.isin(states, [ACKED, LACKED])
    if operation == "RESET":
        result: FlagArray = states == LACKED
        return result
    if operation == "SHLV":
        return ~np.isin(states, [OOSRV, DSUPR])
    if operation == "UNSHLV":
        return shelved(state, rows)
    served: FlagArray = state.desk.out_of_service[rows] == (operation == "INSRV")
    return served


def operate(
    state: State, operation: Operation, rows: IndexArray, at: int, until: int = UNSEEN, *, once: bool = False
) -> tuple[State, Transitions]:
    """An operator's action on `rows` at `at` (ns); rows that do not allow it stay as they are.

    Args:
        until: ns, end of a shelf. once: the shelf ends at the return to normal, too.
    """
    rows = rows[allowed(state, operation, rows)]
    after = state.copy()
    _apply(after, operation, rows, at, until, once)
    times = np.full(len(rows), at, np.int64)
    bits = regions(after, rows)
    happened = Transitions(
        rows,
        np.full(len(rows), EVENTS.index(operation), np.uint8),
        times,
        times,
        after.value[rows],
        after.limit[rows],
        after.occurrence[rows],
        isa(state, rows),
        isa_of_bits(bits),
        bits,
    )
    return after, happened


def _apply(state: State, operation: Operation, rows: IndexArray, at: int, until: int, once: bool) -> None:
    desk = state.desk
    if operation == "ACK":
        _acknowledge(state, rows, at)
    elif operation == "UNACK":
        desk.acked[rows] = np.minimum(desk.acked[rows], state.occurrence[rows] - 1)
    elif operation == "RESET":
        desk.reset[rows] = state.latched[rows]
    elif operation == "SHLV":
        _shelve(state, rows, until, once)
        if once:
            _acknowledge(state, rows, at)
    elif operation == "UNSHLV":
        desk.shelf[rows] = UNSHELVED
        desk.until[rows] = UNSEEN
        _acknowledge(state, rows, at)
    elif operation == "OOS":
        desk.out_of_service[rows] = True
    else:
        desk.out_of_service[rows] = False
        back = rows[active(state, rows)]
        desk.acked[back] = np.minimum(desk.acked[back], state.occurrence[back] - 1)


def _acknowledge(state: State, rows: IndexArray, at: int) -> None:
    state.desk.acked[rows] = state.occurrence[rows]
    state.desk.acked_at[rows] = at


def _shelve(state: State, rows: IndexArray, until: int, once: bool) -> None:
    """T14. Who shelves an alarm until it returns has seen it: its present occurrence counts as acknowledged."""
    desk = state.desk
    desk.shelf[rows] = ONESHOT if once else TIMED
    desk.shelf_no[rows] = np.maximum(desk.shelf_no[rows], state.released[rows]) + 1
    desk.until[rows] = until
