"""Paints the rows of an alarm list: symbol, last hour, texts, and headings over the whole width.

It asks the model for nothing but texts and paints a row at a time: a standard delegate is called for each cell and
asks for eight things in it, each a call of Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QPen, QPixmap, QStaticText, QTransform
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

    row: DeskRow
    tokens: Theme
    colour: QColor
    strong: bool
    ground: QColor | None
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
        self._sparks: dict[tuple[int, float | None, int, str], QPixmap | None] = {}
        self._symbols: dict[tuple[int, str, bool, str], QPixmap] = {}
        self._plain, self._bold = fonts.label(), fonts.label(bold=True)
        self._metrics, self._bold_metrics = QFontMetrics(self._plain), QFontMetrics(self._bold)
        self._padding = fonts.px(_PADDING)
        self._texts: dict[tuple[object, str], tuple[DeskRow, str]] = {}
        self._layouts: dict[tuple[str, int, bool], tuple[QStaticText, float, float]] = {}
        blink().toggled.connect(self._on_blink)

    @property
    def spark_column(self) -> int:
        """Number of the column with the last hour; -1 when this list has none."""
        return self._spark_column

    def show_hours(self, hours: Mapping[int, SparkData | None], now_ns: int) -> None:
        """Draw these from now on."""
        self._hours, self._now_ns = hours, now_ns
        self._sparks.clear()

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

    def paint_rows(self, painter: QPainter, dirty: QRect) -> None:
        """Paint what of the view lies within `dirty`, a part of the viewport."""
        view, header = self._view, self._view.horizontalHeader()
        spans = [(n, view.columnViewportPosition(n), view.columnWidth(n)) for n in range(len(self._cells))]
        shown = [span for span in spans if span[2] and span[1] <= dirty.right() and span[1] + span[2] > dirty.left()]
        first, last = view.rowAt(dirty.top()), view.rowAt(dirty.bottom())
        if first < 0:
            return
        for number in range(first, (last if last >= 0 else len(self._model.rows) - 1) + 1):
            whole = QRect(-header.offset(), view.rowViewportPosition(number), header.length(), view.rowHeight(number))
            self._paint_row(painter, whole, self._look_at(number), shown)

    def _paint_row(self, painter: QPainter, whole: QRect, line: _Line, shown: list[tuple[int, int, int]]) -> None:
        row = line.row
        if line.ground is not None:
            painter.fillRect(whole, line.ground)
        if isinstance(row, Heading):
            self._heading(painter, whole, row)
        else:
            for column, left, width in shown:
                rect = QRect(left, whole.top(), width, whole.height())
                if column == SYMBOL_COLUMN:
                    self._symbol(painter, rect, row)
                elif column == self._spark_column:
                    self._spark(painter, rect, row)
                else:
                    self._text(painter, rect, line, self._cells[column])
        if line.held:
            painter.fillRect(whole, line.hatch)
        if line.current:
            painter.setPen(QPen(line.tokens.focus, 2))
            painter.drawRect(whole.adjusted(1, 1, -1, -1))

    def _look_at(self, number: int) -> _Line:
        """What all cells of a row share."""
        row, tokens, view = self._model.rows[number], theme.current(), self._view
        alarm = row if isinstance(row, AlarmRow) else None
        ground = tokens.panel if number % 2 else None
        if view.selectionModel().isRowSelected(number, QModelIndex()):
            ground = tokens.selection
        elif alarm is None:
            ground = tokens.normal_band
        return _Line(
            row,
            tokens,
            tokens.text2 if row.isa in self._left else tokens.text,
            alarm is not None and alarm.unacknowledged,
            ground,
            number == view.currentIndex().row() and view.hasFocus(),
            alarm is not None and alarm.isa not in self._left and self._columns.held(alarm),
            QBrush(_faint(tokens.text), Qt.BrushStyle.BDiagPattern),
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
        tokens = theme.current()
        if row.isa == "NORM":
            painter.setPen(tokens.text2)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, "✓")
            return
        side = fonts.px(_SIDE)
        key = (row.priority, row.isa, blink().on, tokens.name)
        drawn = self._symbols.get(key)
        if drawn is None:
            drawn = self._symbols[key] = self._canvas(side, side)
            on_it = QPainter(drawn)
            paint_symbol(on_it, QRectF(0, 0, side, side), row.priority, row.isa, tokens, blink_on=blink().on)
            on_it.end()
        painter.drawPixmap(rect.center().x() - side // 2, rect.center().y() - side // 2, drawn)

    def _canvas(self, width: int, height: int) -> QPixmap:
        """An empty picture as fine as the screen."""
        ratio = self._view.devicePixelRatioF()
        made = QPixmap(round(width * ratio), round(height * ratio))
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.transparent)
        return made

    def _heading(self, painter: QPainter, whole: QRect, row: Heading) -> None:
        """One line over the whole width."""
        side = self._view.columnWidth(SYMBOL_COLUMN)
        self._symbol(painter, QRect(whole.left(), whole.top(), side, whole.height()), row)
        painter.setFont(self._bold)
        painter.setPen(theme.current().text)
        painter.drawText(whole.adjusted(side + self._padding, 0, 0, 0), _LEFT, heading_text(row))

    def _spark(self, painter: QPainter, rect: QRect, row: AlarmRow) -> None:
        key = (row.sensor_id, row.limit, rect.width(), theme.current().name)
        if key not in self._sparks:
            limits = () if row.limit is None else (row.limit,)
            spark = spark_of(self._hours.get(row.sensor_id), limits, self._now_ns, ahead_share=0.0)
            self._sparks[key] = None if spark is None else self._drawn(spark, rect.width(), rect.height())
        drawn = self._sparks[key]
        if drawn is not None:
            painter.drawPixmap(rect.topLeft(), drawn)

    def _drawn(self, spark: Spark, width: int, height: int) -> QPixmap:
        """A sparkline with its limit, drawn once and then copied."""
        tokens, made = theme.current(), self._canvas(width, height)
        box = QRectF(fonts.px(6), fonts.px(5), width - fonts.px(12), height - fonts.px(10))
        painter = QPainter(made)
        painter.setPen(QPen(tokens.border, 1, Qt.PenStyle.DashLine))
        for limit in spark.limits:
            y = box.bottom() - limit * box.height()
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
        painter.setPen(QPen(tokens.text, 1))
        for stroke in envelope(box, spark):
            painter.drawPolyline(stroke)
        painter.end()
        return made

    def _on_blink(self, _on: bool) -> None:
        if self._view.isVisible():
            left = self._view.columnViewportPosition(SYMBOL_COLUMN)
            height = self._view.viewport().height()
            self._view.viewport().update(left, 0, self._view.columnWidth(SYMBOL_COLUMN), height)


def _faint(colour: QColor) -> QColor:
    made = QColor(colour)
    made.setAlphaF(BAD_ALPHA)
    return made
