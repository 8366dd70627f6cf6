"""The operators' side of alarms, as it changes: between the database's rows and the engine's columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import numpy as np

from ksys_core.domain.alarms.columns import UNSEEN, Definitions, IndexArray, NsArray
from ksys_core.domain.alarms.state import (
    SHELVES,
    Desk,
    State,
)
from ksys_core.domain.times import to_ns
from ksys_core.store.connection import Connection

STALE_INTERVALS: Final = 3
"""A tag is stale after so many of its expected intervals without a reading."""

_DESK: Final = """
select alarm_id, acked_occurrence, acked_at, reset_occurrence, shelf, shelf_no, shelved_until, out_of_service
  from alarms where alarm_id = any($1) order by alarm_id
"""


async def desk_of(connection: Connection, alarm_ids: Sequence[int], *, lock: bool = False) -> list[asyncpg.Record]:
    """The operators' columns of some alarms by rising id, locked against operators until commit when asked."""
    return await connection.fetch(_DESK + (" for update" if lock else ""), alarm_ids)


def update_desk(definitions: Definitions, state: State, found: Sequence[asyncpg.Record]) -> State | None:
    """`state` with the operators' columns of `found`; None when it has them already."""
    rows = rows_of(definitions, [record["alarm_id"] for record in found])
    known = rows >= 0
    fresh = _desk([record for record, k in zip(found, known.tolist(), strict=True) if k])
    rows = rows[known]
    names = Desk.__dataclass_fields__
    if all(np.array_equal(getattr(state.desk, name)[rows], getattr(fresh, name)) for name in names):
        return None
    state = state.copy()
    for name in names:
        getattr(state.desk, name)[rows] = getattr(fresh, name)
    return state


def rows_of(definitions: Definitions, alarm_ids: Sequence[int]) -> IndexArray:
    """int64 index of each alarm in the definitions, -1 for those not evaluated."""
    order = np.argsort(definitions.alarm_id, kind="stable")  # nearly in order as a rule
    if not len(order):
        return np.full(len(alarm_ids), -1, np.int64)
    place = np.minimum(np.searchsorted(definitions.alarm_id, alarm_ids, sorter=order), len(order) - 1)
    rows = order[place]
    return np.where(definitions.alarm_id[rows] == alarm_ids, rows, -1)


def _ns(values: Iterable[datetime | None]) -> NsArray:
    return np.array([UNSEEN if value is None else to_ns(value) for value in values], np.int64)


def _desk(rows: Sequence[asyncpg.Record]) -> Desk:
    def integers(name: str) -> Any:
        return np.array([row[name] for row in rows], np.int32)

    return Desk(
        acked=integers("acked_occurrence"),
        acked_at=_ns(row["acked_at"] for row in rows),
        reset=integers("reset_occurrence"),
        shelf=np.array([SHELVES.index(row["shelf"]) for row in rows], np.uint8),
        shelf_no=integers("shelf_no"),
        until=_ns(row["shelved_until"] for row in rows),
        out_of_service=np.array([row["out_of_service"] for row in rows], np.bool_),
    )
