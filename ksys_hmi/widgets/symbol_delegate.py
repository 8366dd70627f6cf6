"""Paints the alarm symbol in a column of a table."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem

from ksys_hmi import fonts, theme
from ksys_hmi.widgets.alarm_symbol import blinks, paint_symbol
from ksys_hmi.widgets.blink import blink

_SIDE = 22
Mark = tuple[int, str]
"""(priority, ISA state)"""


class SymbolDelegate(QStyledItemDelegate):
    """`mark_of` gives priority and state of a row."""

    def __init__(self, view: QAbstractItemView, mark_of: Callable[[int], Mark]) -> None:
        super().__init__(view)
        self._view = view
        self._mark_of = mark_of
        blink().toggled.connect(self._on_blink)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        plain.text = ""
        style = self._view.style()
        style.drawControl(style.ControlElement.CE_ItemViewItem, plain, painter, self._view)
        side = fonts.px(_SIDE)
        box = QRectF(0, 0, side, side)
        box.moveCenter(QRectF(option.rect).center())
        priority, state = self._mark_of(index.row())
        paint_symbol(painter, box, priority, state, theme.current(), blink_on=blink().on)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(fonts.px(_SIDE + 14), fonts.px(_SIDE + 4))

    def need_blink(self, marks: list[Mark]) -> None:
        """Keep the blink going while one of `marks` blinks."""
        blink().need(self, any(blinks(*mark) for mark in marks))

    def _on_blink(self, _on: bool) -> None:
        if self._view.isVisible():
            self._view.viewport().update()
