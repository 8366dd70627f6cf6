"""Weekly partitions of the readings on plain PostgreSQL (TimescaleDB makes its chunks itself)."""

from __future__ import annotations

from typing import Final

import numpy as np

from ksys_core.domain.series import TimeArray
from ksys_core.domain.times import to_datetime
from ksys_core.store.columns import to_pg_us, to_unix_ns
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database

_WEEK_US: Final = 7 * 86_400_000_000
_MONDAY_US: Final = 366 * 86_400_000_000  # 2001-01-01, as `ksys_ensure_partitions` counts


async def ensure(db: Database, start_ns: int, stop_ns: int) -> int:
    """Make the missing partitions for ``[start_ns, stop_ns)``; returns how many."""
    if db.capabilities.timescale is not None or stop_ns <= start_ns:
        return 0
    edges = to_pg_us(np.array([start_ns, stop_ns - 1], dtype=np.int64))
    async with db.connection() as connection:
        return await ensure_weeks(connection, np.append(np.arange(edges[0], edges[1], _WEEK_US), edges[1]))


async def ensure_weeks(connection: Connection, pg_us: TimeArray) -> int:
    """Make the missing partitions for these instants (microseconds since 2000); returns how many."""
    weeks = np.unique((pg_us - _MONDAY_US) // _WEEK_US) * _WEEK_US + _MONDAY_US
    moments = [to_datetime(ns) for ns in to_unix_ns(weeks).tolist()]
    return int(await connection.fetchval("select ksys_ensure_partitions($1::timestamptz[])", moments))


async def drop_before(db: Database, keep_from_ns: int) -> int:
    """Drop the partitions that end at or before `keep_from_ns`; returns how many."""
    return int(await db.fetchval("select ksys_drop_partitions($1)", to_datetime(keep_from_ns)))
