"""Paints the rows of an alarm list: symbol, last hour, texts, and headings over the whole width.

It asks the model for nothing but texts, since a standard delegate asks for eight things a cell, each a call of Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from ksys_core.domain.alarms.rows import AlarmRow
from ksys_hmi import fonts, theme
from ksys_hmi.models.alarm_book import DeskModel, DeskRow, Heading
from ksys_hmi.models.alarm_columns import SPARK, SYMBOL_COLUMN, AlarmColumns, heading_text
from ksys_hmi.presenters.tiles import Spark, SparkData, spark_of
from ksys_hmi.widgets.alarm_symbol import paint_symbol
from ksys_hmi.widgets.blink import blink
from ksys_hmi.widgets.hatch import BAD_ALPHA
from ksys_hmi.widgets.tile_painter import envelope

Index = QModelIndex | QPersistentModelIndex
_SIDE: Final = 22
_PADDING: Final = 8
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_ASIDE: Final = frozenset({"NORM", "SHLVD", "DSUPR", "OOSRV"})
"""States of a row that has left its list while that must not move (or stands in one of the other lists)."""


class AlarmDelegate(QStyledItemDelegate):
    """`hours` gives the last hour of the tags in sight by sensor id, `now_ns` the time it is drawn for."""

    def __init__(self, view: QTableView, model: DeskModel, columns: AlarmColumns, left: frozenset[str]) -> None:
        """`left`: states in which a row does not belong to the list any more."""
        super().__init__(view)
        self._view = view
        self._model = model
        self._columns = columns
        self._left = left
        self._spark_column = next((i for i, each in enumerate(model.columns) if each.title == SPARK), -1)
        self._hours: Mapping[int, SparkData | None] = {}
        self._now_ns = 0
        self._sparks: dict[tuple[int, float | None], Spark | None] = {}
        self._metrics = QFontMetrics(fonts.label())
        self._bold = QFontMetrics(fonts.label(bold=True))
        self._painters: dict[int, Callable[[QPainter, QRect, AlarmRow], None]] = {
            SYMBOL_COLUMN: self._symbol,
            self._spark_column: self._spark,
        }
        blink().toggled.connect(self._on_blink)

    @property
    def spark_column(self) -> int:
        """Number of the column with the last hour; -1 when this list has none."""
        return self._spark_column

    def show_hours(self, hours: Mapping[int, SparkData | None], now_ns: int) -> None:
        """Draw these from now on."""
        self._hours, self._now_ns = hours, now_ns
        self._sparks.clear()

    def need_blink(self, needed: bool) -> None:
        """Keep the blink going while something in the list is unacknowledged."""
        blink().need(self, needed)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = fonts.px(_SIDE + 4)
        if index.column() == SYMBOL_COLUMN:
            return QSize(fonts.px(_SIDE + 14), height)
        if index.column() == self._spark_column:
            return QSize(fonts.px(130), height)
        row = self._model.rows[index.row()]
        text = "" if isinstance(row, Heading) else self._model.columns[index.column()].text(row)
        return QSize(self._metrics.horizontalAdvance(text) + 2 * fonts.px(_PADDING) + 2, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, column, rect = self._model.rows[index.row()], index.column(), QRect(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen:
            painter.fillRect(rect, theme.current().selection)
        if isinstance(row, Heading):
            self._heading(painter, rect, row, column)
        else:
            self._cell(painter, rect, row, column)
        if index.row() == self._view.currentIndex().row() and self._view.hasFocus():
            self._focus(painter, rect)
        painter.restore()

    def _cell(self, painter: QPainter, rect: QRect, row: AlarmRow, column: int) -> None:
        special = self._painters.get(column)
        if special is not None:
            special(painter, rect, row)
        else:
            self._text(painter, rect, row, column)
        if row.isa not in _ASIDE and self._columns.held(row):
            colour = QColor(theme.current().text)
            colour.setAlphaF(BAD_ALPHA)
            painter.fillRect(rect, QBrush(colour, Qt.BrushStyle.BDiagPattern))

    def _text(self, painter: QPainter, rect: QRect, row: AlarmRow, column: int) -> None:
        each = self._model.columns[column]
        text = each.text(row)
        if not text:
            return
        tokens = theme.current()
        strong = row.unacknowledged
        painter.setFont(fonts.label(bold=strong))
        painter.setPen(tokens.text2 if row.isa in self._left else tokens.text)
        room = rect.adjusted(fonts.px(_PADDING), 0, -fonts.px(_PADDING), 0)
        metrics = self._bold if strong else self._metrics
        first = text.partition("\n")[0]
        painter.drawText(
            room,
            _RIGHT if each.numeric else _LEFT,
            metrics.elidedText(first, Qt.TextElideMode.ElideRight, room.width()),
        )

    def _symbol(self, painter: QPainter, rect: QRect, row: DeskRow) -> None:
        side = fonts.px(_SIDE)
        box = QRectF(0, 0, side, side)
        box.moveCenter(QRectF(rect).center())
        tokens = theme.current()
        if row.isa == "NORM":
            painter.setPen(tokens.text2)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, "✓")
            return
        paint_symbol(painter, box, row.priority, row.isa, tokens, blink_on=blink().on)

    def _heading(self, painter: QPainter, rect: QRect, row: Heading, column: int) -> None:
        """Each cell paints its part of one line."""
        tokens = theme.current()
        painter.fillRect(rect, tokens.normal_band)
        if column == SYMBOL_COLUMN:
            self._symbol(painter, rect, row)
            return
        painter.setClipRect(rect)
        painter.setFont(fonts.label(bold=True))
        painter.setPen(tokens.text)
        start = self._view.columnViewportPosition(SYMBOL_COLUMN) + self._view.columnWidth(SYMBOL_COLUMN)
        line = QRect(start + fonts.px(_PADDING), rect.top(), self._view.horizontalHeader().length(), rect.height())
        painter.drawText(line, _LEFT, heading_text(row))

    def _spark(self, painter: QPainter, rect: QRect, row: AlarmRow) -> None:
        key = (row.sensor_id, row.limit)
        if key not in self._sparks:
            limits = () if row.limit is None else (row.limit,)
            self._sparks[key] = spark_of(self._hours.get(row.sensor_id), limits, self._now_ns, ahead_share=0.0)
        spark = self._sparks[key]
        if spark is None:
            return
        tokens = theme.current()
        box = QRectF(rect).adjusted(fonts.px(6), fonts.px(5), -fonts.px(6), -fonts.px(5))
        painter.setPen(QPen(tokens.border, 1, Qt.PenStyle.DashLine))
        for limit in spark.limits:
            y = box.bottom() - limit * box.height()
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
        painter.setPen(QPen(tokens.text, 1))
        for stroke in envelope(box, spark):
            painter.drawPolyline(stroke)

    def _focus(self, painter: QPainter, rect: QRect) -> None:
        painter.setPen(QPen(theme.current().focus, 2))
        painter.drawLine(rect.left(), rect.top() + 1, rect.right() + 1, rect.top() + 1)
        painter.drawLine(rect.left(), rect.bottom(), rect.right() + 1, rect.bottom())

    def _on_blink(self, _on: bool) -> None:
        if self._view.isVisible():
            left = self._view.columnViewportPosition(SYMBOL_COLUMN)
            height = self._view.viewport().height()
            self._view.viewport().update(left, 0, self._view.columnWidth(SYMBOL_COLUMN), height)
