"""Paints the rows of an alarm list: symbol, last hour, texts, and headings over the whole width.

It asks the model for nothing but texts, since a standard delegate asks for eight things a cell, each a call of Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QPen, QPolygonF, QStaticText, QTransform
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView

from ksys_core.domain.alarms.rows import AlarmRow
from ksys_hmi import fonts, theme
from ksys_hmi.models.alarm_book import DeskModel, DeskRow, Heading, row_key
from ksys_hmi.models.alarm_columns import NOW, SPARK, SYMBOL_COLUMN, AlarmColumns, heading_text
from ksys_hmi.models.rows import Column
from ksys_hmi.presenters.tiles import Spark, SparkData, spark_of
from ksys_hmi.theme import Theme
from ksys_hmi.widgets.alarm_symbol import paint_symbol
from ksys_hmi.widgets.blink import blink
from ksys_hmi.widgets.hatch import BAD_ALPHA
from ksys_hmi.widgets.tile_painter import envelope

Index = QModelIndex | QPersistentModelIndex
_SIDE: Final = 22
_PADDING: Final = 8
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_MOST_KEPT: Final = 5000
_WIDEST_VALUE: Final = "-9 999.99"


@dataclass(frozen=True, slots=True)
class _Line:
    """What all cells of a row share while it is painted."""

    number: int
    row: DeskRow
    tokens: Theme
    colour: QColor
    strong: bool
    chosen: bool
    current: bool
    held: bool
    hatch: QBrush


class AlarmDelegate(QStyledItemDelegate):
    """`hours` gives the last hour of the tags in sight by sensor id, `now_ns` the time it is drawn for."""

    def __init__(self, view: QTableView, model: DeskModel, columns: AlarmColumns, left: frozenset[str]) -> None:
        """`left`: states in which a row does not belong to the list any more."""
        super().__init__(view)
        self._view = view
        self._model = model
        self._cells = model.columns
        self._columns = columns
        self._left = left
        self._spark_column = next((i for i, each in enumerate(model.columns) if each.title == SPARK), -1)
        self._hours: Mapping[int, SparkData | None] = {}
        self._now_ns = 0
        self._sparks: dict[tuple[int, float | None], Spark | None] = {}
        self._strokes: dict[tuple[int, int, int], list[QPolygonF]] = {}
        self._plain, self._bold = fonts.label(), fonts.label(bold=True)
        self._metrics, self._bold_metrics = QFontMetrics(self._plain), QFontMetrics(self._bold)
        self._padding = fonts.px(_PADDING)
        self._texts: dict[tuple[object, str], tuple[DeskRow, str]] = {}
        self._layouts: dict[tuple[str, int, bool], tuple[QStaticText, float, float]] = {}
        self._line: _Line | None = None
        blink().toggled.connect(self._on_blink)

    @property
    def spark_column(self) -> int:
        """Number of the column with the last hour; -1 when this list has none."""
        return self._spark_column

    def show_hours(self, hours: Mapping[int, SparkData | None], now_ns: int) -> None:
        """Draw these from now on."""
        self._hours, self._now_ns = hours, now_ns
        self._sparks.clear()
        self._strokes.clear()

    def retranslate(self) -> None:
        """Texts in the current language."""
        self._texts.clear()

    def need_blink(self, needed: bool) -> None:
        """Keep the blink going while something in the list is unacknowledged."""
        blink().need(self, needed)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = fonts.px(_SIDE + 4)
        if index.column() == SYMBOL_COLUMN:
            return QSize(fonts.px(_SIDE + 14), height)
        if index.column() == self._spark_column:
            return QSize(fonts.px(110), height)
        row, cell = self._model.rows[index.row()], self._cells[index.column()]
        text = "" if isinstance(row, Heading) else cell.text(row)
        least = _WIDEST_VALUE if cell.title == NOW else ""  # it is read after the row
        width = max(self._bold_metrics.horizontalAdvance(each) for each in (text, least))
        return QSize(width + 2 * self._padding + 2, height)

    def begin(self) -> None:
        """A painting begins: what was known of the last row painted counts no more."""
        self._line = None

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        number, column, rect = index.row(), index.column(), option.rect
        line = self._line
        if line is None or line.number != number:
            line = self._line = self._look_at(number)
        if line.chosen:
            painter.fillRect(rect, line.tokens.selection)
        if isinstance(line.row, Heading):
            self._heading(painter, rect, line.row, column)
        elif column == SYMBOL_COLUMN:
            self._symbol(painter, rect, line.row)
        elif column == self._spark_column:
            self._spark(painter, rect, line.row)
        else:
            self._text(painter, rect, line, self._cells[column])
        if line.held:
            painter.fillRect(rect, line.hatch)
        if line.current:
            self._focus(painter, rect)

    def _look_at(self, number: int) -> _Line:
        """What all cells of a row share."""
        row, tokens = self._model.rows[number], theme.current()
        alarm = row if isinstance(row, AlarmRow) else None
        colour = QColor(tokens.text)
        colour.setAlphaF(BAD_ALPHA)
        return _Line(
            number,
            row,
            tokens,
            tokens.text2 if row.isa in self._left else tokens.text,
            alarm is not None and alarm.unacknowledged,
            self._view.selectionModel().isRowSelected(number, QModelIndex()),
            number == self._view.currentIndex().row() and self._view.hasFocus(),
            alarm is not None and alarm.isa not in self._left and self._columns.held(alarm),
            QBrush(colour, Qt.BrushStyle.BDiagPattern),
        )

    def _text(self, painter: QPainter, rect: QRect, line: _Line, cell: Column[DeskRow]) -> None:
        text = cell.text(line.row) if cell.moving else self._kept_text(line.row, cell)
        if not text:
            return
        drawn, width, height = self._laid_out(text, rect.width() - 2 * self._padding, strong=line.strong)
        painter.setFont(self._bold if line.strong else self._plain)
        painter.setPen(line.colour)
        left = rect.right() + 1 - self._padding - width if cell.numeric else rect.left() + self._padding
        painter.drawStaticText(QPointF(left, rect.top() + (rect.height() - height) / 2), drawn)

    def _kept_text(self, row: DeskRow, cell: Column[DeskRow]) -> str:
        """The text of a cell that follows from its row alone, made once for each row."""
        key = (row_key(row), cell.title)
        kept = self._texts.get(key)
        if kept is None or kept[0] is not row:
            if len(self._texts) > _MOST_KEPT:
                self._texts.clear()
            kept = self._texts[key] = row, cell.text(row)
        return kept[1]

    def _laid_out(self, text: str, room: int, *, strong: bool) -> tuple[QStaticText, float, float]:
        """`text` cut to `room` and laid out, with its size: both are dear, and the same texts come again and again."""
        key = (text, room, strong)
        found = self._layouts.get(key)
        if found is None:
            if len(self._layouts) > _MOST_KEPT:
                self._layouts.clear()
            metrics = self._bold_metrics if strong else self._metrics
            first = text.partition("\n")[0]
            drawn = QStaticText(metrics.elidedText(first, Qt.TextElideMode.ElideRight, room))
            drawn.setTextFormat(Qt.TextFormat.PlainText)
            drawn.prepare(QTransform(), self._bold if strong else self._plain)
            found = self._layouts[key] = drawn, drawn.size().width(), drawn.size().height()
        return found

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
        painter.save()
        painter.setClipRect(rect)
        painter.setFont(self._bold)
        painter.setPen(tokens.text)
        start = self._view.columnViewportPosition(SYMBOL_COLUMN) + self._view.columnWidth(SYMBOL_COLUMN)
        line = QRect(start + fonts.px(_PADDING), rect.top(), self._view.horizontalHeader().length(), rect.height())
        painter.drawText(line, _LEFT, heading_text(row))
        painter.restore()

    def _spark(self, painter: QPainter, rect: QRect, row: AlarmRow) -> None:
        key = (row.sensor_id, row.limit)
        if key not in self._sparks:
            limits = () if row.limit is None else (row.limit,)
            self._sparks[key] = spark_of(self._hours.get(row.sensor_id), limits, self._now_ns, ahead_share=0.0)
        spark = self._sparks[key]
        if spark is None:
            return
        tokens = theme.current()
        box = QRectF(0, 0, rect.width() - fonts.px(12), rect.height() - fonts.px(10))
        place = QPointF(rect.left() + fonts.px(6), rect.top() + fonts.px(5))
        painter.translate(place)
        painter.setPen(QPen(tokens.border, 1, Qt.PenStyle.DashLine))
        for limit in spark.limits:
            y = box.bottom() - limit * box.height()
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
        painter.setPen(QPen(tokens.text, 1))
        drawn = (id(spark), rect.width(), rect.height())
        if drawn not in self._strokes:
            self._strokes[drawn] = [QPolygonF(stroke) for stroke in envelope(box, spark)]
        for stroke in self._strokes[drawn]:
            painter.drawPolyline(stroke)
        painter.translate(-place)

    def _focus(self, painter: QPainter, rect: QRect) -> None:
        painter.setPen(QPen(theme.current().focus, 2))
        painter.drawLine(rect.left(), rect.top() + 1, rect.right() + 1, rect.top() + 1)
        painter.drawLine(rect.left(), rect.bottom(), rect.right() + 1, rect.bottom())

    def _on_blink(self, _on: bool) -> None:
        if self._view.isVisible():
            left = self._view.columnViewportPosition(SYMBOL_COLUMN)
            height = self._view.viewport().height()
            self._view.viewport().update(left, 0, self._view.columnWidth(SYMBOL_COLUMN), height)
