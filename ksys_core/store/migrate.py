"""Schema steps: numbered SQL files, run by Alembic, each in a transaction, one process at a time.

``NNNN_name.sql`` is one step; a step that differs between the two kinds of database is the pair
``NNNN_name.plain.sql`` and ``NNNN_name.timescale.sql``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store.capabilities import capabilities
from ksys_core.store.connection_errors import connecting, using
from ksys_core.store.pool import Database

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x4B53_5953  # "KSYS"


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Attributes:
    current: newest step in the database ("0002"), None in an empty one.
    pending: names of the steps that this program would add.
    newer: the database was made by a newer program.
    """

    current: str | None
    pending: tuple[str, ...]
    newer: bool


def step_names() -> list[str]:
    """Names of all steps in order: ``["0001_core", "0002_readings", …]``."""
    return sorted({path.name.partition(".")[0] for path in FOLDER.glob("[0-9]*.sql")})


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


async def schema_status(db: Database) -> SchemaStatus:
    """Where the database stands; needs no more than a viewer's rights."""
    known = step_names()
    current = None
    if await db.fetchval("select to_regclass('public.alembic_version') is not null"):
        current = await db.fetchval("select version_num from alembic_version")
    return _status(known, current)


def check_not_newer(status: SchemaStatus) -> None:
    """Raise `KnownError` when the database was made by a newer program."""
    if status.newer:
        raise KnownError(
            "database.newer",
            N_("The database has schema step {step}, which this program does not know. Update the program."),
            step=status.current,
        )


def _status(known: list[str], current: str | None) -> SchemaStatus:
    numbers = [name.partition("_")[0] for name in known]
    newer = current is not None and current not in numbers
    pending = () if newer else tuple(known[numbers.index(current) + 1 :] if current else known)
    return SchemaStatus(current, pending, newer)


def _run(connection: Connection, kind: str) -> list[str]:
    connection.exec_driver_sql(f"select pg_advisory_lock({_LOCK})")
    connection.commit()
    done: list[str] = []

    def steps(heads: tuple[str, ...], _context: MigrationContext) -> Iterable[MigrationStep]:
        status = _status(step_names(), heads[0] if heads else None)
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
