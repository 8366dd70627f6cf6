"""Paints the rows of an alarm list: symbol, last hour, texts, and headings over the whole width.

It asks the model for nothing but texts and paints a row at a time: a standard delegate is called for each cell and
asks for eight things in it, each a call of Python. What of a row does not change with every second is a picture that
is drawn once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView

from ksys_core.domain.alarms.rows import AlarmRow
from ksys_hmi import fonts, theme
from ksys_hmi.models.alarm_book import DeskModel, DeskRow, Heading
from ksys_hmi.models.alarm_columns import SPARK, SYMBOL_COLUMN, AlarmColumns, heading_text
from ksys_hmi.presenters.tiles import SparkData
from ksys_hmi.theme import Theme
from ksys_hmi.widgets.alarm_pictures import SYMBOL_PX, AlarmPictures, canvas
from ksys_hmi.widgets.blink import blink
from ksys_hmi.widgets.cell_texts import CellTexts
from ksys_hmi.widgets.hatch import BAD_ALPHA

Index = QModelIndex | QPersistentModelIndex
_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_MOST_PICTURES: Final = 150


@dataclass(frozen=True, slots=True)
class _Page:
    """What all rows share: colours, size of a row, and the columns that are shown with their place in it and width."""

    tokens: Theme
    width: int
    height: int
    ratio: float
    cells: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    """A row without symbol, last hour and what ticks; `look`: what it was drawn from besides the row."""

    row: AlarmRow
    look: tuple[object, ...]
    drawn: QPixmap


class AlarmDelegate(QStyledItemDelegate):
    """Paints the rows of `view`, whose texts are those of `columns`."""

    def __init__(self, view: QTableView, model: DeskModel, columns: AlarmColumns, left: frozenset[str]) -> None:
        """`left`: states in which a row does not belong to the list any more."""
        super().__init__(view)
        self._view = view
        self._model = model
        self._cells = model.columns
        self._columns = columns
        self._left = left
        self._spark_column = next((i for i, each in enumerate(model.columns) if each.title == SPARK), -1)
        self._texts = CellTexts()
        self._symbols_and_sparks = AlarmPictures(view)
        self._pictures: dict[int, _Picture] = {}
        self._page: _Page | None = None
        blink().toggled.connect(self._on_blink)

    @property
    def spark_column(self) -> int:
        """Number of the column with the last hour; -1 when this list has none."""
        return self._spark_column

    def show_hours(self, hours: Mapping[int, SparkData | None], now_ns: int) -> None:
        """Draw the last hours of these tags, by sensor id, as they look at `now_ns`."""
        self._symbols_and_sparks.show_hours(hours, now_ns)

    def retranslate(self) -> None:
        """Texts in the current language."""
        self._pictures.clear()

    def need_blink(self, needed: bool) -> None:
        """Keep the blink going while something in the list is unacknowledged."""
        blink().need(self, needed)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = fonts.px(SYMBOL_PX + 4)
        if index.column() == SYMBOL_COLUMN:
            return QSize(fonts.px(SYMBOL_PX + 14), height)
        if index.column() == self._spark_column:
            return QSize(fonts.px(110), height)
        row, cell = self._model.rows[index.row()], self._cells[index.column()]
        text = "" if isinstance(row, Heading) else cell.text(row)
        return QSize(self._texts.width(text, cell.widest()), height)

    def paint_rows(self, painter: QPainter, dirty: QRect) -> None:
        """Paint what of the view lies within `dirty`, a part of the viewport."""
        view = self._view
        first, last = view.rowAt(dirty.top()), view.rowAt(dirty.bottom())
        if first < 0:
            return
        page = self._turn_to_page(view.rowHeight(first))
        left = -view.horizontalHeader().offset()
        above = [
            (column, at, width)
            for column, at, width in page.cells
            if (self._cells[column].ticking or column in (SYMBOL_COLUMN, self._spark_column))
            and left + at <= dirty.right()
            and left + at + width > dirty.left()
        ]
        for number in range(first, (last if last >= 0 else len(self._model.rows) - 1) + 1):
            self._paint_row(painter, QPoint(left, view.rowViewportPosition(number)), number, page, above)

    def _turn_to_page(self, height: int) -> _Page:
        """How rows are laid out now; pictures of another page are gone, and so are all when there are too many."""
        view, header = self._view, self._view.horizontalHeader()
        offset = header.offset()
        spans = ((n, view.columnViewportPosition(n) + offset, view.columnWidth(n)) for n in range(len(self._cells)))
        cells = tuple(span for span in spans if span[2])
        page = _Page(theme.current(), header.length(), height, view.devicePixelRatioF(), cells)
        if page != self._page or len(self._pictures) > _MOST_PICTURES:
            self._pictures.clear()
            self._page = page
        return page

    def _paint_row(
        self, painter: QPainter, at: QPoint, number: int, page: _Page, above: list[tuple[int, int, int]]
    ) -> None:
        row = self._model.rows[number]
        whole = QRect(at.x(), at.y(), page.width, page.height)
        ground = self._ground(number, row, page.tokens)
        if isinstance(row, Heading):
            painter.fillRect(whole, ground)
            self._heading(painter, whole, row)
        else:
            painter.drawPixmap(at, self._picture(row, ground, page))
            self._paint_above(painter, at, row, page, above)
        if number == self._view.currentIndex().row() and self._view.hasFocus():
            painter.setPen(QPen(page.tokens.focus, 2))
            painter.drawRect(whole.adjusted(1, 1, -1, -1))

    def _paint_above(
        self, painter: QPainter, at: QPoint, row: AlarmRow, page: _Page, above: list[tuple[int, int, int]]
    ) -> None:
        """What changes more often than the row."""
        for column, left, width in above:
            rect = QRect(at.x() + left, at.y(), width, page.height)
            if column == SYMBOL_COLUMN:
                self._symbols_and_sparks.symbol(painter, rect, row.priority, row.isa)
            elif column == self._spark_column:
                self._symbols_and_sparks.spark(painter, rect, row)
            else:
                self._text(painter, rect, row, column, page.tokens)

    def _ground(self, number: int, row: DeskRow, tokens: Theme) -> QColor:
        if self._view.selectionModel().isRowSelected(number, QModelIndex()):
            return tokens.selection
        if isinstance(row, Heading):
            return tokens.normal_band
        return tokens.panel if number % 2 else tokens.control

    def _picture(self, row: AlarmRow, ground: QColor, page: _Page) -> QPixmap:
        """The row as it was drawn before, unless it is another now."""
        held = row.isa not in self._left and self._columns.held(row)
        moving = [cell.text(row) for cell in self._cells if cell.moving]
        look = (ground.rgb(), held, *moving)
        found = self._pictures.get(row.alarm_id)
        if found is None or found.row is not row or found.look != look:
            found = self._pictures[row.alarm_id] = _Picture(row, look, self._drawn(row, ground, page, held=held))
        return found.drawn

    def _drawn(self, row: AlarmRow, ground: QColor, page: _Page, *, held: bool) -> QPixmap:
        made = canvas(self._view, page.width, page.height, ground)
        painter = QPainter(made)
        for column, left, width in page.cells:
            if not self._cells[column].ticking:
                self._text(painter, QRect(left, 0, width, page.height), row, column, page.tokens)
        if held:
            painter.fillRect(0, 0, page.width, page.height, _hatched(page.tokens.text))
        painter.end()
        return made

    def _text(self, painter: QPainter, rect: QRect, row: AlarmRow, column: int, tokens: Theme) -> None:
        if column in (SYMBOL_COLUMN, self._spark_column):
            return
        cell, colour = self._cells[column], tokens.text2 if row.isa in self._left else tokens.text
        self._texts.draw(painter, rect, cell.text(row), colour, strong=row.unacknowledged, right=cell.numeric)

    def _heading(self, painter: QPainter, whole: QRect, row: Heading) -> None:
        """One line over the whole width."""
        side = self._view.columnWidth(SYMBOL_COLUMN)
        at = QRect(whole.left(), whole.top(), side, whole.height())
        self._symbols_and_sparks.symbol(painter, at, row.priority, row.isa)
        painter.setFont(self._texts.bold)
        painter.setPen(theme.current().text)
        painter.drawText(whole.adjusted(side + self._texts.padding, 0, 0, 0), _LEFT, heading_text(row))

    def _on_blink(self, _on: bool) -> None:
        if self._view.isVisible():
            left = self._view.columnViewportPosition(SYMBOL_COLUMN)
            height = self._view.viewport().height()
            self._view.viewport().update(left, 0, self._view.columnWidth(SYMBOL_COLUMN), height)


def _hatched(colour: QColor) -> QBrush:
    faint = QColor(colour)
    faint.setAlphaF(BAD_ALPHA)
    return QBrush(faint, Qt.BrushStyle.BDiagPattern)
