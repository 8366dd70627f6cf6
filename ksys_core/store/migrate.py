"""Schema steps: numbered SQL files, run by Alembic, each in a transaction, one process at a time.

``NNNN_name.sql`` is one step; a step that differs between the two kinds of database is the pair
``NNNN_name.plain.sql`` and ``NNNN_name.timescale.sql``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import asyncpg
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script.base import Script
from alembic.script.revision import RevisionMap
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ksys_core.store.capabilities import capabilities
from ksys_core.store.connection_errors import connecting, using
from ksys_core.store.schema import FOLDER, check_not_newer, status_of, step_names

_LOCK = 0x4B53_5953  # "KSYS"


async def migrate(dsn: str) -> list[str]:
    """Bring the database to this program's schema and return the names of the steps run.

    Raises `KnownError` when the database was made by a newer program.
    """

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        with connecting():
            return await asyncpg.connect(dsn)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            with using():
                timescale = (await capabilities(driver)).timescale is not None
                return await connection.run_sync(_run, "timescale" if timescale else "plain")
    finally:
        await engine.dispose()


def _run(connection: Connection, kind: str) -> list[str]:
    connection.exec_driver_sql(f"select pg_advisory_lock({_LOCK})")
    connection.commit()
    done: list[str] = []

    def steps(heads: tuple[str, ...], _context: MigrationContext) -> Iterable[MigrationStep]:
        status = status_of(step_names(), heads[0] if heads else None)
        check_not_newer(status)
        scripts = _scripts(connection, kind, done)
        revisions = RevisionMap(lambda: scripts)
        waiting = [revisions.get_revision(name.partition("_")[0]) for name in status.pending]
        return [MigrationStep.upgrade_from_script(revisions, cast(Script, script)) for script in waiting]

    options: dict[str, Any] = {"fn": steps, "transaction_per_migration": True}
    try:
        MigrationContext.configure(connection, opts=options).run_migrations()
        connection.exec_driver_sql("grant select on alembic_version to ksys_viewer")
        connection.commit()
    finally:
        connection.rollback()
        connection.exec_driver_sql(f"select pg_advisory_unlock({_LOCK})")
        connection.commit()
    return done


def _scripts(connection: Connection, kind: str, done: list[str]) -> list[Script]:
    """Alembic's view of the files: each depends on the one before it."""
    scripts: list[Script] = []
    for name in step_names():
        path = _file(name, kind)

        def upgrade(name: str = name, path: Path = path) -> None:
            _execute(connection, path)
            done.append(name)

        module = ModuleType(name)
        module.__dict__.update(down_revision=scripts[-1].revision if scripts else None, upgrade=upgrade)
        scripts.append(Script(module, name.partition("_")[0], str(path)))
    return scripts


def _file(name: str, kind: str) -> Path:
    common = FOLDER / f"{name}.sql"
    return common if common.exists() else FOLDER / f"{name}.{kind}.sql"


def _execute(connection: Connection, path: Path) -> None:
    """Run a whole script in the transaction that is open on `connection` (the driver's simple protocol)."""
    connection.exec_driver_sql("set local statement_timeout = 0")  # begins the transaction on the server
    driver = connection.connection.dbapi_connection
    assert driver is not None
    script = path.read_text("utf-8")
    driver.run_async(lambda raw: raw.execute(script))
