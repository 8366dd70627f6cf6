"""The master alarm table: every alarm with its record, edited, compared with files, its history kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QSplitter, QToolButton, QVBoxLayout, QWidget

from ksys_core.domain.alarms.master import MasterRecord
from ksys_core.i18n import tr
from ksys_hmi.actions import Actions
from ksys_hmi.models.master_rows import master_model
from ksys_hmi.presenters.alarm_master import Comparison, MasterFilter, MasterPresenter, MasterRow, MasterState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.files import ExportStrip, ask_where, ask_which, table_kinds
from ksys_hmi.views.master_dialog import MasterDialog
from ksys_hmi.views.master_sheets import HistoryDialog, ImportDialog, MatrixDialog
from ksys_hmi.views.page import Page
from ksys_hmi.widgets.master_pane import MasterPane
from ksys_hmi.widgets.row_table import RowTable

_STRETCHED: Final = 15


class MasterPage(Page[MasterState]):
    """Filter above, table left, the whole record right, actions below; Enter edits."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = MasterPresenter(runtime)
        super().__init__(runtime, presenter)
        self.master = presenter
        self._model = master_model()
        self.table = RowTable(self._model, _STRETCHED)
        self.pane = MasterPane()
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.open_only, self.overdue_only = QCheckBox(), QCheckBox()
        self.counts, self.hint = QLabel(), QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.strip, self.reading = ExportStrip(presenter.export), ExportStrip(presenter.reading)
        self._buttons = QHBoxLayout()
        self._lay_out()
        self.search.textChanged.connect(self._apply_filter)
        for box in (self.open_only, self.overdue_only):
            box.toggled.connect(self._apply_filter)
        self.table.row_changed.connect(self._show_record)
        self.table.row_activated.connect(self._edit)
        presenter.compared.connect(self._show_comparison)
        self.retranslate()
        self.render_state(presenter.state)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.search, 1)
        head.addWidget(self.open_only)
        head.addWidget(self.overdue_only)
        head.addStretch(1)
        head.addWidget(self.counts)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, 1)
        column.addWidget(self.hint)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(self.pane)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 0)
        split.setSizes([1260, 420])
        self._buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addLayout(head)
        layout.addWidget(split, 1)
        layout.addWidget(self.strip)
        layout.addWidget(self.reading)
        layout.addLayout(self._buttons)

    def open(self, **params: Any) -> None:
        """``open_only``, ``overdue``: only these; ``alarm_id``: select it."""
        if "open_only" in params or "overdue" in params:
            self.open_only.setChecked(bool(params.get("open_only")))
            self.overdue_only.setChecked(bool(params.get("overdue")))
        if "alarm_id" in params:
            self.table.go_to(params["alarm_id"])

    def handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "master.edit": self._edit,
            "master.new": lambda: self._open_dialog(None, None),
            "master.history": self._history,
            "master.matrix": self._matrix,
            "master.import": self._import,
            "master.export": self._export,
            "master.trend": self._trend,
        }

    def bind_actions(self, actions: Actions) -> None:
        super().bind_actions(actions)
        for action_id in self.handlers():
            action = actions[action_id]
            button = QToolButton()
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
            action.changed.connect(lambda button=button, action=action: button.setAccessibleName(action.text()))
            self._buttons.insertWidget(self._buttons.count() - 1, button)

    def retranslate(self) -> None:
        self.search.setPlaceholderText(tr("Filter by any text of the record"))
        self.search.setAccessibleName(tr("Filter"))
        self.open_only.setText(tr("Only not rationalised"))
        self.overdue_only.setText(tr("Only overdue reviews"))
        self.table.setAccessibleName(tr("Master alarms"))
        self._model.retranslate()
        self.table.fit_columns()
        self._show_record()

    def render_state(self, state: MasterState) -> None:
        self._model.show_rows(state.rows)
        self.counts.setText(
            tr(
                "{total} alarms · {unfinished} not rationalised · {overdue} reviews overdue · "
                "{unauthorised} changes without MOC in 30 days",
                total=state.total,
                unfinished=state.unfinished,
                overdue=state.overdue,
                unauthorised=state.unauthorised,
            )
            if not state.loading
            else ""
        )
        self.hint.setText(_hint(state))
        self.hint.setVisible(bool(self.hint.text()))
        if self.table.current is None and state.rows:
            self.table.setCurrentIndex(self._model.index(0, 0))
        self._show_record()

    def _apply_filter(self) -> None:
        self.master.set_filter(
            MasterFilter(self.search.text().strip(), self.open_only.isChecked(), self.overdue_only.isChecked())
        )

    def _show_record(self) -> None:
        table = self.master.table
        self.pane.show_alarm(self.table.current, None if table is None else table.matrix)

    def _edit(self) -> None:
        row = self._chosen()
        if row is not None and self.runtime.may("engineer"):
            self._open_dialog(row, None)

    def _chosen(self) -> MasterRow | None:
        if self.table.current is None:
            self.runtime.events.message.emit(tr("Select an alarm first."))
        return self.table.current

    def _open_dialog(self, row: MasterRow | None, shown: MasterRecord | None) -> None:
        session = self.master.begin(row, shown)
        if session is not None:
            MasterDialog(self, session, self.runtime.spawn).open()

    def _history(self) -> None:
        row = self._chosen()
        if row is None:
            return

        async def work() -> None:
            entries = await self.master.history(row)
            restore = (lambda record: self._open_dialog(row, record)) if self.runtime.may("engineer") else None
            name = " ".join(part for part in row.record.key if part)
            HistoryDialog(self, name, entries, self.runtime.zone, restore).open()

        self.runtime.spawn(work(), "alarm history")

    def _matrix(self) -> None:
        table = self.master.table
        if table is not None:
            editable = self.runtime.may("engineer")
            MatrixDialog(self, table.matrix, self.runtime.spawn, self.master.set_matrix, editable=editable).open()

    def _import(self) -> None:
        ask_which(self, tr("Import master alarms"), tr("Tables (*.csv *.xlsx)"), self.master.compare)

    def _show_comparison(self, found: Comparison) -> None:
        work = partial(self.master.import_changes, found)
        ImportDialog(self, found.name, found.diff, self.runtime.spawn, work).open()

    def _export(self) -> None:
        ask_where(self, tr("Export master alarms"), self.master.proposed_name(), table_kinds(), self.master.write)

    def _trend(self) -> None:
        row = self._chosen()
        if row is not None:
            self.runtime.open_page("trend", tags=[row.record.tag])


def _hint(state: MasterState) -> str:
    if state.error:
        return state.error
    if state.loading:
        return tr("Loading …")
    if not state.total:
        return tr("No alarms are defined. Add one, or import a table.")
    return "" if state.rows else tr("No alarm matches the filter.")
