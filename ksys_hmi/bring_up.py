"""Where the database comes from: one that is already there, or the demo's own plant."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import platformdirs

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.settings import Settings
from ksys_hmi.options import Options
from ksys_hmi.progress import Progress
from ksys_hmi.runtime import Runtime


class Plant(Protocol):
    """What stands behind the window."""

    folder: Path
    """Where its logs lie, in ``log``."""
    steps: tuple[str, ...]
    """Titles of the steps of `start`, English, marked for translation."""

    async def start(self, runtime: Runtime, progress: Progress) -> str:
        """Bring it up; returns the DSN for the HMI."""

    def supervise(self, runtime: Runtime) -> None:
        """Keep it up from now on, in tasks of the runtime."""

    async def stop(self) -> None:
        """Stop what `start` started."""

    def release(self) -> None:
        """Let go of the folder; the last call."""


class ExistingDatabase:
    """A database that others look after."""

    steps: tuple[str, ...] = ()

    def __init__(self, dsn: str, folder: Path) -> None:
        self._dsn = dsn
        self.folder = folder

    async def start(self, runtime: Runtime, progress: Progress) -> str:
        return self._dsn

    def supervise(self, runtime: Runtime) -> None:
        """Others do."""

    async def stop(self) -> None:
        """Nothing was started."""

    def release(self) -> None:
        """Nothing is held."""


def plant_for(options: Options, settings: Settings) -> Plant:
    """The demo's plant or the configured database; `KnownError` when there is neither or the demo runs already."""
    if options.demo:
        from ksys_hmi.demo import Demo

        demo = Demo(settings)
        demo.claim()
        return demo
    if settings.database.dsn is None:
        raise KnownError(
            "hmi.no_database",
            N_("No database is set. Give TS_DSN in the environment or --dsn, or look at the product with --demo."),
        )
    folder = settings.data_dir or platformdirs.user_data_path("ksys", appauthor=False)
    return ExistingDatabase(settings.database.dsn.get_secret_value(), folder)
