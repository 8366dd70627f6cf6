"""Tables as files that spreadsheets open: CSV in UTF-8 with a BOM, or XLSX, written row by row.

A text that a spreadsheet would take for a formula gets an apostrophe before it in CSV (`guarded`), which reading takes
away again (`unguarded`); in XLSX it is stored as a text.
"""

from __future__ import annotations

import asyncio
import csv
import importlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.services.table_cells import Cell, guarded

_XLSX: Final = "ksys_core.services.table_xlsx"


class Writer(Protocol):
    """A kind of file. `close` comes last in any case, `finish` before it when the table is whole."""

    def write(self, rows: Iterable[Sequence[Cell]]) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


class Table:
    """A file being written, beside the event loop."""

    def __init__(self, file: Writer) -> None:
        self._file = file

    async def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Append rows; the iterable is gone through in another thread."""
        await _to_its_end(self._file.write, rows)


async def _to_its_end(function: Callable[..., None], *args: object) -> None:
    """Run in a thread; who is cancelled meanwhile waits for it, so that no file is touched after its end."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


@asynccontextmanager
async def new_table(path: Path, head: Sequence[str], title: str) -> AsyncIterator[Table]:
    """A table to write to, CSV or XLSX by the name of the file; `head` begins it, `title` names the sheet.

    The file appears when the block ends, and not at all when it raises or is cancelled.

    Raises:
        KnownError: the name ends in neither .csv nor .xlsx, or the file can't be written.
    """
    kinds: dict[str, Callable[[Path, Sequence[str], str], Writer]] = {".csv": _Csv, ".xlsx": _xlsx}
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise KnownError("table.kind", N_("{file}: the name must end in .csv or .xlsx."), file=path.name)
    part = path.with_name(path.name + ".part")
    try:
        if kind is _xlsx:
            await asyncio.to_thread(importlib.import_module, _XLSX)
        file = kind(part, head, title)
        try:
            yield Table(file)
            await _to_its_end(file.finish)
        finally:
            file.close()
        os.replace(part, path)
    except OSError as error:
        raise KnownError(
            "table.file", N_("{file} can't be written: {reason}"), file=str(path), reason=error.strerror or str(error)
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _xlsx(path: Path, head: Sequence[str], title: str) -> Writer:
    """Its library takes a quarter of a second to load, which nobody should wait for who writes no such file."""
    made: Writer = importlib.import_module(_XLSX).Xlsx(path, head, title)
    return made


class _Csv:
    def __init__(self, path: Path, head: Sequence[str], title: str) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._out = csv.writer(self._file)
        self.write([head])

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._out.writerows([_csv_cell(cell) for cell in row] for row in rows)

    def finish(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return guarded(cell) if isinstance(cell, str) else repr(cell)
