"""Which columns a table shows, in which order and how wide: by the header's menu or by a dialog with keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidgetItem,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from ksys_core.i18n import tr
from ksys_hmi.widgets.item_list import ItemList
from ksys_hmi.widgets.row_table import RowTable

_QUIET_MS: Final = 1500
_FIXED: Final = 1
"""The first column, the symbol, is always shown and always first."""


class ColumnChoice(QWidget):
    """Sits invisibly on its table and says by `changed` that the person has arranged the columns."""

    changed = Signal()

    def __init__(self, table: RowTable[Any]) -> None:
        super().__init__(table)
        self.hide()
        self._table = table
        self._header = table.horizontalHeader()
        self._header.setSectionsMovable(True)
        self._header.setFirstSectionMovable(False)
        self._header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._header.customContextMenuRequested.connect(self._show_menu)
        self._applying = False
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MS)
        self._quiet.timeout.connect(self.changed)
        self._header.sectionMoved.connect(self._arranged)
        self._header.sectionResized.connect(self._resized)

    def layout_of_columns(self) -> dict[str, Any]:
        """Titles from left to right, those that are hidden, and widths in pixels."""
        titles = self._titles()
        order = [titles[self._header.logicalIndex(place)] for place in range(len(titles))]
        hidden = [title for n, title in enumerate(titles) if self._table.isColumnHidden(n)]
        widths = {title: self._table.columnWidth(n) for n, title in enumerate(titles) if title not in hidden}
        return {"order": order, "hidden": sorted(hidden), "widths": widths}

    def apply(self, saved: Mapping[str, Any]) -> None:
        """Arrange the columns as they were saved; titles that no longer exist are passed over."""
        self._applying = True
        numbers = {title: n for n, title in enumerate(self._titles())}
        hidden, widths = saved.get("hidden", ()), saved.get("widths", {})
        place = _FIXED
        for title in saved.get("order", ()):
            if numbers.get(title, 0) >= _FIXED:
                self._header.moveSection(self._header.visualIndex(numbers[title]), place)
                place += 1
        for title, n in numbers.items():
            self._table.setColumnHidden(n, n >= _FIXED and title in hidden)
            if isinstance(widths.get(title), int) and widths[title] > 0:
                self._table.setColumnWidth(n, widths[title])
        self._table.keep_widths()
        self._applying = False

    def show_column(self, number: int, shown: bool) -> None:
        """Show or hide a column."""
        self._table.setColumnHidden(number, not shown)
        self._arranged()

    def dialog(self) -> ColumnsDialog:
        """A dialog for the same by keys; apply its `answer` when it is accepted."""
        layout = self.layout_of_columns()
        return ColumnsDialog(self._table, layout["order"][_FIXED:], set(layout["hidden"]))

    def apply_answer(self, order: list[str], hidden: list[str]) -> None:
        """What the dialog gave."""
        first = self._titles()[:_FIXED]
        self.apply({**self.layout_of_columns(), "order": [*first, *order], "hidden": hidden})
        self._arranged()

    def _titles(self) -> list[str]:
        return [column.title for column in self._table.model().columns]

    def _arranged(self, *_args: object) -> None:
        if not self._applying:
            self._quiet.start()

    def _resized(self, _section: int, _before: int, _after: int) -> None:
        if self._header.underMouse():  # dragged by hand; the stretched column follows the window by itself
            self._arranged()

    def _show_menu(self, where: QPoint) -> None:
        menu = QMenu(self._table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for n, title in enumerate(self._titles()):
            if n >= _FIXED:
                action = menu.addAction(tr(title))
                action.setCheckable(True)
                action.setChecked(not self._table.isColumnHidden(n))
                action.toggled.connect(lambda shown, n=n: self.show_column(n, shown))
        menu.popup(self._header.mapToGlobal(where))


class ColumnsDialog(QDialog):
    """Space shows and hides, Ctrl+Up and Ctrl+Down move."""

    def __init__(self, parent: QWidget, order: list[str], hidden: set[str]) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Columns"))
        self.list = ItemList()
        self.list.setAccessibleName(tr("Columns"))
        for title in order:
            item = QListWidgetItem(tr(title))
            item.setData(Qt.ItemDataRole.UserRole, title)
            item.setCheckState(Qt.CheckState.Unchecked if title in hidden else Qt.CheckState.Checked)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("OK"))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(QLabel(tr("Space shows or hides a column, Ctrl+Up and Ctrl+Down move it.")))
        column.addWidget(self.list, 1)
        column.addWidget(buttons)
        for keys, step in (("Ctrl+Up", -1), ("Ctrl+Down", 1)):
            shortcut = QShortcut(QKeySequence(keys), self.list, context=Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(lambda step=step: self._move(step))
        self.resize(420, 560)
        self.list.setFocus()

    def answer(self) -> tuple[list[str], list[str]]:
        """Titles in order, and those that are hidden."""
        items = [self.list.item(n) for n in range(self.list.count())]
        titles = [str(item.data(Qt.ItemDataRole.UserRole)) for item in items]
        hidden = [t for t, item in zip(titles, items, strict=True) if item.checkState() == Qt.CheckState.Unchecked]
        return titles, hidden

    def _move(self, step: int) -> None:
        row = self.list.currentRow()
        if 0 <= row + step < self.list.count():
            item = self.list.takeItem(row)
            self.list.insertItem(row + step, item)
            self.list.setCurrentRow(row + step)
