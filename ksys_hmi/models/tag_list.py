"""List model of tags found by what a person types; items can be dragged onto a trend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QPersistentModelIndex, Qt

from ksys_core.domain.tag_search import TagIndex
from ksys_core.domain.tags import Sensor
from ksys_core.i18n import tr

TAGS_MIME: Final = "application/x-ksys-tags"
"""Drag data: tag names in UTF-8, one a line."""
TAG_ROLE: Final = Qt.ItemDataRole.UserRole
_NO_PARENT: Final = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


def tags_mime(tags: Iterable[str]) -> QMimeData:
    """Drag data that a trend takes."""
    data = QMimeData()
    data.setData(TAGS_MIME, "\n".join(tags).encode())
    return data


def tags_of(data: QMimeData) -> list[str]:
    """Tag names in drag data."""
    return bytes(data.data(TAGS_MIME).data()).decode().splitlines()


class TagListModel(QAbstractListModel):
    """Tags that match the typed words, best first."""

    def __init__(self) -> None:
        super().__init__()
        self._index = TagIndex(())
        self._found: list[Sensor] = []
        self._shown: frozenset[str] = frozenset()

    def set_sensors(self, sensors: Iterable[Sensor]) -> None:
        """Search in these from now on."""
        self._index = TagIndex(sensor for sensor in sensors if sensor.enabled)
        self.search("")

    def set_shown(self, tags: Iterable[str]) -> None:
        """Tags that are pens already: they are marked."""
        self._shown = frozenset(tags)
        if self._found:
            self.dataChanged.emit(self.index(0), self.index(len(self._found) - 1))

    def search(self, query: str) -> None:
        """Show what matches `query`."""
        self.beginResetModel()
        self._found = self._index.search(query)
        self.endResetModel()

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._found)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        sensor = self._found[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            mark = "✓ " if sensor.tag in self._shown else ""
            unit = f"[{sensor.unit}]" if sensor.unit else ""
            texts = (f"{mark}{sensor.tag}", unit, tr.pick(dict(sensor.description)), sensor.area)
            return "   ".join(text for text in texts if text)
        return sensor.tag if role == TAG_ROLE else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return [TAGS_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        return tags_mime(index.data(TAG_ROLE) for index in indexes)
