"""What the commands share: their common options, the settings, the log and the database."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ksys_core import dsn as dsns
from ksys_core import log
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.settings_sources import LoadedSettings, load_settings

if TYPE_CHECKING:
    from ksys_core.store.embedded_cluster import Role
    from ksys_core.store.pool import Database


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Common:
    """Options of every command.

    Attributes:
        config: settings file (TOML).
        dsn: database address without password; TS_DSN in the environment is the usual way.
        data_dir: data folder of the embedded database.
        log_level: debug, info, warning or error.
    """

    config: Path | None = None
    dsn: str | None = None
    data_dir: Path | None = None
    log_level: Annotated[str | None, Parameter(show_default=False)] = None

    def load(self) -> LoadedSettings:
        """The settings under these options."""
        if self.dsn is not None and dsns.parts(self.dsn).password:
            raise KnownError(
                "command.password",
                N_("A password on the command line can be seen by others. Use TS_DSN or database.password_file."),
            )
        given = {"database.dsn": self.dsn, "data_dir": self.data_dir, "log_level": self.log_level}
        overrides = {key: str(value) for key, value in given.items() if value is not None}
        return load_settings(overrides, environ=os.environ, config_file=self.config)


DEFAULT = Common()

JsonFlag = Annotated[bool, Parameter(name="--json", negative="")]
"""The option ``--json``."""


@asynccontextmanager
async def server(loaded: LoadedSettings, role: Role = "service") -> AsyncIterator[str]:
    """The DSN of the settings, else of the data folder's embedded database, started or adopted for the block.

    Raises:
        KnownError: no address is set and the data folder has no database.
    """
    settings = loaded.settings
    if settings.database.dsn is not None:
        yield settings.database.dsn.get_secret_value()
        return
    import asyncio

    from ksys_core.store.embedded import EmbeddedServer, default_data_dir

    embedded = EmbeddedServer(settings.data_dir or default_data_dir())
    if not embedded.pgdata.exists():
        text = N_("No database is set. Set TS_DSN=postgresql://…, or start the demo once (ksys-hmi --demo).")
        raise KnownError("command.no_database", text)
    await asyncio.to_thread(embedded.start_or_adopt)
    try:
        yield embedded.dsn(role)
    finally:
        await asyncio.to_thread(embedded.stop)


@asynccontextmanager
async def connect(loaded: LoadedSettings, role: Role = "service") -> AsyncIterator[Database]:
    """A pool of few connections for the block, whatever the schema."""
    from ksys_core.store.pool import Database

    settings = loaded.settings
    log.configure("ksys", settings.log_level if settings.log_level != "info" else "warning", None)
    async with server(loaded, role) as dsn:
        timeout = settings.database.statement_timeout_s
        db = await Database.connect(dsn, pool_max=4, statement_timeout_s=timeout, application_name="ksys")
        try:
            yield db
        finally:
            await db.close()


@asynccontextmanager
async def database(loaded: LoadedSettings, role: Role = "service") -> AsyncIterator[Database]:
    """The same, but refuses a schema that isn't this program's."""
    from ksys_core.store.schema import check_not_newer, schema_status

    async with connect(loaded, role) as db:
        status = await schema_status(db)
        check_not_newer(status)
        if status.pending:
            text = N_("The database schema is not up to date (missing: {steps}). Run: ksys db migrate")
            raise KnownError("database.pending", text, steps=", ".join(status.pending))
        yield db
