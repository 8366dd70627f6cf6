"""Databases for tests: a fresh migrated one a test, on the embedded server or on the one of KSYS_TEST_DSN."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from ksys_core.store.embedded import EmbeddedServer
from ksys_core.store.migrate import migrate
from ksys_core.store.pool import Database

TEST_SETTINGS = {"fsync": "off", "shared_buffers": "64MB", "autovacuum": "off"}


def with_database(dsn: str, name: str) -> str:
    """`dsn` with another database."""
    parts = urlsplit(dsn)
    return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")


def run_sql(dsn: str, *statements: str) -> None:
    """Execute statements one after another on a connection of their own."""

    async def execute() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """An empty folder that an embedded server's system user can enter (pytest's `tmp_path` is closed to it as root)."""
    folder = Path(tempfile.mkdtemp(prefix="ksys-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[EmbeddedServer]:
    """The session's embedded server (not durable: for tests that don't kill it)."""
    folder = Path(tempfile.mkdtemp(prefix="ksys-tests-"))
    folder.chmod(0o711)
    server = EmbeddedServer(folder, TEST_SETTINGS)
    server.start_or_adopt()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server_dsn(request: pytest.FixtureRequest) -> str:
    """DSN of a role that may create databases."""
    given = os.environ.get("KSYS_TEST_DSN")
    if given:
        return given
    server: EmbeddedServer = request.getfixturevalue("embedded_server")
    return server.dsn("ksys")


@pytest.fixture(scope="session")
def template(server_dsn: str) -> str | None:
    """Name of a migrated database to copy; None on a given server, whose background workers forbid copying."""
    if os.environ.get("KSYS_TEST_DSN"):
        return None
    run_sql(server_dsn, "create database template_ksys")
    asyncio.run(migrate(with_database(server_dsn, "template_ksys")))
    return "template_ksys"


@pytest.fixture
def empty_dsn(server_dsn: str) -> Iterator[str]:
    """DSN of a fresh database without any schema."""
    name = f"test_{uuid.uuid4().hex}"
    run_sql(server_dsn, f"create database {name}")
    yield with_database(server_dsn, name)
    run_sql(server_dsn, f"drop database {name} with (force)")


@pytest.fixture
def dsn(server_dsn: str, template: str | None) -> Iterator[str]:
    """DSN of a fresh migrated database; the role is its owner."""
    name = f"test_{uuid.uuid4().hex}"
    own = with_database(server_dsn, name)
    if template is None:
        run_sql(server_dsn, f"create database {name}")
        run_sql(own, _EXTENSION)
        asyncio.run(migrate(own))
    else:
        run_sql(server_dsn, f"create database {name} template {template} strategy file_copy")
    yield own
    run_sql(server_dsn, f"drop database {name} with (force)")


@pytest.fixture
def login_dsn(dsn: str) -> Callable[[str], str]:
    """Gives the DSN of a login in a group role ("ksys_service", "ksys_engineer", …) to the same database."""

    def of(group: str) -> str:
        name, password = f"test_{group}", secrets.token_hex(16)
        run_sql(dsn, _LOGIN.format(name=name, group=group), f"alter role {name} password '{password}'")
        parts = urlsplit(dsn)
        return parts._replace(netloc=f"{name}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()

    return of


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A pool on a fresh migrated database, as its owner."""
    db = await Database.connect(dsn, pool_min=1, pool_max=5, application_name="tests")
    yield db
    await db.close()


_LOGIN = """
do $$ begin
  if not exists (select from pg_roles where rolname = '{name}') then
    create role {name} login;
    grant {group} to {name};
  end if;
end $$
"""
_EXTENSION = """
do $$ begin
  if exists (select from pg_available_extensions where name = 'timescaledb') then
    create extension if not exists timescaledb;
  end if;
end $$
"""
