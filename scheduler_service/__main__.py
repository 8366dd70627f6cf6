"""``ksys-scheduler run|run-once JOB|status``."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter

from ksys_core import log
from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.settings import Settings
from ksys_core.settings_sources import load_settings
from scheduler_service.app import serve
from scheduler_service.once import once
from scheduler_service.status import print_status

EXIT_CONFIGURATION: Final = 78
"""``EX_CONFIG``: starting again doesn't help before a person has changed something."""

app = App(name="ksys-scheduler", help="The scheduler service of KSys.", version=version("ksys"))
Config = Annotated[Path | None, Parameter(help="Settings file (TOML).")]
Level = Annotated[Literal["debug", "info", "warning", "error"] | None, Parameter(help="Least level that is logged.")]


@app.command
def run(*, config: Config = None, log_level: Level = None) -> int:
    """Run the service until SIGTERM, Ctrl-C, or (KSYS_PARENT_PIPE=1) the end of standard input."""
    settings = _settings(config, log_level)
    asyncio.run(serve(settings))
    return 0


@app.command
def run_once(job: str, /, *, config: Config = None, log_level: Level = None) -> int:
    """Run one job now: by the instance that leads, else here. Exit status 0 when it succeeded."""
    return asyncio.run(once(_settings(config, log_level), job))


@app.command
def status(*, json: bool = False, config: Config = None) -> int:
    """Show instances, jobs and sources. Exit status 0 when all is well, else 1."""
    return asyncio.run(print_status(_settings(config, "error"), as_json=json))


def _settings(config: Path | None, log_level: str | None) -> Settings:
    overrides = {} if log_level is None else {"log_level": log_level}
    settings = load_settings(overrides, environ=os.environ, config_file=config).settings
    log.configure("ksys-scheduler", settings.log_level, settings.data_dir / "log" if settings.data_dir else None)
    return settings


def main() -> None:
    """Entry point; a `KnownError` is one line on standard error and exit status 78 (1 when the database is down)."""
    try:
        sys.exit(app())
    except KnownError as error:
        sys.stderr.write(f"ksys-scheduler: {error}\n")
        sys.exit(1 if isinstance(error, DatabaseDownError) else EXIT_CONFIGURATION)


if __name__ == "__main__":
    main()
