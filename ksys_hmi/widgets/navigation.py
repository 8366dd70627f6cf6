"""Navigation on the left: pages, and the plant's areas with the roll-up of their alarms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
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
from ksys_hmi.models.area_roll_up import AreaRollUp
from ksys_hmi.models.area_tree import PATH, ROLL_UP, AreaTreeModel
from ksys_hmi.pages import PageSpec
from ksys_hmi.widgets.alarm_symbol import blinks, paint_symbol
from ksys_hmi.widgets.blink import blink

WIDTH = 240
_MOST_OPEN: Final = 200
"""Areas that are all shown open at once."""
_SYMBOL_PX = 22
Index = QModelIndex | QPersistentModelIndex


class _RollUpDelegate(QStyledItemDelegate):
    """Draws the mark of the highest priority and the number of unacknowledged alarms at the right of an area."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        area: AreaRollUp = index.data(ROLL_UP)
        rect = option.rect
        if area.count.shelved:
            self._shelved(painter, rect, area.count.shelved)
        if area.priority is None:
            return
        side = fonts.px(_SYMBOL_PX)
        place = QRectF(rect.right() - side - fonts.px(34), rect.center().y() - side / 2, side, side)
        tokens = theme.current()
        paint_symbol(painter, place, area.priority, area.state, tokens, blink_on=blink().on)
        painter.setPen(tokens.text)
        painter.setFont(fonts.label(bold=area.count.unacked > 0))
        rect.setLeft(rect.right() - fonts.px(28))
        number = area.count.unacked or area.count.active
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, str(number))

    def _shelved(self, painter: QPainter, rect: QRect, number: int) -> None:
        """The number of shelved alarms, apart from those that are shown."""
        painter.setPen(theme.current().text2)
        painter.setFont(fonts.label())
        place = rect.adjusted(0, 0, -fonts.px(_SYMBOL_PX + 40), 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"◷{number}")

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), fonts.px(34))


class AreaTree(QTreeView):
    """The plant's areas; choosing one (click or Enter) asks for its display."""

    area_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._model = AreaTreeModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_RollUpDelegate(self))
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(fonts.px(16))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.activated.connect(self._choose)
        self.clicked.connect(self._choose)
        self._blinks = False
        blink().toggled.connect(self._on_blink)

    def show_areas(self, paths: Sequence[str], roll_ups: Mapping[str, AreaRollUp]) -> None:
        """Show the areas and what stands in them; a small tree is shown open, a large one is opened by hand."""
        if self._model.show_areas(paths, roll_ups) and len(self._model) <= _MOST_OPEN:
            self.expandAll()
        self._blinks = any(area.priority and blinks(area.priority, area.state) for area in roll_ups.values())
        blink().need(self, self._blinks)

    def retranslate(self) -> None:
        """Names of the areas in the current language."""
        self._model.retranslate()

    def _choose(self, index: QModelIndex) -> None:
        self.area_chosen.emit(index.data(PATH))

    def _on_blink(self) -> None:
        if self._blinks:
            self.viewport().update()


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
