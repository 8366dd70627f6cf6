"""The Models page: deployed models with their figures, training jobs with their progress, and what engineers do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QToolButton, QVBoxLayout, QWidget

from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.actions import Actions
from ksys_hmi.dialogs import ask
from ksys_hmi.models.model_rows import job_rows, model_rows
from ksys_hmi.presenters.models import ALGORITHMS, JobDetails, ModelsPresenter, ModelsState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.alarm_dialogs import ReasonDialog
from ksys_hmi.views.job_dialog import JobDialog
from ksys_hmi.views.page import Page
from ksys_hmi.views.training_dialog import TrainingDialog
from ksys_hmi.widgets.row_table import RowTable

_MODEL_ACTIONS: Final = ("models.train", "models.promote", "models.rollback", "models.retire", "models.trend")
_JOB_ACTIONS: Final = ("models.details", "models.cancel")


class ModelsPage(Page[ModelsState]):
    """Enter on a model opens its trend, Enter on a job what it has done."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = ModelsPresenter(runtime)
        super().__init__(runtime, presenter)
        self.desk = presenter
        self.models = RowTable(model_rows(runtime.zone), 11)
        self.jobs = RowTable(job_rows(runtime.zone), 9)
        self._tables: tuple[RowTable[Any], RowTable[Any]] = (self.models, self.jobs)
        self._wanted: int | None = None
        self.hint, self.jobs_hint = QLabel(), QLabel()
        self._titles = (QLabel(), QLabel())
        self._bars = (QHBoxLayout(), QHBoxLayout())
        self._lay_out()
        self.models.row_activated.connect(self._open_trend)
        self.jobs.row_activated.connect(self._open_details)
        presenter.details.connect(self._show_details)
        self.retranslate()
        self.render_state(presenter.state)

    def _lay_out(self) -> None:
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.setChildrenCollapsible(False)
        shown = zip(self._titles, self._bars, (self.hint, self.jobs_hint), self._tables, strict=True)
        for title, bar, hint, table in shown:
            title.setFont(fonts.value(bold=True))
            bar.addWidget(title)
            bar.addSpacing(fonts.px(16))
            bar.addWidget(hint, 1)
            part = QWidget()
            column = QVBoxLayout(part)
            column.setContentsMargins(0, 0, 0, 0)
            column.addLayout(bar)
            column.addWidget(table, 1)
            parts.addWidget(part)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(parts)

    def handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "models.train": self._train,
            "models.promote": lambda: self._with_reason(N_("Make the champion: {name}"), self.desk.promote),
            "models.rollback": lambda: self._with_reason(N_("Back to the champion before: {name}"), self.desk.rollback),
            "models.retire": lambda: self._with_reason(
                N_("End the deployment: {name}"), self.desk.retire, needed=False
            ),
            "models.trend": self._open_trend,
            "models.details": self._open_details,
            "models.cancel": self._cancel,
        }

    def bind_actions(self, actions: Actions) -> None:
        super().bind_actions(actions)
        for bar, names in zip(self._bars, (_MODEL_ACTIONS, _JOB_ACTIONS), strict=True):
            for name in names:
                bar.addWidget(_button(actions, name))

    def retranslate(self) -> None:
        for title, table, text in zip(self._titles, self._tables, self._texts(), strict=True):
            title.setText(text)
            table.setAccessibleName(text)
            table.model().retranslate()
            table.fit_columns()

    def _texts(self) -> tuple[str, str]:
        return tr("Deployed models"), tr("Training jobs")

    def render_state(self, state: ModelsState) -> None:
        self.models.model().show_rows(state.lines)
        self._select_wanted()
        self.jobs.model().show_rows(state.jobs)
        none = "" if state.lines else tr("No model is deployed. Train one to begin.")
        self.hint.setText(state.error or (tr("Loading …") if state.loading else none))
        self.jobs_hint.setText("" if state.jobs or state.loading else tr("No training jobs yet."))

    def open(self, **params: Any) -> None:
        """``model_id``: select it, now or when it is loaded."""
        self._wanted = params.get("model_id")
        self._select_wanted()

    def _select_wanted(self) -> None:
        if self._wanted is not None and self.models.go_to(self._wanted):
            self._wanted = None

    def _open_trend(self) -> None:
        line = self.models.current
        if line is not None:
            self.runtime.open_page("trend", tags=[line.row.tag])

    def _open_details(self) -> None:
        job = self.jobs.current
        if job is None:
            self.runtime.events.message.emit(tr("Select a training job first."))
        else:
            self.desk.open_details(job)

    def _show_details(self, details: JobDetails) -> None:
        dialog = JobDialog(self, details)

        async def work() -> None:
            await ask(dialog)

        self.runtime.spawn(work(), "training job")

    def _with_reason(self, text: str, act: Callable[[Any, str], None], *, needed: bool = True) -> None:
        line = self.models.current
        if line is None:
            self.runtime.events.message.emit(tr("Select a model first."))
            return
        name = f"{line.row.tag}, {tr(line.title)} {line.row.version} ({line.row.model_id})"
        self._ask(ReasonDialog(self, tr(text, name=name), (), needed=needed), lambda reason: act(line, reason))

    def _cancel(self) -> None:
        job = self.jobs.current
        if job is None or not job.open:
            self.runtime.events.message.emit(tr("Select a training job that waits or runs."))
            return
        dialog = ReasonDialog(self, tr("Cancel training job {job}", job=job.job_id), (), needed=False)
        self._ask(dialog, lambda reason: self.desk.cancel(job, reason))

    def _ask(self, dialog: ReasonDialog, act: Callable[[str], None]) -> None:
        async def work() -> None:
            if await ask(dialog):
                act(dialog.answer().reason)

        self.runtime.spawn(work(), "dialog of the models")

    def _train(self) -> None:
        line = self.models.current
        tags = [sensor.tag for sensor in self.runtime.sensors.values() if sensor.enabled]
        dialog = TrainingDialog(self, tags, [] if line is None else [line.row.tag], ALGORITHMS)
        dialog.wanted.connect(lambda choice: self.desk.look_at(choice.tags, choice.request))
        self.desk.prospects.connect(dialog.show_prospects)

        async def work() -> None:
            if await ask(dialog):
                choice = dialog.choice()
                self.desk.train(choice.tags, choice.request)

        self.runtime.spawn(work(), "training dialog")


def _button(actions: Actions, name: str) -> QToolButton:
    action, button = actions[name], QToolButton()
    button.setDefaultAction(action)
    button.setAccessibleName(action.text())
    action.changed.connect(lambda: button.setAccessibleName(action.text()))
    return button
