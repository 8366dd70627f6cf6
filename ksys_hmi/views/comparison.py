"""Comparison: labelled events, and what rule alarms and model-based advisories made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.actions import Actions
from ksys_hmi.dialogs import ask
from ksys_hmi.models.comparison_rows import label_model, score_model
from ksys_hmi.presenters.comparison import DAY_S, ComparisonPresenter, ComparisonState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.files import ask_which
from ksys_hmi.views.page import Page
from ksys_hmi.views.question_dialog import QuestionDialog
from ksys_hmi.widgets.row_table import RowTable

_SPANS: Final = ((N_("Last 30 days"), 30 * DAY_S), (N_("Last 90 days"), 90 * DAY_S), (N_("Last year"), 365 * DAY_S))
_FIELDS: Final = (
    ("tag", N_("Tag")),
    ("area", N_("Area")),
    ("from", N_("From")),
    ("to", N_("To")),
    ("text", N_("Event")),
)


class LabelDialog(QDialog):
    """Asks for one event; tag and area empty mean the whole plant."""

    def __init__(self, parent: QWidget, tags: tuple[str, ...]) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Label an event"))
        self.setMinimumWidth(fonts.px(460))
        self.tag = QComboBox()
        self.tag.setEditable(True)
        self.tag.addItems(["", *tags])
        self.fields = {name: QLineEdit() for name, _title in _FIELDS[1:]}
        form = QFormLayout(self)
        for (_name, title), widget in zip(_FIELDS, (self.tag, *self.fields.values()), strict=True):
            widget.setAccessibleName(tr(title))
            form.addRow(tr(title), widget)
        for name in ("from", "to"):
            self.fields[name].setPlaceholderText("2026-03-01 14:30")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("OK"))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    def texts(self) -> dict[str, str]:
        """What was typed, by column of a file of labels."""
        return {"tag": self.tag.currentText(), **{name: field.text() for name, field in self.fields.items()}}


class ComparisonPage(Page[ComparisonState]):
    """Scores above, of the plant and of a file; the labelled events below."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = ComparisonPresenter(runtime)
        super().__init__(runtime, presenter)
        self._comparison = presenter
        self.scores, self.file_scores = RowTable(score_model(), 0), RowTable(score_model(), 0)
        self.labels = RowTable(label_model(runtime.zone), 3)
        self.span = QComboBox()
        for _text, seconds in _SPANS:
            self.span.addItem("", seconds)
        self.title, self.file_title, self.label_title = QLabel(), QLabel(), QLabel()
        self.hint, self.file_hint, self.about = QLabel(), QLabel(), QLabel()
        self.no_labels, self.problem = QLabel(), QLabel()
        self.progress, self.stop = QProgressBar(), QPushButton()
        self.progress.setRange(0, 0)
        self._buttons, self._file_buttons = QHBoxLayout(), QHBoxLayout()
        self._lay_out()
        self.span.currentIndexChanged.connect(lambda _index: presenter.set_span(self.span.currentData()))
        self.stop.clicked.connect(presenter.cancel)
        self.labels.row_activated.connect(self._open_trend)
        self.retranslate()
        self.render_state(presenter.state)

    def _lay_out(self) -> None:
        for title in (self.title, self.file_title, self.label_title):
            title.setFont(fonts.value(bold=True))
        self.about.setWordWrap(True)
        head, middle, below = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for row, widgets in (
            (head, (self.title, self.span, self.hint)),
            (middle, (self.file_title, self.file_hint, self.progress, self.stop)),
            (below, (self.label_title, self.no_labels, self.problem)),
        ):
            row.setSpacing(fonts.px(12))
            for widget in widgets:
                row.addWidget(widget)
            row.addStretch(1)
        middle.addLayout(self._file_buttons)
        below.addLayout(self._buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.addLayout(head)
        column.addWidget(self.about)
        column.addWidget(self.scores, 3)
        column.addLayout(middle)
        column.addWidget(self.file_scores, 2)
        column.addLayout(below)
        column.addWidget(self.labels, 3)

    def handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "comparison.label": self._ask_label,
            "comparison.import": self._ask_import,
            "comparison.remove": self._ask_remove,
            "comparison.file": self._ask_file,
        }

    def _ask_remove(self) -> None:
        rows = self.labels.selected_rows()
        if not rows:
            self.runtime.events.message.emit(tr("Select a label first."))
            return
        question = tr.plural("Remove {n} label of an event?", "Remove {n} labels of events?", len(rows))
        dialog = QuestionDialog(self, question, tr("Delete"))

        async def work() -> None:
            if await ask(dialog):
                self._comparison.remove(rows)

        self.runtime.spawn(work(), "label dialog")

    def bind_actions(self, actions: Actions) -> None:
        super().bind_actions(actions)
        for action_id in self.handlers():
            button = QToolButton()
            button.setDefaultAction(actions[action_id])
            (self._file_buttons if action_id == "comparison.file" else self._buttons).addWidget(button)

    def retranslate(self) -> None:
        self.title.setText(tr("Rule alarms and advisories on labelled events"))
        self.file_title.setText(tr("On a file"))
        self.label_title.setText(tr("Labelled events"))
        self.about.setText(
            tr(
                "A detection is true during an event or up to an hour before, on a file only during it. Only labelled "
                "tags and areas are judged. A negative lead time is a delay after the begin."
            )
        )
        self.stop.setText(tr("Stop"))
        self.span.setAccessibleName(tr("Period"))
        self.progress.setAccessibleName(tr("Progress"))
        for i, (text, _seconds) in enumerate(_SPANS):
            self.span.setItemText(i, tr(text))
        named = ((self.scores, self.title), (self.file_scores, self.file_title), (self.labels, self.label_title))
        for table, title in named:
            table.setAccessibleName(title.text())
            table.model().retranslate()
            table.fit_columns()

    def render_state(self, state: ComparisonState) -> None:
        self.scores.model().show_rows(state.scores)
        self.file_scores.model().show_rows(state.file_scores)
        self.labels.model().show_rows(state.labels)
        empty = "" if state.scores else tr("No labelled event in this period: label one below.")
        self.hint.setText(state.error or (tr("Loading …") if state.loading else empty))
        idle = tr("Choose a table of readings and a file of its events.")
        self.file_hint.setText(state.file or idle)
        self.progress.setVisible(state.running)
        self.stop.setVisible(state.running)
        self.no_labels.setText("" if state.labels or state.loading or state.error else tr("Nothing is labelled yet."))
        self.problem.setText(state.problem)

    def _ask_label(self) -> None:
        tags = tuple(sorted(sensor.tag for sensor in self.runtime.sensors.values()))
        dialog = LabelDialog(self, tags)

        async def work() -> None:
            if await ask(dialog):
                self._comparison.add(dialog.texts())

        self.runtime.spawn(work(), "label dialog")

    def _ask_import(self) -> None:
        ask_which(self, tr("File of labelled events"), tr("CSV files (*.csv)"), self._comparison.import_file)

    def _ask_file(self) -> None:
        kinds = tr("CSV files (*.csv)")

        def labelled(path: Path) -> None:
            ask_which(
                self, tr("File of its labelled events"), kinds, lambda labels: self._comparison.compare(path, labels)
            )

        ask_which(self, tr("Table of readings"), kinds, labelled)

    def _open_trend(self) -> None:
        row = self.labels.current
        if row is not None and row.label.tag is not None:
            self.runtime.open_page("trend", tags=[row.label.tag], at=row.label.start)
