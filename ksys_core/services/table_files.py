"""Tables as files that spreadsheets open: CSV in UTF-8 with a BOM, or XLSX, written row by row.

A text that a spreadsheet would take for a formula gets an apostrophe before it in CSV (`guarded`), which reading takes
away again (`unguarded`); in XLSX it is stored as a text.
"""

from __future__ import annotations

import asyncio
import csv
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import WorkbookAlreadySaved

from ksys_core.errors import KnownError
from ksys_core.i18n import N_

Cell = str | int | float | bool | None
SHEET_ROWS: Final = 1_000_000
"""Rows of one sheet of an XLSX file, which can't hold more than 1,048,576; the rest goes to further sheets."""
LONGEST_CELL: Final = 32_767
"""Characters that a cell of an XLSX file can hold."""
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class Table:
    """A file being written, beside the event loop."""

    def __init__(self, file: _Csv | _Xlsx) -> None:
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


def guarded(text: str) -> str:
    """`text` so that no spreadsheet computes it."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA_SIGNS) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA_SIGNS) else text


@asynccontextmanager
async def new_table(path: Path, head: Sequence[str], title: str) -> AsyncIterator[Table]:
    """A table to write to, CSV or XLSX by the name of the file; `head` begins it, `title` names the sheet.

    The file appears when the block ends, and not at all when it raises or is cancelled.

    Raises:
        KnownError: the name ends in neither .csv nor .xlsx, or the file can't be written.
    """
    kinds: dict[str, type[_Csv | _Xlsx]] = {".csv": _Csv, ".xlsx": _Xlsx}
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise KnownError("table.kind", N_("{file}: the name must end in .csv or .xlsx."), file=path.name)
    part = path.with_name(path.name + ".part")
    try:
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


class _Xlsx:
    def __init__(self, path: Path, head: Sequence[str], title: str) -> None:
        self._path, self._head, self._title = path, head, title
        self._book = Workbook(write_only=True)
        self._sheet: Any = None
        self._rows = SHEET_ROWS
        self._saved = False
        path.touch()

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        for row in rows:
            if self._rows == SHEET_ROWS:
                self._begin_sheet()
            self._append(row)
            self._rows += 1

    def _begin_sheet(self) -> None:
        number = len(self._book.worksheets)
        self._sheet = self._book.create_sheet(self._title if not number else f"{self._title} {number + 1}")
        self._sheet.freeze_panes = "A2"
        self._append(self._head)
        self._rows = 0

    def _append(self, row: Sequence[Cell]) -> None:
        self._sheet.append([self._cell(cell) for cell in row])

    def _cell(self, cell: Cell) -> Any:
        """Numbers of more digits than a spreadsheet keeps (15) become texts, so that none is changed."""
        if isinstance(cell, float) and float(f"{cell:.15g}") != cell:
            return self._text(repr(cell))
        return self._text(cell) if isinstance(cell, str) else cell

    def _text(self, text: str) -> Any:
        cell = WriteOnlyCell(self._sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", text)[:LONGEST_CELL])
        cell.data_type = "s"
        return cell

    def finish(self) -> None:
        if self._sheet is None:
            self._begin_sheet()
        self._book.save(self._path)
        self._saved = True

    def close(self) -> None:
        """Remove what a book that was given up has put aside."""
        for sheet in () if self._saved else self._book.worksheets:
            with suppress(WorkbookAlreadySaved):
                sheet.close()
            with suppress(OSError, ValueError):
                sheet._writer.cleanup()
