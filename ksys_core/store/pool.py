"""The connection pool, with one way to turn a lost database into `DatabaseDownError`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import numpy as np
import numpy.typing as npt


class Database:
    """A pool of connections to one KSys database.

    Every method raises `DatabaseDownError` when the server can't be reached and `DeniedError` when it refuses the
    role; other `asyncpg` errors are bugs and pass through.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], dsn: str) -> None:
        self._pool = pool
        self.dsn = dsn

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy[asyncpg.Record]]:
        """A connection of the pool for the block."""
        async with self._pool.acquire() as connection:
            yield connection

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        async with self.connection() as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        async with self.connection() as connection:
            return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        async with self.connection() as connection:
            return await connection.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        async with self.connection() as connection:
            return await connection.execute(query, *args)

    async def fetch_columns(self, query: str, *args: object, dtype: npt.DTypeLike) -> npt.NDArray[np.void]:
        """All rows of `query` as one structured array, read by binary COPY (no NULL allowed in any column)."""
        raise NotImplementedError

    async def close(self) -> None:
        await self._pool.close()
