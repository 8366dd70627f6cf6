"""Navigation on the left: pages, and the plant's areas with the roll-up of their alarms."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ksys_core.i18n import tr
from ksys_hmi import fonts, theme
from ksys_hmi.pages import PageSpec
from ksys_hmi.presenters.banner import AreaRollUp
from ksys_hmi.widgets.alarm_symbol import blinks, paint_symbol
from ksys_hmi.widgets.blink import blink

WIDTH = 240
_ROLL_UP = Qt.ItemDataRole.UserRole + 1
_SYMBOL_PX = 22
Index = QModelIndex | QPersistentModelIndex


class _RollUpDelegate(QStyledItemDelegate):
    """Draws the mark of the highest priority and the number of unacknowledged alarms at the right of an area."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        area: AreaRollUp | None = index.data(_ROLL_UP)
        if area is None or area.priority is None:
            return
        rect = option.rect
        side = fonts.px(_SYMBOL_PX)
        place = QRectF(rect.right() - side - fonts.px(34), rect.center().y() - side / 2, side, side)
        tokens = theme.current()
        paint_symbol(painter, place, area.priority, area.state, tokens, blink_on=blink().on)
        painter.setPen(tokens.text)
        painter.setFont(fonts.label(bold=area.count.unacked > 0))
        rect.setLeft(rect.right() - fonts.px(28))
        number = area.count.unacked or area.count.active
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, str(number))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), fonts.px(34))


class AreaTree(QTreeView):
    """The plant's areas; choosing one (click or Enter) asks for its display."""

    area_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._model = QStandardItemModel(self)
        self._items: dict[str, QStandardItem] = {}
        self._areas: tuple[AreaRollUp, ...] = ()
        self.setModel(self._model)
        self.setItemDelegate(_RollUpDelegate(self))
        self.setHeaderHidden(True)
        self.setIndentation(fonts.px(16))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.activated.connect(self._choose)
        self.clicked.connect(self._choose)
        blink().toggled.connect(self._on_blink)

    def show_areas(self, areas: Iterable[AreaRollUp]) -> None:
        """Show the areas and their roll-up; the tree is rebuilt only when the areas themselves have changed."""
        shown = tuple(areas)
        if [area.path for area in shown] != [area.path for area in self._areas]:
            self._rebuild(shown)
        self._areas = shown
        for area in shown:
            item = self._items[area.path]
            item.setText(tr(area.name))
            item.setData(area, _ROLL_UP)
            item.setData(_spoken(area), Qt.ItemDataRole.AccessibleTextRole)
            item.setToolTip(_spoken(area))
        blink().need(self, any(area.priority and blinks(area.priority, area.state) for area in shown))

    def retranslate(self) -> None:
        """Names of the areas in the current language."""
        self.show_areas(self._areas)

    def _rebuild(self, areas: tuple[AreaRollUp, ...]) -> None:
        self._model.clear()
        self._items = {}
        for area in areas:
            item = QStandardItem()
            item.setData(area.path, Qt.ItemDataRole.UserRole)
            parent = self._items.get(area.path.rpartition("/")[0], self._model.invisibleRootItem())
            parent.appendRow(item)
            self._items[area.path] = item
        self.expandAll()

    def _choose(self, index: QModelIndex) -> None:
        self.area_chosen.emit(index.data(Qt.ItemDataRole.UserRole))

    def _on_blink(self) -> None:
        if any(area.count.unacked for area in self._areas):
            self.viewport().update()


def _spoken(area: AreaRollUp) -> str:
    return tr(
        "{area}: {unacked} unacknowledged, {active} active, {shelved} shelved",
        area=tr(area.name),
        unacked=area.count.unacked,
        active=area.count.active,
        shelved=area.count.shelved,
    )


class Navigation(QWidget):
    """Page buttons above the area tree."""

    page_chosen = Signal(str)
    area_chosen = Signal(str)

    def __init__(self, pages: Iterable[PageSpec]) -> None:
        super().__init__()
        self._pages = tuple(pages)
        self.buttons: dict[str, QPushButton] = {}
        self.areas = AreaTree()
        self.areas.area_chosen.connect(self.area_chosen)
        self._areas_title = QLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(fonts.px(8), fonts.px(8), fonts.px(4), fonts.px(8))
        column.setSpacing(fonts.px(6))
        for page in self._pages:
            button = QPushButton()
            button.setCheckable(True)
            button.setMinimumHeight(fonts.px(36))
            button.setStyleSheet("text-align: left;")
            button.clicked.connect(lambda _checked=False, page_id=page.id: self.page_chosen.emit(page_id))
            self.buttons[page.id] = button
            column.addWidget(button)
        column.addSpacing(fonts.px(10))
        column.addWidget(self._areas_title)
        column.addWidget(self.areas, 1)
        self.setFixedWidth(fonts.px(WIDTH))
        self.retranslate()

    def show_current(self, page_id: str) -> None:
        """Mark the page that is shown."""
        for each, button in self.buttons.items():
            button.setChecked(each == page_id)

    def retranslate(self) -> None:
        self.setAccessibleName(tr("Navigation"))
        self._areas_title.setText(tr("Areas"))
        self.areas.setAccessibleName(tr("Areas of the plant"))
        self.areas.retranslate()
        for page in self._pages:
            button, title = self.buttons[page.id], tr(page.title)
            button.setText(f"{title}    {page.shortcut}" if page.shortcut else title)
            button.setAccessibleName(title)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
