"""What-if: another limit, dead band or delay of an alarm, tried on its tag's history, and put in force."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.alarm_words import kind_word
from ksys_hmi.models.what_if_rows import WhatIfState
from ksys_hmi.plots.what_if_plot import WhatIfCanvas
from ksys_hmi.presenters.what_if import FIELDS, WhatIfPresenter
from ksys_hmi.runtime import Runtime

_TITLES: Final = (N_("Limit"), N_("Dead band"), N_("On-delay, s"), N_("Off-delay, s"))
_DAYS: Final = (7, 30, 90)
_LINES: Final = 8


class WhatIfDialog(QDialog):
    """Stays open beside the page. Enter computes; Esc stops what runs, then closes."""

    def __init__(self, runtime: Runtime, parent: QWidget, tag: str, kind: str, label: str) -> None:
        super().__init__(parent)
        self.presenter = WhatIfPresenter(runtime, tag, self)
        self._runtime = runtime
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"{tr('What if …')} {tag}")
        self.setMinimumWidth(fonts.px(860))
        self.alarm, self.days = QComboBox(), QComboBox()
        for days in _DAYS:
            self.days.addItem(tr("{n} days of history", n=days), days)
        self.days.setCurrentIndex(_DAYS.index(self.presenter.state.days))
        self.fields = {name: QLineEdit() for name in FIELDS}
        self.reason, self.moc = QLineEdit(), QLineEdit()
        self.compute, self.suggest = QPushButton(tr("Compute")), QPushButton(tr("Suggest"))
        self.apply, self.stop = QPushButton(tr("Put in force")), QPushButton(tr("Stop"))
        self.progress, self.verdict, self.problem = QProgressBar(), QLabel(), QLabel()
        self.canvas = WhatIfCanvas(runtime.zone)
        self.canvas.setAccessibleName(tr("History with the alarms of both definitions"))
        self.cells = [[QLabel() for _ in range(3)] for _ in range(_LINES)]
        self._filled = -1
        self._lay_out()
        self._connect()
        self.presenter.open(kind, label)

    def _lay_out(self) -> None:
        self.alarm.setAccessibleName(tr("Alarm"))
        self.days.setAccessibleName(tr("Length of the history"))
        head = QHBoxLayout()
        head.addWidget(self.alarm, 1)
        head.addWidget(self.days)
        form = QFormLayout()
        for title, field in zip(_TITLES, self.fields.values(), strict=True):
            field.setAccessibleName(tr(title))
            field.setAlignment(Qt.AlignmentFlag.AlignRight)
            form.addRow(tr(title), field)
        tries = QHBoxLayout()
        tries.addWidget(self.compute)
        tries.addWidget(self.suggest)
        form.addRow(tries)
        table = QGridLayout()
        table.setHorizontalSpacing(fonts.px(20))
        for column, text in ((1, tr("Present")), (2, tr("Proposed"))):
            table.addWidget(QLabel(text), 0, column, alignment=Qt.AlignmentFlag.AlignRight)
        for row, cells in enumerate(self.cells, 1):
            for column, cell in enumerate(cells):
                side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
                table.addWidget(cell, row, column, alignment=side)
        table.setColumnStretch(0, 1)
        middle = QHBoxLayout()
        middle.setSpacing(fonts.px(24))
        middle.addLayout(form, 2)
        middle.addLayout(table, 3)
        running = QHBoxLayout()
        running.addWidget(self.progress, 1)
        running.addWidget(self.stop)
        for label in (self.verdict, self.problem):
            label.setWordWrap(True)
        self.verdict.setFont(fonts.value(bold=True))
        self.progress.setAccessibleName(tr("Progress"))
        whole = QVBoxLayout(self)
        whole.addLayout(head)
        whole.addLayout(middle)
        whole.addWidget(self.verdict)
        whole.addWidget(self.canvas, 1)
        whole.addLayout(running)
        whole.addWidget(self.problem)
        whole.addLayout(self._engineering())

    def _engineering(self) -> QHBoxLayout:
        """What only an engineer may: reason, change request, put in force."""
        row = QHBoxLayout()
        for title, field in ((tr("Reason for the change"), self.reason), (tr("Change request (MOC)"), self.moc)):
            field.setAccessibleName(title)
            field.setPlaceholderText(title)
            row.addWidget(field, 2 if field is self.reason else 1)
        row.addWidget(self.apply)
        for widget in (self.reason, self.moc, self.apply):
            widget.setVisible(self._runtime.may("engineer"))
        return row

    def _connect(self) -> None:
        self.presenter.changed.connect(self._show)
        self.finished.connect(self.presenter.close)
        for button in (self.compute, self.suggest, self.apply, self.stop):
            button.setAutoDefault(False)
        self.compute.setDefault(True)
        self.compute.clicked.connect(lambda: self.presenter.compute(self._texts()))
        self.suggest.clicked.connect(self.presenter.suggest)
        self.apply.clicked.connect(lambda: self.presenter.apply(self.reason.text(), self.moc.text()))
        self.stop.clicked.connect(self.presenter.cancel)
        self.alarm.activated.connect(self._choose)
        self.days.activated.connect(self._choose)
        for field in (self.reason, *self.fields.values()):
            field.textChanged.connect(self._update_apply)

    def _texts(self) -> dict[str, str]:
        return {name: field.text() for name, field in self.fields.items()}

    def _choose(self) -> None:
        self.presenter.choose(self.alarm.currentIndex(), self.days.currentData())

    def _show(self, state: WhatIfState) -> None:
        if self.alarm.count() != len(state.alarms):
            self.alarm.clear()
            self.alarm.addItems([" ".join((state.tag, kind, kind_word(kind), label)) for kind, label in state.alarms])
        self.alarm.setCurrentIndex(state.chosen)
        running = state.share is not None
        self.progress.setVisible(running)
        self.stop.setVisible(running)
        self.progress.setValue(round(100 * (state.share or 0.0)))
        if state.fields is not None and state.filled != self._filled:
            self._filled = state.filled
            for name, field in self.fields.items():
                field.setText(state.fields[name])
        self.verdict.setText(state.verdict)
        for cells, line in zip(self.cells, state.lines, strict=False):
            for cell, text in zip(cells, (tr(line.title), line.before, line.after), strict=True):
                cell.setText(text)
        self.canvas.show_plot(state.plot)
        self.problem.setText(state.problem or state.saved)
        self.problem.setVisible(bool(self.problem.text()))
        for button in (self.compute, self.suggest):
            button.setEnabled(not running)
        if state.saved:
            self.reason.clear()
        self._update_apply()

    def _update_apply(self) -> None:
        state = self.presenter.state
        reason = ""
        if state.tried != self._texts() or state.share is not None:
            reason = tr("Compute something that differs first.")
        elif not self.reason.text().strip():
            reason = tr("Give the reason for the change.")
        self.apply.setEnabled(not reason)
        self.apply.setToolTip(reason)

    def reject(self) -> None:
        """Esc, or the window is closed."""
        if self.presenter.state.share is not None:
            self.presenter.cancel()
        else:
            super().reject()
