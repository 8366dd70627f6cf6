"""A question before something is lost for good."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from ksys_core.i18n import tr
from ksys_hmi import fonts


class QuestionDialog(QDialog):
    """Says what would be done, and to what; Enter and Esc leave it undone, the button named `yes` does it."""

    def __init__(self, parent: QWidget, question: str, yes: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(yes)
        text = QLabel(question)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.yes = buttons.addButton(yes, QDialogButtonBox.ButtonRole.AcceptRole)
        self.yes.setAutoDefault(False)
        self.no = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self.no.setText(tr("Cancel"))
        self.no.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(text)
        column.addWidget(buttons)
        self.setMinimumWidth(fonts.px(460))
        self.setAccessibleName(question)
        self.no.setFocus()
