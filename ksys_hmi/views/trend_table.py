"""The table under the trend: line sample, tag, values now and at the cursors."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from ksys_core.i18n import tr
from ksys_hmi import fonts, theme
from ksys_hmi.models.pen_table import SLOT_ROLE, PenTableModel
from ksys_hmi.models.trend_state import SOFT_PENS
from ksys_hmi.plots.curves import SAMPLE_PX, line_pen, sample_line

_WIDTHS: Final = (215, 0, 66, 104, 88, 104, 112, 96, 104, 92, 132, 96, 96, 170)
_ROW_PX: Final = 28
_STRETCHED: Final = 1
_INSET: Final = SAMPLE_PX + 10


class _SampleDelegate(QStyledItemDelegate):
    """Puts the sample of the pen's line before its tag."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        box = option.rect
        inner = QStyleOptionViewItem(option)
        inner.rect = box.adjusted(_INSET, 0, 0, 0)
        super().paint(painter, inner, index)
        painter.save()
        line = line_pen(theme.current(), index.data(SLOT_ROLE), selected=True)
        sample_line(painter, box.left() + 5, box.center().y(), line)
        painter.restore()


class TrendTable(QTableView):
    """Shows a `PenTableModel`; the selected row is the selected pen."""

    pen_selected = Signal(int)

    def __init__(self, model: PenTableModel) -> None:
        super().__init__()
        self._model = model
        self.setModel(model)
        self.setItemDelegateForColumn(0, _SampleDelegate(self))
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
