"""A table of frozen rows: columns say how a row is written, the model tells views only what has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ksys_core.i18n import tr

RowT = TypeVar("RowT")
Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def _as_typed(text: str) -> str:
    """A tooltip's text that Qt does not take for markup."""
    return f"<qt>{escape(text)}</qt>" if "<" in text else text


@dataclass(frozen=True)
class Column(Generic[RowT]):
    """One column: English `title` (marked for translation), the text of a row, numbers to the right.

    The title is also its name where a person's choice of columns is kept; `hidden`: not shown until it is chosen;
    `moving`: the text follows from more than the row; `ticking`: it changes with every second or
    reading, so it is written at each painting. `widest`: what a column that is fitted now has to hold later.
    """

    title: str
    text: Callable[[RowT], str]
    numeric: bool = False
    tooltip: Callable[[RowT], str] | None = None
    hidden: bool = False
    moving: bool = False
    ticking: bool = False
    widest: Callable[[], str] = lambda: ""


class RowsModel(QAbstractTableModel, Generic[RowT]):
    """Rows in the order given. `key` identifies a row, so that a refresh keeps selection and scroll position."""

    def __init__(
        self, columns: Sequence[Column[RowT]], key: Callable[[RowT], object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self.key = key
        self.rows: Sequence[RowT] = ()

    def show_rows(self, rows: Sequence[RowT]) -> None:
        """Show `rows`: a change of values repaints, a change of the set resets."""
        new = tuple(rows)
        same = [self.key(row) for row in new] == [self.key(row) for row in self.rows]
        if not same:
            self.beginResetModel()
        self.rows = new
        if not same:
            self.endResetModel()
        elif new:
            self.dataChanged.emit(self.index(0, 0), self.index(len(new) - 1, len(self._columns) - 1))

    @property
    def columns(self) -> tuple[Column[RowT], ...]:
        return self._columns

    def row_of(self, key: object) -> int | None:
        """Number of the row with this key; None when it is not shown."""
        return next((i for i, row in enumerate(self.rows) if self.key(row) == key), None)

    def retranslate(self) -> None:
        """Titles and texts again in the current language."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._columns) - 1)
        self.repaint()

    def repaint(self, columns: Sequence[int] = ()) -> None:
        """Texts that follow from something else than the rows have changed, in all or in some columns."""
        if self.rows:
            first, last = min(columns, default=0), max(columns, default=len(self._columns) - 1)
            self.dataChanged.emit(self.index(0, first), self.index(len(self.rows) - 1, last))

    def index(self, row: int, column: int, parent: Index = _NO_PARENT) -> QModelIndex:
        """As the base class, without its two calls of Python to ask for the counts: a view asks for each cell."""
        if 0 <= row < len(self.rows) and 0 <= column < len(self._columns) and not parent.isValid():
            return self.createIndex(row, column)
        return QModelIndex()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column, row = self._columns[index.column()], self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.numeric else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return _as_typed((column.tooltip or column.text)(row))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(self._columns[section].title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self._columns[section].numeric else _LEFT
        return None
