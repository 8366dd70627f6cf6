"""Alarm analytics: key figures against their targets, bad actors, floods, priorities."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout

from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.models.kpi_rows import actor_model, figure_model, flood_model, priority_model
from ksys_hmi.presenters.alarm_kpis import DAY_S, KpisPresenter, KpisState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.page import Page
from ksys_hmi.widgets.row_table import RowTable

_SPANS: Final = (
    (N_("Last 24 hours"), DAY_S),
    (N_("Last 7 days"), 7 * DAY_S),
    (N_("Last 30 days"), 30 * DAY_S),
)
_TITLES: Final = (N_("Key figures"), N_("Most frequent alarms"), N_("By priority"), N_("Floods"))
_MATURITY: Final = {
    "predictive": N_("predictive"),
    "robust": N_("robust"),
    "stable": N_("stable"),
    "reactive": N_("reactive"),
    "overloaded": N_("overloaded"),
}


class AlarmKpisPage(Page[KpisState]):
    """Four tables of one period; Enter on a frequent alarm shows its trend."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = KpisPresenter(runtime)
        super().__init__(runtime, presenter)
        self._kpis = presenter
        self.figures = RowTable(figure_model(), 0)
        self.actors = RowTable(actor_model(), 3)
        self.priorities = RowTable(priority_model(), 0)
        self.floods = RowTable(flood_model(runtime.zone), 5)
        self.tables: tuple[RowTable[Any], ...] = (self.figures, self.actors, self.priorities, self.floods)
        self.span = QComboBox()
        for _text, seconds in _SPANS:
            self.span.addItem("", seconds)
        self.summary, self.hint = QLabel(), QLabel()
        self._titles = [QLabel() for _ in _TITLES]
        for title in self._titles:
            title.setFont(fonts.value(bold=True))
        self._lay_out()
        self.span.currentIndexChanged.connect(lambda _index: self._kpis.set_span(self.span.currentData()))
        self.actors.row_activated.connect(self._open_trend)
        self.retranslate()
        self.render_state(presenter.state)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.span)
        head.addSpacing(fonts.px(16))
        head.addWidget(self.hint)
        head.addStretch(1)
        head.addWidget(self.summary)
        columns = QHBoxLayout()
        columns.setSpacing(fonts.px(16))
        for places, weights, width in (((0, 2), (10, 4), 11), ((1, 3), (7, 7), 12)):
            column = QVBoxLayout()
            for place, weight in zip(places, weights, strict=True):
                column.addWidget(self._titles[place])
                column.addWidget(self.tables[place], weight)
            columns.addLayout(column, width)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addLayout(head)
        layout.addLayout(columns, 1)

    def retranslate(self) -> None:
        self.span.setAccessibleName(tr("Period"))
        for i, (text, _seconds) in enumerate(_SPANS):
            self.span.setItemText(i, tr(text))
        for title, table, text in zip(self._titles, self.tables, _TITLES, strict=True):
            title.setText(tr(text))
            table.setAccessibleName(tr(text))
            table.model().retranslate()

    def render_state(self, state: KpisState) -> None:
        shown = (state.figures, state.actors, state.priorities, state.floods)
        for table, rows in zip(self.tables, shown, strict=True):
            table.model().show_rows(rows)
        self.summary.setText(_summary(state))
        self.summary.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        empty = "" if state.count else tr("No alarms in this period.")
        self.hint.setText(state.error or (tr("Loading …") if state.loading else empty))

    def _open_trend(self) -> None:
        row = self.actors.current
        if row is not None:
            self.runtime.open_page("trend", tags=[row.tag])


def _summary(state: KpisState) -> str:
    if state.maturity is None:
        return ""
    found = tr.plural("{n} annunciation", "{n} annunciations", state.count)
    return tr("{found} · class after EEMUA 191: {maturity}", found=found, maturity=tr(_MATURITY[state.maturity]))
