"""What a training job has done, and its log."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from ksys_core.i18n import tr
from ksys_hmi import fonts
from ksys_hmi.models.model_rows import step_rows
from ksys_hmi.presenters.models import JobDetails
from ksys_hmi.widgets.row_table import RowTable


class JobDialog(QDialog):
    """Results above, the log below; Esc closes."""

    def __init__(self, parent: QWidget, details: JobDetails) -> None:
        super().__init__(parent)
        title = tr("Training job {job}", job=details.job.job_id)
        self.setWindowTitle(title)
        self.steps = RowTable(step_rows(), 8)
        self.steps.setAccessibleName(tr("Results"))
        self.steps.model().show_rows(details.steps)
        self.log = QPlainTextEdit(details.log)
        self.log.setReadOnly(True)
        self.log.setAccessibleName(tr("Log"))
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setText(tr("Close"))
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(QLabel(f"{title}: {', '.join(details.job.tags)}"))
        column.addWidget(self.steps, 2)
        column.addWidget(QLabel(tr("Log")))
        column.addWidget(self.log, 1)
        column.addWidget(buttons)
        self.resize(fonts.px(1100), fonts.px(640))
