"""Alarm analytics: key figures against their targets, their course, bad actors, floods, nuisances, relations."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QTabWidget, QToolButton, QVBoxLayout

from ksys_core.areas import area_title
from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.actions import Actions
from ksys_hmi.dialogs import ask
from ksys_hmi.models.kpi_rows import (
    ActorRow,
    NuisanceRow,
    PairRow,
    actor_model,
    figure_model,
    flood_model,
    maturity_word,
    nuisance_model,
    pair_model,
    priority_model,
)
from ksys_hmi.plots.kpi_chart import KpiChart
from ksys_hmi.presenters.alarm_kpis import DAY_S, KpisPresenter, KpisState
from ksys_hmi.presenters.alarm_report import ReportExport
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.alarm_dialogs import ShelveDialog
from ksys_hmi.views.files import ExportStrip, ask_where
from ksys_hmi.views.open_what_if import open_what_if
from ksys_hmi.views.page import Page
from ksys_hmi.widgets.row_table import RowTable

_SPANS: Final = (
    (N_("Last 24 hours"), DAY_S),
    (N_("Last 7 days"), 7 * DAY_S),
    (N_("Last 30 days"), 30 * DAY_S),
    (N_("Last 90 days"), 90 * DAY_S),
)
_TITLES: Final = (N_("Key figures"), N_("Most frequent alarms"), N_("By priority"))
_TABS: Final = (N_("Floods"), N_("Nuisance alarms"), N_("Come together"))
_BUTTONS: Final = (N_("Trend"), N_("Journal"), N_("What if …"), N_("Report …"))


class AlarmKpisPage(Page[KpisState]):
    """Tables of one period; Enter on an alarm shows its trend, the buttons its journal and what another limit did."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = KpisPresenter(runtime)
        super().__init__(runtime, presenter)
        self._kpis = presenter
        self.report = ReportExport(runtime, self)
        self.figures = RowTable(figure_model(), 0)
        self.actors = RowTable(actor_model(), 3)
        self.priorities = RowTable(priority_model(), 0)
        self.floods = RowTable(flood_model(runtime.zone), 5)
        self.nuisances = RowTable(nuisance_model(), 3)
        self.pairs = RowTable(pair_model(), 1)
        self.tables: tuple[RowTable[Any], ...] = (
            *(self.figures, self.actors, self.priorities),
            *(self.floods, self.nuisances, self.pairs),
        )
        self.chart = KpiChart(runtime.zone)
        self.span, self.area = QComboBox(), QComboBox()
        for _text, seconds in _SPANS:
            self.span.addItem("", seconds)
        self.area.addItem("", None)
        for area in presenter.areas:
            self.area.addItem("", area)
        self.summary, self.hint, self.course = QLabel(), QLabel(), QLabel()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for table in self.tables[3:]:
            self.tabs.addTab(table, "")
        self._titles = [QLabel() for _ in _TITLES]
        for title in (*self._titles, self.course):
            title.setFont(fonts.value(bold=True))
        self._last: RowTable[Any] = self.actors
        self.buttons = [QPushButton() for _ in _BUTTONS]
        self._lay_out()
        self._connect()
        self.retranslate()
        self.render_state(presenter.state)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.span)
        head.addWidget(self.area)
        head.addSpacing(fonts.px(16))
        head.addWidget(self.hint)
        head.addStretch(1)
        head.addWidget(self.summary)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column, place, weight in ((left, 0, 1), (right, 1, 7), (right, 2, 4)):
            column.addWidget(self._titles[place])
            column.addWidget(self.tables[place], weight)
        left.addWidget(self.course)
        left.addWidget(self.chart)
        right.addWidget(self.tabs, 6)
        columns = QHBoxLayout()
        columns.setSpacing(fonts.px(16))
        columns.addLayout(left, 1)
        columns.addLayout(right, 1)
        self._foot = QHBoxLayout()
        for button in self.buttons:
            self._foot.addWidget(button)
        self._foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addLayout(head)
        layout.addLayout(columns, 1)
        layout.addLayout(self._foot)
        layout.addWidget(ExportStrip(self.report))

    def _connect(self) -> None:
        self.span.currentIndexChanged.connect(self._choose)
        self.area.currentIndexChanged.connect(self._choose)
        for table in (self.actors, self.nuisances, self.pairs):
            table.row_activated.connect(self._open_trend)
            table.selectionModel().selectionChanged.connect(lambda *_, table=table: self._take(table))
        handlers = (
            self._open_trend,
            self._open_journal,
            self.what_if,
            self._ask_file,
        )
        for button, handler in zip(self.buttons, handlers, strict=True):
            button.clicked.connect(lambda _checked=False, handler=handler: handler())

    def retranslate(self) -> None:
        self.span.setAccessibleName(tr("Period"))
        self.area.setAccessibleName(tr("Area"))
        for i, (text, _seconds) in enumerate(_SPANS):
            self.span.setItemText(i, tr(text))
        for i in range(self.area.count()):
            area = self.area.itemData(i)
            self.area.setItemText(i, area_title(area) if area else tr("All areas"))
        for title, text in zip(self._titles, _TITLES, strict=True):
            title.setText(tr(text))
        self.course.setText(tr("Annunciations (bars) and standing alarms (line)"))
        self.chart.setAccessibleName(self.course.text())
        self.tabs.setAccessibleName(tr("More about the alarms"))
        for table, text in zip(self.tables, (*_TITLES, *_TABS), strict=True):
            table.setAccessibleName(tr(text))
            table.model().retranslate()
            table.fit_columns()
        for button, text in zip(self.buttons, _BUTTONS, strict=True):
            button.setText(tr(text))

    def render_state(self, state: KpisState) -> None:
        shown = (state.figures, state.actors, state.priorities, state.floods, state.nuisances, state.pairs)
        for table, rows in zip(self.tables, shown, strict=True):
            table.model().show_rows(rows)
        for i, (text, rows) in enumerate(zip(_TABS, shown[3:], strict=True)):
            self.tabs.setTabText(i, f"{tr(text)} ({len(rows)})")
        self.chart.show_bars(state.bars)
        self.summary.setText(_summary(state))
        self.summary.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        empty = state.too_little if state.count else tr("No alarms in this period.")
        self.hint.setText(state.error or (tr("Loading …") if state.loading else empty))
        self._update_buttons()

    @property
    def current(self) -> ActorRow | NuisanceRow | PairRow | None:
        """The alarm that was chosen last, in whichever table."""
        return self._last.current

    def _choose(self) -> None:
        self._kpis.choose(self.span.currentData(), self.area.currentData())

    def _take(self, table: RowTable[Any]) -> None:
        self._last = table
        self._update_buttons()

    def _update_buttons(self) -> None:
        chosen = self.current is not None
        for button in self.buttons[:3]:
            button.setEnabled(chosen)
            button.setToolTip("" if chosen else tr("Select an alarm first."))
        self.buttons[3].setEnabled(self._kpis.state.stop > 0)

    def _open_trend(self) -> None:
        row = self.current
        if row is not None:
            tags = [row.tag, row.other_tag] if isinstance(row, PairRow) else [row.tag]
            self.runtime.open_page("trend", tags=list(dict.fromkeys(tags)))

    def _open_journal(self) -> None:
        row = self.current
        if row is not None:
            self.runtime.open_page("alarms", journal=True, text=row.tag)

    def what_if(self) -> None:
        """Try another definition of the chosen alarm."""
        row = self.current
        if row is not None:
            kind, label = ("", "") if isinstance(row, PairRow) else (row.kind, row.label)
            open_what_if(self.runtime, self, row.tag, kind, label)

    def add_button(self, actions: Actions) -> None:
        """Shelving, beside what the alarm did."""
        button = QToolButton()
        button.setDefaultAction(actions["alarm.shelve"])
        self._foot.insertWidget(len(self.buttons) - 1, button)

    def shelve(self) -> None:
        """Ask how long the chosen alarm shall be shelved; a nuisance is quiet at once, its definition mended later."""
        row = self.current
        if row is None or isinstance(row, PairRow):
            self.runtime.events.message.emit(tr("Select an alarm first."))
            return
        alarm = f"{row.tag} {row.kind}"
        if row.max_shelve_s is None:
            self.runtime.events.message.emit(tr("Its definition does not allow to shelve: {tags}", tags=alarm))
            return
        dialog = ShelveDialog(self, tr("Shelve: {tags}", tags=alarm), row.max_shelve_s)

        async def work() -> None:
            if await ask(dialog):
                given = dialog.answer()
                self._kpis.shelve(row.alarm_id, row.tag, given.reason, given.seconds)

        self.runtime.spawn(work(), "alarm dialog")

    def _ask_file(self) -> None:
        kinds = ";;".join((tr("Pages (*.html)"), tr("Workbooks (*.xlsx)")))
        ask_where(self, tr("Alarm report"), self.report.proposed_name(), kinds, self.write_report)

    def write_report(self, path: Path) -> None:
        """Write the report of the period that is shown."""
        state = self._kpis.state
        self.report.start(path, state.start, state.stop, state.area)


def _summary(state: KpisState) -> str:
    if state.maturity is None:
        return ""
    found = tr.plural("{n} annunciation", "{n} annunciations", state.count)
    return tr("{found} · class after EEMUA 191: {maturity}", found=found, maturity=maturity_word(state.maturity))
