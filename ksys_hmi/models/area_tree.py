"""The plant's areas as a tree that asks for nothing below what is open: 100,000 areas cost what is seen of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ksys_core.i18n import tr
from ksys_hmi.models.area_roll_up import AreaRollUp

Index = QModelIndex | QPersistentModelIndex
ROLL_UP: Final = Qt.ItemDataRole.UserRole + 1
PATH: Final = Qt.ItemDataRole.UserRole
_ROOT: Final = QModelIndex()


class AreaTreeModel(QAbstractItemModel):
    """One column. `PATH` gives an area's path, `ROLL_UP` its `AreaRollUp`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._paths: tuple[str, ...] = ()
        self._numbers: dict[str, int] = {}
        self._parents: list[int] = []
        self._rows: list[int] = []
        self._children: dict[int, list[int]] = {-1: []}
        self._roll_ups: Mapping[str, AreaRollUp] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def show_areas(self, paths: Sequence[str], roll_ups: Mapping[str, AreaRollUp]) -> bool:
        """Show areas (each after those above it) and what stands in them; tells whether the areas are others now.

        Of areas that stay, those are drawn again whose roll-up is another object.
        """
        before, self._roll_ups = self._roll_ups, roll_ups
        if paths == self._paths:
            changed = [path for path, area in roll_ups.items() if before.get(path) is not area]
            for path in (*changed, *(before.keys() - roll_ups.keys())):
                if path in self._numbers:
                    index = self.index_of(path)
                    self.dataChanged.emit(index, index)
            return False
        self.beginResetModel()
        self._paths = tuple(paths)
        self._numbers = {path: number for number, path in enumerate(self._paths)}
        self._parents = [self._numbers.get(path.rpartition("/")[0], -1) for path in self._paths]
        self._children = {-1: []}
        self._rows = []
        for number, above in enumerate(self._parents):
            siblings = self._children.setdefault(above, [])
            self._rows.append(len(siblings))
            siblings.append(number)
        self.endResetModel()
        return True

    def retranslate(self) -> None:
        """Names in the current language."""
        self.layoutChanged.emit()

    def index_of(self, path: str) -> QModelIndex:
        number = self._numbers[path]
        return self.createIndex(self._rows[number], 0, number)

    def index(self, row: int, column: int, parent: Index = _ROOT) -> QModelIndex:
        siblings = self._children.get(self._number(parent), [])
        return self.createIndex(row, column, siblings[row]) if column == 0 and 0 <= row < len(siblings) else _ROOT

    def parent(self, child: Index = _ROOT) -> Any:
        above = self._parents[self._number(child)] if child.isValid() else -1
        return _ROOT if above < 0 else self.createIndex(self._rows[above], 0, above)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return len(self._children.get(self._number(parent), ()))

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        path = self._paths[self._number(index)]
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(path.rpartition("/")[2])
        if role == PATH:
            return path
        if role == ROLL_UP:
            return self._roll_ups.get(path) or AreaRollUp(path)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return _spoken(self._roll_ups.get(path) or AreaRollUp(path))
        return None

    def _number(self, index: Index) -> int:
        return int(index.internalId()) if index.isValid() else -1


def _spoken(area: AreaRollUp) -> str:
    return tr(
        "{area}: {unacked} unacknowledged, {active} active, {shelved} shelved",
        area=tr(area.path.rpartition("/")[2]),
        unacked=area.count.unacked,
        active=area.count.active,
        shelved=area.count.shelved,
    )
