"""XLSX files, written row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import WorkbookAlreadySaved

from ksys_core.services.table_cells import LONGEST_CELL, SHEET_ROWS, Cell


class Xlsx:
    """A workbook whose rows go to the disk at once."""

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
