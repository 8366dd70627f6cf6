"""The connection pool, with one way to turn a lost database into `DatabaseDownError`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Self

import asyncpg
import numpy as np
import numpy.typing as npt

from ksys_core.errors import DatabaseDownError
from ksys_core.store.capabilities import Capabilities, capabilities
from ksys_core.store.columns import copy_columns
from ksys_core.store.connection import Connection
from ksys_core.store.connection_errors import connecting, down, using
from ksys_core.store.sockets import watch_peer

_RELEASE_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


class Database:
    """A pool of connections to one KSys database.

    Every method raises `DatabaseDownError` when the server can't be reached and `DeniedError` when it refuses the
    role; other `asyncpg` errors are bugs and pass through. After a loss the next use connects again by itself.
    """

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], dsn: str, found: Capabilities, acquire_timeout_s: float = 5.0
    ) -> None:
        self._pool = pool
        self._acquire_timeout_s = acquire_timeout_s
        self.dsn = dsn
        self.capabilities = found

    @classmethod
    async def connect(
        cls,
        dsn: str,
        *,
        pool_min: int = 1,
        pool_max: int = 20,
        statement_timeout_s: float = 10.0,
        application_name: str = "ksys",
        acquire_timeout_s: float = 5.0,
    ) -> Self:
        """Open the pool. The server ends statements that take longer than `statement_timeout_s` (0: never)."""
        with connecting():
            pool = await asyncpg.create_pool(
                dsn,
                min_size=0,  # asyncpg would keep a floor by retries that log a trace each; `acquire` connects anyway
                init_size=min(pool_min, pool_max),
                max_size=pool_max,
                timeout=acquire_timeout_s,
                init=watch_peer,
                reset=_as_it_is,
                max_inactive_connection_lifetime=0,
                server_settings={
                    "application_name": application_name,
                    "statement_timeout": str(round(statement_timeout_s * 1000)),
                    "jit": "off",
                    "timezone": "UTC",
                },
                max_cached_statement_lifetime=0,
            )
            async with pool.acquire() as connection:
                found = await capabilities(connection)
        return cls(pool, dsn, found, acquire_timeout_s)

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the pool for the block."""
        with connecting():
            connection = await self._pool.acquire(timeout=self._acquire_timeout_s)
        try:
            with using():
                yield connection
        except DatabaseDownError:
            with contextlib.suppress(asyncpg.InterfaceError):  # the pool has let it go already
                connection.terminate()
            raise
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            if not await _closes(connection):
                raise
            raise down(error) from error
        finally:
            with contextlib.suppress(*_RELEASE_FAILURES):  # then the pool throws the connection away
                await self._pool.release(connection)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction, committed at the end of the block."""
        async with self.connection() as connection, connection.transaction():
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
        """All rows of `query` as one structured array, read by binary COPY (no NULL allowed in any column).

        `dtype` names the columns in order with big-endian fields: ``[("id", ">i4"), ("t", ">i8"), ("v", ">f8")]``.
        A ``timestamptz`` is read as ``>i8``: microseconds since 2000 (see `ksys_core.store.columns.to_unix_ns`).
        """
        async with self.connection() as connection:
            return await copy_columns(connection, query, *args, dtype=dtype)

    async def close(self) -> None:
        """Close all connections, waiting for those in use."""
        with connecting():
            await self._pool.close()


async def _as_it_is(_connection: Connection) -> None:
    """Nothing is left behind in a session: settings, locks and temporary tables end with their transaction, and
    asyncpg itself rolls back one that is open. Its usual reset would cost every query a second round trip."""


async def _closes(connection: Connection) -> bool:
    """Whether the connection is lost: asyncpg notes that a moment after the server's last words have confused it."""
    with contextlib.suppress(asyncpg.InterfaceError):  # the pool has let it go
        for _ in range(100):
            if connection.is_closed():
                return True
            await asyncio.sleep(0.01)
        return False
    return True
