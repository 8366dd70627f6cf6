"""What commands that work on a database share."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.settings_sources import load_settings
from ksys_core.store.pool import Database

Config = Annotated[Path | None, Parameter(help="Settings file (TOML).")]
Json = Annotated[bool, Parameter(help="Print JSON.", negative="")]

_DURATION = re.compile(r"(\d+)\s*(s|m|min|h|d)?")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


@asynccontextmanager
async def database(config: Path | None) -> AsyncIterator[Database]:
    """The database of the settings for the block.

    Raises:
        KnownError: the settings name none, or it can't be reached.
    """
    settings = load_settings(environ=os.environ, config_file=config).settings
    if settings.database.dsn is None:
        raise KnownError("database.unset", N_("No database is set: give TS_DSN in the environment."))
    db = await Database.connect(settings.database.dsn.get_secret_value(), pool_max=2, application_name="ksys")
    try:
        yield db
    finally:
        await db.close()


def seconds(text: str) -> int:
    """Seconds of a duration like ``300``, ``5m`` or ``1h``.

    Raises:
        KnownError: it is none.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise KnownError("cli.duration", N_("“{given}” is no duration; write 300, 5m or 1h."), given=text)
    return int(found[1]) * _UNITS[found[2] or "s"]


def out(text: str = "") -> None:
    """A line on standard output."""
    sys.stdout.write(text + "\n")
