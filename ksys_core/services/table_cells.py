"""Cells of tables that spreadsheets open: what one may hold, and texts that they would take for a formula."""

from __future__ import annotations

from typing import Final

Cell = str | int | float | bool | None
SHEET_ROWS: Final = 1_000_000
"""Rows of one sheet of an XLSX file, which can't hold more than 1,048,576; the rest goes to further sheets."""
LONGEST_CELL: Final = 32_767
"""Characters that a cell of an XLSX file can hold."""
_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(text: str) -> str:
    """`text` so that no spreadsheet computes it."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA_SIGNS) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA_SIGNS) else text
