"""A table view of frozen rows that keeps selection, current row and scroll position by key over every refresh."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyleOptionViewItem, QTableView, QWidget

from ksys_hmi import fonts
from ksys_hmi.models.rows import RowsModel

RowT = TypeVar("RowT")
ROW_PX = 28
_LEAST_PX = 76
_MOST_PX = 1000
_LEAST_STRETCHED_PX = 130
_SELECT_ROWS = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


class RowTable(QTableView, Generic[RowT]):
    """Rows are selected whole; Tab leaves the table; columns fit what is first shown and may be dragged."""

    row_changed = Signal()
    """The current row is another one, or shows something new."""
    row_activated = Signal()
    """Enter or a double click."""

    def __init__(
        self,
        model: RowsModel[RowT],
        stretch: int,
        parent: QWidget | None = None,
        *,
        least_px: int = _LEAST_PX,
        most_px: int = _MOST_PX,
    ) -> None:
        super().__init__(parent)
        self._rows_model = model
        self._kept: tuple[object, set[object], int] | None = None
        self._fitted = self._chosen = False
        self._stretch = stretch
        self._row_before = -1
        self._least, self._most = fonts.px(least_px), fonts.px(most_px)
        model.layoutAboutToBeChanged.connect(self._keep_place)
        model.rowsAboutToBeRemoved.connect(self._stay_in_place)
        self.setModel(model)
        for column, each in enumerate(model.columns):
            self.setColumnHidden(column, each.hidden)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(fonts.px(ROW_PX))
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setResizeContentsPrecision(0)  # the rows in sight; else a thousand
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._restore)
        model.rowsInserted.connect(self._fit_once)
        model.dataChanged.connect(lambda *_: self.row_changed.emit())
        self.doubleClicked.connect(lambda _index: self.row_activated.emit())

    def model(self) -> RowsModel[RowT]:
        return self._rows_model

    @property
    def current(self) -> RowT | None:
        """The current row's record."""
        index = self.currentIndex()
        return self._rows_model.rows[index.row()] if index.isValid() else None

    def selected_rows(self) -> list[RowT]:
        """Records of the selected rows, from above to below."""
        return [self._rows_model.rows[i] for i in sorted(index.row() for index in self.selectionModel().selectedRows())]

    def visible_rows(self) -> list[RowT]:
        """Records of the rows that can be seen whole."""
        height = self.viewport().height()
        first = max(self.rowAt(0), 0)
        rows = range(first, self._rows_model.rowCount())
        shown = (i for i in rows if self.rowViewportPosition(i) >= 0)
        found = []
        for i in shown:
            if self.rowViewportPosition(i) + self.rowHeight(i) > height:
                break
            found.append(self._rows_model.rows[i])
        return found

    def go_to(self, key: object) -> bool:
        """Make the row of `key` the current and only selected one; False when it is not shown."""
        position = self._rows_model.row_of(key)
        if position is None:
            return False
        index = self._rows_model.index(position, 0)
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.Clear | _SELECT_ROWS)
        self.scrollTo(index)
        return True

    def _keep_place(self) -> None:
        self._row_before = self.currentIndex().row()

    def _stay_in_place(self, _parent: object, first: int, last: int) -> None:
        """The current row leaves the list: the one that takes its place is current, and nothing scrolls."""
        if first and first <= self.currentIndex().row() <= last:
            near = self._rows_model.index(min(self._row_before, first - 1), 0)
            self.setAutoScroll(False)
            self.selectionModel().setCurrentIndex(near, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.setAutoScroll(True)

    def _keep(self) -> None:
        key = self._rows_model.key
        current = self.current
        chosen = {key(row) for row in self.selected_rows()}
        self._kept = (None if current is None else key(current), chosen, self.verticalScrollBar().value())

    def _restore(self) -> None:
        self._fit_once()
        if self._kept is None:
            return
        current, chosen, position = self._kept
        selection = self.selectionModel()
        for i, row in enumerate(self._rows_model.rows if chosen or current is not None else ()):
            key = self._rows_model.key(row)
            index = self._rows_model.index(i, 0)
            if key == current:
                selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            if key in chosen:
                selection.select(index, _SELECT_ROWS)
        self.verticalScrollBar().setValue(position)
        self.row_changed.emit()

    def _fit_once(self, *_args: object) -> None:
        if not self._fitted and self._rows_model.rowCount():
            self._fitted = True
            self.fit_columns()

    def keep_widths(self) -> None:
        """The widths have been chosen: they are not fitted any more."""
        self._fitted = self._chosen = True

    def fit_columns(self) -> None:
        """Make the columns as wide as their titles, the rows that are shown and what they have to hold later, unless
        their widths were chosen."""
        if self._chosen:
            return
        self.resizeColumnsToContents()
        for column, each in enumerate(self._rows_model.columns):
            room = self._room_of(each.widest())
            width = max(self.columnWidth(column), room, self._least if column else 0)
            self.setColumnWidth(column, min(width, self._most))
        self._stretch_where_there_is_room()

    def _room_of(self, text: str) -> int:
        """Width of a cell with this text."""
        if not text:
            return 0
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.text = text
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDisplay
        return self.style().sizeFromContents(QStyle.ContentsType.CT_ItemViewItem, option, QSize(), self).width()

    def _stretch_where_there_is_room(self) -> None:
        """The stretched column takes what the others leave; where that is next to nothing the table scrolls."""
        header, least = self.horizontalHeader(), fonts.px(_LEAST_STRETCHED_PX)
        others = header.length() - self.columnWidth(self._stretch)
        roomy = self.viewport().width() - others >= least
        mode = QHeaderView.ResizeMode.Stretch if roomy else QHeaderView.ResizeMode.Interactive
        header.setSectionResizeMode(self._stretch, mode)
        if not roomy:
            self.setColumnWidth(self._stretch, least)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._chosen:
            self._stretch_where_there_is_room()

    def currentChanged(self, current: Any, previous: Any) -> None:
        super().currentChanged(current, previous)
        self.row_changed.emit()

    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current is not None:
            self.row_activated.emit()
            return
        super().keyPressEvent(event)
