"""The scheduler service as its own process, on an embedded server that tests may stop and kill."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ksys_core.store.embedded import EmbeddedServer
from ksys_core.store.migrate import migrate
from tests.acceptance.programs import Programs
from tests.conftest import TEST_SETTINGS, run_sql


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """A server for the tests of one module, which may kill it and start it again."""
    folder = Path(tempfile.mkdtemp(prefix="ksys-accept-"))
    folder.chmod(0o711)
    server = EmbeddedServer(folder, {**TEST_SETTINGS, "fsync": "on"})
    server.start_or_adopt()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def programs(own_server: EmbeddedServer, tmp_path: Path) -> Iterator[Programs]:
    """Starts service processes on a fresh migrated database, and looks into it as its owner."""
    name = f"test_{uuid.uuid4().hex}"
    run_sql(own_server.dsn("ksys"), f"create database {name}")
    asyncio.run(migrate(own_server.dsn("ksys", name)))
    made = Programs(
        service_dsn=own_server.dsn("service", name), owner_dsn=own_server.dsn("ksys", name), data_dir=tmp_path
    )
    yield made
    made.end_all()
    run_sql(own_server.dsn("ksys"), f"drop database {name} with (force)")
