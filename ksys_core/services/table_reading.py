"""Tables from files of strangers: CSV or XLSX as plain texts, row by row; what could do harm is refused."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.services.table_cells import LONGEST_CELL, unguarded

MOST_BYTES: Final = 50_000_000
MOST_UNPACKED: Final = 300_000_000
MOST_MEMBERS: Final = 2_000
MOST_ROWS: Final = 100_000
MOST_COLUMNS: Final = 200
_TOLD_ROWS: Final = 200
Row = tuple[int, list[str]]
"""Number in the file, from 1, and cells."""


def read_table(path: Path, progress: Callable[[float], None] | None = None) -> list[Row]:
    """The rows of a table that are not empty, the head among them; `progress` gets the share read, 0 to 1.

    Raises:
        KnownError: the file can't be read, is no such table, is too large (also unpacked), or computes something.
    """
    kinds = {".csv": _csv_rows, ".xlsx": _xlsx_rows}
    read = kinds.get(path.suffix.lower())
    if read is None:
        raise KnownError("table.kind", N_("{file}: the name must end in .csv or .xlsx."), file=path.name)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _too_large(path)
        rows = _limited(path, read(path, progress or _silent))
        return [row for row in rows if any(cell.strip() for cell in row[1])]
    except OSError as error:
        raise KnownError(
            "table.unreadable",
            N_("{file} can't be read: {reason}"),
            file=path.name,
            reason=error.strerror or str(error),
        ) from error


def _too_large(path: Path) -> KnownError:
    return KnownError("table.too_large", N_("{file} is too large for a table of alarms."), file=path.name)


def _limited(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    for number, cells in rows:
        if number > MOST_ROWS or len(cells) > MOST_COLUMNS:
            raise _too_large(path)
        for column, cell in enumerate(cells, start=1):
            if len(cell) > LONGEST_CELL:
                raise KnownError(
                    "table.cell", N_("{file}: row {row}, column {column}: the cell has {length} characters."),
                    file=path.name, row=number, column=get_column_letter(column), length=len(cell),
                )  # fmt: skip
        yield number, cells


def _silent(_share: float) -> None:
    """Nobody listens."""


def _csv_rows(path: Path, progress: Callable[[float], None]) -> Iterator[Row]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KnownError(
            "table.encoding", N_("{file} is not in UTF-8. Save it as “CSV UTF-8” or as .xlsx."), file=path.name
        ) from error
    first, lines = text.partition("\n")[0], text.count("\n") + 1
    delimiter = max(",;\t", key=first.count)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if number % _TOLD_ROWS == 0:
                progress(min(number / lines, 1.0))
            yield number, [unguarded(cell) for cell in row]
    except csv.Error as error:
        raise KnownError(
            "table.csv", N_("{file} is no whole CSV file: {reason}"), file=path.name, reason=str(error)
        ) from error


def _xlsx_rows(path: Path, progress: Callable[[float], None]) -> Iterator[Row]:
    try:
        _refuse_bombs(path)
        with path.open("rb") as file, closing(openpyxl.load_workbook(file, read_only=True, keep_links=False)) as book:
            sheet = book.worksheets[0]  # the table
            said = max(sheet.max_row or 1, 1)  # what the file says of itself: good enough for the progress only
            sheet.reset_dimensions()
            for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), 1):
                if number % _TOLD_ROWS == 0:
                    progress(min(number / said, 1.0))
                yield number, _trimmed([_cell(path, number, cell) for cell in row])
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        ParseError,
        LookupError,
        ValueError,
        TypeError,
        EOFError,
    ) as error:
        raise KnownError(
            "table.xlsx",
            N_("{file} is no Excel workbook, or is damaged. Export the table and begin anew."),
            file=path.name,
        ) from error


def _refuse_bombs(path: Path) -> None:
    """A small file may unpack to terabytes: what it says of its members is added up before anything is unpacked."""
    with zipfile.ZipFile(path) as packed:
        members = packed.infolist()
        if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED:
            raise _too_large(path)


def _cell(path: Path, row: int, cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type in ("f", "e"):
        raise KnownError(
            "table.formula", N_("{file}: cell {cell} has a formula or an error. Paste its value instead."),
            file=path.name, cell=f"{get_column_letter(cell.column)}{row}",
        )  # fmt: skip
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else str(value)


def _trimmed(cells: Sequence[str]) -> list[str]:
    last = max((i for i, cell in enumerate(cells) if cell), default=-1)
    return list(cells[: last + 1])
