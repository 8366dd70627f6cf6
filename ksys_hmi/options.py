"""The command line of ``ksys-hmi``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

_PAGE_IDS = (
    *("dashboard", "trend", "alarms", "rules", "master", "advisories", "comparison", "anomalies", "models"),
    *("notifications", "service", "help"),
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; None: not said."""

    demo: bool = False
    data_dir: Path | None = None
    dsn: str | None = None
    config: Path | None = None
    offscreen: bool = False
    exit_after: float | None = None
    page: str = "dashboard"
    theme: str | None = None
    language: str | None = None
    screenshot: Path | None = None
    log_level: str | None = None

    @property
    def overrides(self) -> dict[str, str]:
        """The settings that the command line sets, by dotted key."""
        given = {
            "database.dsn": self.dsn,
            "data_dir": str(self.data_dir) if self.data_dir else None,
            "hmi.theme": self.theme,
            "hmi.language": self.language,
            "log_level": self.log_level,
            "hmi.sound": "false" if self.offscreen else None,
        }
        return {key: value for key, value in given.items() if value is not None}


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return seconds


def parser(version: str) -> argparse.ArgumentParser:
    """The parser; `argparse` because it costs the start nothing."""
    made = argparse.ArgumentParser(prog="ksys-hmi", description="The control-room screen of KSys.", allow_abbrev=False)
    add = made.add_argument
    add("--demo", action="store_true", help="bring up a database, a simulated plant and the service, and show it")
    add("--data-dir", type=Path, metavar="FOLDER", help="folder of the demo's data")
    add(
        "--dsn",
        metavar="DSN",
        help="database to show (postgresql://…); better by TS_DSN or a file: others see arguments",
    )
    add("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    add("--offscreen", action="store_true", help="draw without a display, 1920x1080")
    add("--exit-after", type=_seconds, metavar="SECONDS", help="end by itself")
    add("--page", choices=_PAGE_IDS, default="dashboard", help="page to show first")
    add("--theme", choices=("day", "night"), help="colours")
    add("--language", choices=("ko", "en"), help="language of the screen")
    add("--screenshot", type=Path, metavar="FILE", help="write a picture once the page has its data, and at the end")
    add("--log-level", choices=("debug", "info", "warning", "error"), help="what the log keeps")
    add("--version", action="version", version=f"ksys-hmi {version}")
    return made


def parse(arguments: list[str], version: str) -> Options:
    """The options; a wrong one ends the program with status 2 and one line of help."""
    return Options(**vars(parser(version).parse_args(arguments)))
