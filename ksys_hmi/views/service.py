"""The Service page: instances, jobs, sources, database, and how smoothly this screen runs."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
)

from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.presenters import service_tables
from ksys_hmi.presenters.service import ServicePageState, ServicePresenter
from ksys_hmi.runtime import ConnectionState, Runtime
from ksys_hmi.views.page import Page

_ROW_PX = 28
TITLES = (N_("Instances"), N_("Jobs"), N_("Sources"), N_("Database"), N_("Screen"))


class ServicePage(Page[ServicePageState]):
    """Tables above each other; **Run now** asks for the selected job's run."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = ServicePresenter(runtime)
        super().__init__(runtime, presenter)
        self._presenter = presenter
        self.instances = service_tables.instances(runtime, self)
        self.jobs = service_tables.jobs(runtime, self)
        self.sources = service_tables.sources(runtime, self)
        self.problem, self.database, self.smoothness = QLabel(), QLabel(), QLabel()
        self._titles = {name: QLabel() for name in TITLES}
        self.run_now = QPushButton()
        self.run_now.clicked.connect(self._run_selected)
        self._lay_out()
        runtime.events.connection_changed.connect(self._on_connection)
        self.retranslate()

    def _lay_out(self) -> None:
        self.instances_view = table_view(self.instances)
        self.jobs_view = table_view(self.jobs)
        self.sources_view = table_view(self.sources)
        self.jobs_view.selectionModel().selectionChanged.connect(lambda *_: self._update_button())
        for title in self._titles.values():
            title.setFont(fonts.value(bold=True))
        jobs_head = QHBoxLayout()
        jobs_head.addWidget(self._titles["Jobs"])
        jobs_head.addStretch(1)
        jobs_head.addWidget(self.run_now)
        facts = QGridLayout()
        facts.setHorizontalSpacing(fonts.px(40))
        for place, (name, label) in enumerate((("Database", self.database), ("Screen", self.smoothness))):
            facts.addWidget(self._titles[name], 0, place)
            facts.addWidget(label, 1, place, alignment=Qt.AlignmentFlag.AlignTop)
            facts.setColumnStretch(place, 1)
        column = QVBoxLayout(self)
        column.addWidget(self.problem)
        column.addWidget(self._titles["Instances"])
        column.addWidget(self.instances_view, 2)
        column.addLayout(jobs_head)
        column.addWidget(self.jobs_view, 6)
        column.addWidget(self._titles["Sources"])
        column.addWidget(self.sources_view, 2)
        column.addLayout(facts)

    def retranslate(self) -> None:
        for name, title in self._titles.items():
            title.setText(tr(name))
        for view, name in (
            (self.instances_view, "Instances"),
            (self.jobs_view, "Jobs"),
            (self.sources_view, "Sources"),
        ):
            view.setAccessibleName(tr(name))
        for model in (self.instances, self.jobs, self.sources):
            model.retranslate()
        self.run_now.setText(tr("Run now"))
        self._update_button()

    def render_state(self, state: ServicePageState) -> None:
        self.problem.setText(state.error)
        self.problem.setVisible(bool(state.error))
        self.smoothness.setText(service_tables.screen_text(state.stalls))
        if state.service is not None:
            self.instances.show_rows(state.service.instances)
            self.jobs.show_rows(state.service.jobs)
            self.sources.show_rows(state.service.sources)
            self.database.setText(service_tables.database_text(state.service.database, self.runtime.zone))
        self._update_button()

    def _on_connection(self, _state: ConnectionState) -> None:
        self._update_button()

    def _run_selected(self) -> None:
        for index in self.jobs_view.selectionModel().selectedRows():
            self._presenter.run_now(self.jobs.rows[index.row()])

    def _update_button(self) -> None:
        reason = self._refusal()
        self.run_now.setEnabled(not reason)
        self.run_now.setToolTip(reason)

    def _refusal(self) -> str:
        if not self.runtime.connection.connected:
            return tr("The database is lost: commands are not possible until it is back.")
        if not self.runtime.may("engineer"):
            return tr("This needs the right “{right}”.", right=tr("engineer"))
        selected = self.jobs_view.selectionModel().selectedRows()
        if not selected or self.jobs.rows[selected[0].row()].interval_s is None:
            return tr("Choose a job to run it now.")
        return ""


def table_view(model: QAbstractTableModel) -> QTableView:
    """A plain table: whole rows are chosen, the last column takes the rest."""
    view = QTableView()
    view.setModel(model)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setTabKeyNavigation(False)
    view.setWordWrap(False)
    view.setAlternatingRowColors(True)
    view.setShowGrid(False)
    view.verticalHeader().hide()
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.verticalHeader().setDefaultSectionSize(fonts.px(_ROW_PX))
    header = view.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setStretchLastSection(True)
    header.setHighlightSections(False)
    return view
