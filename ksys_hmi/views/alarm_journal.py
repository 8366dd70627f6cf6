"""The alarm journal: every transition and every action, newest first, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QToolButton, QVBoxLayout

from ksys_core.i18n import tr
from ksys_hmi import fonts
from ksys_hmi.actions import Actions
from ksys_hmi.models.alarm_rows import JournalColumns
from ksys_hmi.presenters.alarm_journal import PAGE_SIZES, JournalPresenter, JournalState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.files import ExportStrip, ask_where, table_kinds
from ksys_hmi.views.journal_filter import JournalFilterBar
from ksys_hmi.views.page import Page
from ksys_hmi.widgets.row_table import RowTable

_STRETCHED: Final = 12
_LEAST_PX: Final = 44
_MOST_PAGES: Final = 10_000_000
_LEFT: Final = ("journal.first", "journal.previous")
_RIGHT: Final = ("journal.next", "journal.last")


class AlarmJournal(Page[JournalState]):
    """Filter above, a page of the database's journal, paging and export below; Enter shows the trend at that time."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = JournalPresenter(runtime)
        super().__init__(runtime, presenter)
        self._journal = presenter
        self._model = JournalColumns(runtime.zone, lambda: runtime.sensors).model()
        self.table = RowTable(self._model, _STRETCHED, least_px=_LEAST_PX)
        self.filter = JournalFilterBar()
        self.position, self._hint = QLabel(), QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.number = QSpinBox()
        self.number.setRange(1, _MOST_PAGES)
        self.number.setKeyboardTracking(False)
        self.number.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.page_size = QComboBox()
        for size in PAGE_SIZES:
            self.page_size.addItem("", size)
        self._page_label = QLabel()
        self.strip = ExportStrip(presenter.export)
        self._paging = QHBoxLayout()
        self._lay_out()
        self.filter.chosen.connect(presenter.set_choice)
        self.number.editingFinished.connect(self._on_number)
        self.page_size.currentIndexChanged.connect(lambda _index: presenter.set_size(self.page_size.currentData()))
        self.table.row_activated.connect(self.open_trend)
        self.retranslate()
        self.render_state(presenter.state)

    def _lay_out(self) -> None:
        self._paging.addWidget(self.position)
        self._paging.addSpacing(fonts.px(16))
        self._paging.addWidget(self._page_label)
        self._paging.addWidget(self.number)
        self._paging.addWidget(self.page_size)
        self._paging.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.filter)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._hint)
        layout.addWidget(self.strip)
        layout.addLayout(self._paging)

    def handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "journal.first": lambda: self._journal.go_to(0),
            "journal.previous": lambda: self._journal.go_to(self._journal.state.number - 1),
            "journal.next": self._next,
            "journal.last": lambda: self._journal.go_to(None),
            "journal.page": self._ask_number,
            "journal.export": self._export,
        }

    def bind_actions(self, actions: Actions) -> None:
        super().bind_actions(actions)
        at_end = self._paging.count()
        for place, action_id in (*enumerate(_LEFT), (len(_LEFT) + 1, _RIGHT[0]), (len(_LEFT) + 2, _RIGHT[1])):
            self._paging.insertWidget(place, self._button(actions, action_id))
        self._paging.insertWidget(at_end + len(_LEFT + _RIGHT), self._button(actions, "journal.export"))

    def _button(self, actions: Actions, action_id: str) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(actions[action_id])
        button.setAccessibleName(actions[action_id].text())
        return button

    def retranslate(self) -> None:
        self.filter.retranslate()
        self.table.setAccessibleName(tr("Alarm journal"))
        self._page_label.setText(tr("Go to page"))
        self.number.setAccessibleName(tr("Go to page"))
        self.page_size.setAccessibleName(tr("Rows of a page"))
        for i, size in enumerate(PAGE_SIZES):
            self.page_size.setItemText(i, tr("{n} rows a page", n=size))
        self._model.retranslate()
        self.table.fit_columns()

    def render_state(self, state: JournalState) -> None:
        self.filter.offer(state)
        self._model.show_rows(state.entries)
        self.position.setText(state.position)
        if not self.number.hasFocus():
            self.number.blockSignals(True)
            self.number.setValue(state.number + 1)
            self.number.blockSignals(False)
        self._hint.setText(_hint(state))
        self._hint.setVisible(bool(self._hint.text()))

    def search(self, text: str) -> None:
        """Show the entries of the last 30 days that contain `text`."""
        self.filter.search_for(text)

    def _ask_number(self) -> None:
        self.number.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.number.selectAll()

    def _next(self) -> None:
        if self._journal.state.more:
            self._journal.go_to(self._journal.state.number + 1)

    def _on_number(self) -> None:
        if self.number.value() != self._journal.state.number + 1:
            self._journal.go_to(self.number.value() - 1)
            self.table.setFocus()

    def _export(self) -> None:
        ask_where(self, tr("Export the journal"), self._journal.proposed_name(), table_kinds(), self._journal.write)

    def open_trend(self) -> None:
        """The tag of the chosen entry at its time."""
        entry = self.table.current
        if entry is not None:
            self.runtime.open_page("trend", tags=[entry.tag], at=entry.source)


def _hint(state: JournalState) -> str:
    if state.error:
        return state.error
    if state.loading:
        return tr("Loading …")
    if state.entries:
        return ""
    return tr("No entry matches the filter.") if state.choice.narrows else tr("No entries in this period.")
