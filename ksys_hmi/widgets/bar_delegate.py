"""Paints a bar of the forecast's colour behind the number of a table's column: a finding, not an alarm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem

from ksys_hmi import fonts, theme

_WIDTH: Final = 150
_NUMBER: Final = 56
_MARGIN: Final = 6


class BarDelegate(QStyledItemDelegate):
    """`bar_of` gives a row's length, 0 to 1, and whether its bar is filled; the number stands right of it."""

    def __init__(self, view: QAbstractItemView, bar_of: Callable[[int], tuple[float, bool]]) -> None:
        super().__init__(view)
        self._view = view
        self._bar_of = bar_of

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        length, filled = self._bar_of(index.row())
        room = QRectF(option.rect).adjusted(fonts.px(_MARGIN), fonts.px(8), -fonts.px(_NUMBER), -fonts.px(8))
        tokens = theme.current()
        painter.save()
        painter.setPen(QPen(tokens.forecast, 1))
        painter.setBrush(tokens.forecast if filled else Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(room.left(), room.top(), max(room.width() * length, 2.0), room.height()))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(fonts.px(_WIDTH), super().sizeHint(option, index).height())
