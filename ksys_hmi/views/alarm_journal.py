"""The alarm journal: every transition and every action, newest first, loaded further as one scrolls down."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout

from ksys_core.i18n import N_, tr
from ksys_hmi.models.alarm_rows import journal_model
from ksys_hmi.presenters.alarm_journal import JournalPresenter, JournalState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.page import Page
from ksys_hmi.widgets.row_table import RowTable

_STRETCHED: Final = 10
_SPANS: Final[tuple[tuple[str, int | None], ...]] = (
    (N_("Last hour"), 3600),
    (N_("Last 6 hours"), 6 * 3600),
    (N_("Last 24 hours"), 24 * 3600),
    (N_("Last 7 days"), 7 * 86_400),
    (N_("Last 30 days"), 30 * 86_400),
    (N_("All"), None),
)
_DEFAULT_SPAN: Final = 2


class AlarmJournal(Page[JournalState]):
    """Text and period are searched in the database, over the whole journal."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = JournalPresenter(runtime)
        super().__init__(runtime, presenter)
        self._journal = presenter
        self._model = journal_model(runtime.zone)
        self.table = RowTable(self._model, _STRETCHED)
        self._search = QLineEdit()
        self._search.setClearButtonEnabled(True)
        self.span = QComboBox()
        for _text, seconds in _SPANS:
            self.span.addItem("", seconds)
        self.span.setCurrentIndex(_DEFAULT_SPAN)
        self._counts = QLabel()
        self._hint = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        head = QHBoxLayout()
        head.addWidget(self._search, 1)
        head.addWidget(self.span)
        head.addStretch(1)
        head.addWidget(self._counts)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._hint)
        self._search.returnPressed.connect(self._apply_filter)
        self._search.textChanged.connect(lambda text: None if text else self._apply_filter())
        self.span.currentIndexChanged.connect(self._apply_filter)
        self.table.verticalScrollBar().valueChanged.connect(self._on_scroll)
        self.retranslate()
        self.render_state(presenter.state)

    def retranslate(self) -> None:
        self._search.setPlaceholderText(tr("Tag, reason or name, then Enter"))
        self._search.setAccessibleName(tr("Search the journal"))
        self.span.setAccessibleName(tr("Period"))
        self.table.setAccessibleName(tr("Alarm journal"))
        for i, (text, _seconds) in enumerate(_SPANS):
            self.span.setItemText(i, tr(text))
        self._model.retranslate()

    def render_state(self, state: JournalState) -> None:
        self._model.show_rows(state.entries)
        more = " +" if state.more else ""
        self._counts.setText(tr("{n} entries", n=f"{len(state.entries)}{more}"))
        hint = state.error or (tr("Loading …") if state.loading else tr("No entries in this period."))
        self._hint.setText("" if state.entries and not state.error else hint)
        self._hint.setVisible(bool(self._hint.text()))

    def search(self, text: str) -> None:
        """Show the entries of the last 30 days that contain `text`."""
        self._search.setText(text)
        self.span.setCurrentIndex(4)
        self._apply_filter()

    def _apply_filter(self) -> None:
        self._journal.set_filter(self._search.text().strip(), self.span.currentData())

    def _on_scroll(self, value: int) -> None:
        if self.presenter.state.more and value >= self.table.verticalScrollBar().maximum() - self.table.height():
            self._journal.load_older()
