"""Logging of both programs: a readable console, JSON lines in a rotating file, secrets hidden in both.

Libraries log through the standard library and take the same way. `configure` is called once by a program.
"""

from __future__ import annotations

import logging
import logging.handlers
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import Processor

from ksys_core import dsn as dsns

MAX_BYTES: Final = 10_000_000
BACKUPS: Final = 5
_SECRET_KEY: Final = re.compile(r"(?i)password|passwd|secret|token|api_key")
_QUIET: Final = ("asyncio", "apscheduler", "cmdstanpy", "prophet")

_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


def redacted(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor that hides values under secret names and passwords inside any text."""
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = dsns.MASK if _SECRET_KEY.search(key) else _clean(value)
    return event


def _clean(value: object) -> object:
    if isinstance(value, str):
        return dsns.masked(value)
    if isinstance(value, dict):
        return {key: dsns.MASK if _SECRET_KEY.search(str(key)) else _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    if isinstance(value, BaseException | Path):
        return dsns.masked(str(value))
    return value


def configure(
    program: str, level: str, folder: Path | None, console: TextIO | Literal["stderr"] | None = "stderr"
) -> None:
    """Set up the log of this process, replacing an earlier set-up.

    Args:
        program: name of the file, ``<folder>/<program>.log``.
        level: ``debug``, ``info``, ``warning`` or ``error``.
        folder: made when missing; None writes no file.
        console: None for a program without one; colours only on a terminal.
    """
    root = logging.getLogger()
    close()
    stream = sys.stderr if console == "stderr" else console
    if stream is not None:
        root.addHandler(_console_handler(stream))
    if folder is not None:
        root.addHandler(_file_handler(folder / f"{program}.log"))
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def close() -> None:
    """Take this module's handlers off and close them."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, (_Console, _File))]:
        root.removeHandler(handler)
        handler.close()


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The structured logger of a module: ``log = get_logger(__name__)``; ``log.info("filled", rows=8640)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


class _Console(logging.StreamHandler[TextIO]):
    pass


class _File(logging.handlers.RotatingFileHandler):
    pass


def _console_handler(stream: TextIO) -> logging.Handler:
    handler = _Console(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(_SHARED),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redacted,
                structlog.dev.ConsoleRenderer(colors=stream.isatty()),
            ],
        )
    )
    return handler


def _file_handler(path: Path) -> logging.Handler:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = _File(path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8", delay=True)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(_SHARED),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redacted,
                structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
            ],
        )
    )
    return handler
