"""The alarm report as a file: a page or a workbook, by the ending of its name."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.services.alarms_report import AlarmReport

_RENDERERS: Final[Mapping[str, str]] = {
    ".html": "ksys_core.services.alarms_report_html",
    ".xlsx": "ksys_core.services.alarms_report_xlsx",
}
"""Modules with a function ``render``, loaded when they are needed: the library of workbooks takes long."""


async def write_report(report: AlarmReport, path: Path) -> None:
    """Write the report beside the event loop; the file appears only when it is whole.

    Raises:
        KnownError: another ending, or the file can't be written.
    """
    await asyncio.to_thread(write_whole, path, await asyncio.to_thread(_rendered, path, report))


def _rendered(path: Path, report: AlarmReport) -> bytes:
    return renderer(path)(report)


def renderer(path: Path) -> Callable[[AlarmReport], bytes]:
    """What makes a file of this name; raises `KnownError` for endings that are none of a report."""
    if path.suffix.lower() not in _RENDERERS:
        text = N_("A report is written as .html or .xlsx: give {file} one of these endings.")
        raise KnownError("report.suffix", text, file=path.name)
    render: Callable[[AlarmReport], bytes] = importlib.import_module(_RENDERERS[path.suffix.lower()]).render
    return render


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` beside its place first, then put it there; nothing is left when that fails."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise not_written(path, error) from error


def not_written(path: Path, error: OSError) -> KnownError:
    """Why there is no such file or folder, for people."""
    reason = error.strerror or str(error)
    return KnownError("report.file", N_("{file} can't be written: {reason}."), file=path, reason=reason)
