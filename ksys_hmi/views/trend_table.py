"""The table under the trend: line sample, tag, values now and at the cursors."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from ksys_core.i18n import tr
from ksys_hmi import fonts, theme
from ksys_hmi.models.pen_table import SLOT_ROLE, PenTableModel, side_of
from ksys_hmi.models.trend_state import SOFT_PENS
from ksys_hmi.plots.curves import SAMPLE_PX, line_pen, sample_line

_WIDTHS: Final = (215, 0, 66, 104, 88, 104, 112, 96, 104, 92, 132, 96, 96, 170)
_ROW_PX: Final = 28
_STRETCHED: Final = 1
_INSET: Final = SAMPLE_PX + 10


class _CellDelegate(QStyledItemDelegate):
    """Paints a cell by hand, a fifth of the style's time: the table follows the cursor. Sample lines before tags."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colours, box = theme.current(), option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, colours.selection)
        if index.column() == 0:
            line = line_pen(colours, index.data(SLOT_ROLE), selected=True)
            sample_line(painter, box.left() + 5, box.center().y(), line)
        inner = box.adjusted(_INSET if index.column() == 0 else 5, 0, -5, 0)
        text = option.fontMetrics.elidedText(index.data(), Qt.TextElideMode.ElideRight, inner.width())
        painter.setPen(colours.text)
        painter.drawText(inner, side_of(index.column()), text)


class TrendTable(QTableView):
    """Shows a `PenTableModel`; the selected row is the selected pen."""

    pen_selected = Signal(int)

    def __init__(self, model: PenTableModel) -> None:
        super().__init__()
        self._model = model
        self.setModel(model)
        self.setItemDelegate(_CellDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(fonts.px(_ROW_PX))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        for column, width in enumerate(_WIDTHS):
            header.resizeSection(column, fonts.px(width))
        header.setSectionResizeMode(_STRETCHED, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(fonts.px(48))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        self.retranslate()

    def retranslate(self) -> None:
        """Name for screen readers, header texts."""
        self.setAccessibleName(tr("Pens"))
        self._model.retranslate()

    def fit(self, slot: int | None) -> None:
        """Height for the rows there are (up to the soft limit), with the selected pen's row current."""
        rows = min(max(self._model.rowCount(), 1), SOFT_PENS)
        self.setFixedHeight(self.horizontalHeader().height() + rows * fonts.px(_ROW_PX) + 4)
        place = self._model.row_of(slot)
        if place is not None and place != self.currentIndex().row():
            self.setCurrentIndex(self._model.index(place, 0))

    def _on_current(self, current: QModelIndex, _before: QModelIndex) -> None:
        slot = current.data(SLOT_ROLE) if current.isValid() else None
        if slot is not None:
            self.pen_selected.emit(slot)
