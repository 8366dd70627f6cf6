"""Table model of a trend's pens: texts come ready from `trend_rows`."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from ksys_core.i18n import tr
from ksys_hmi.models.trend_rows import COLUMNS, PenRow

SLOT_ROLE: Final = Qt.ItemDataRole.UserRole
LEFT_ALIGNED: Final = frozenset({0, 1, 2, 6, 13})
_NO_PARENT: Final = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class PenTableModel(QAbstractTableModel):
    """One row a pen. Rows that stay are changed in place, so a selection stays too."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[PenRow, ...] = ()

    def show_rows(self, rows: tuple[PenRow, ...]) -> None:
        """Replace the rows; only the cells that differ are announced."""
        before, self._rows = self._rows, rows
        if [row.slot for row in before] != [row.slot for row in rows]:
            self.beginResetModel()
            self.endResetModel()
            return
        for place, (old, new) in enumerate(zip(before, rows, strict=True)):
            if old != new:
                changed = [i for i, (a, b) in enumerate(zip(old.cells, new.cells, strict=True)) if a != b] or [0]
                self.dataChanged.emit(self.index(place, changed[0]), self.index(place, changed[-1]))

    def retranslate(self) -> None:
        """Announce new header texts."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def row_of(self, slot: int | None) -> int | None:
        """Place of a pen in the table."""
        return next((place for place, row in enumerate(self._rows) if row.slot == slot), None)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return row.cells[column]
        if role == SLOT_ROLE:
            return row.slot
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.tip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return side_of(column)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(COLUMNS[section])
        return side_of(section) if role == Qt.ItemDataRole.TextAlignmentRole else None


def side_of(column: int) -> Qt.AlignmentFlag:
    """Texts to the left, numbers to the right."""
    side = Qt.AlignmentFlag.AlignLeft if column in LEFT_ALIGNED else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
