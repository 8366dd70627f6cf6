"""What is shown until the first connection: the steps of the start, with what is done and what failed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from ksys_core.i18n import tr
from ksys_hmi import fonts
from ksys_hmi.progress import Progress, StepState

_MARKS = {StepState.WAITING: "·", StepState.RUNNING: "▸", StepState.DONE: "✓", StepState.FAILED: "✗"}


class StartUpView(QWidget):
    """A list of steps and a bar of how many are done."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._title, self._steps, self._problem = QLabel(), QLabel(), QLabel()
        self._title.setFont(fonts.key_value())
        self._steps.setFont(fonts.value())
        self._steps.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setFont(fonts.value(bold=True))
        self._problem.setWordWrap(True)
        self._bar = QProgressBar()
        self._bar.setMaximumWidth(fonts.px(720))
        self._bar.setTextVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(fonts.px(80), fonts.px(80), fonts.px(80), fonts.px(80))
        column.setSpacing(fonts.px(18))
        for widget in (self._title, self._steps, self._bar, self._problem):
            column.addWidget(widget)
        column.addStretch(1)
        progress.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        steps = self._progress.steps
        self._title.setText(tr("Starting"))
        self._steps.setText(
            "\n".join(f"{_MARKS[step.state]}  {tr(step.title)}  {step.detail}".rstrip() for step in steps)
        )
        self._bar.setAccessibleName(tr("Steps done"))
        self._bar.setRange(0, max(1, len(steps)))
        self._bar.setValue(sum(step.state is StepState.DONE for step in steps))
        self._problem.setText(self._progress.problem)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()
