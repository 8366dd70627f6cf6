"""Files: asking for one without blocking (what follows gets the path), and the strip of an export that runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from ksys_core.i18n import tr
from ksys_hmi import fonts
from ksys_hmi.presenters.file_export import ExportState, FileExport

Then = Callable[[Path], None]


def ask_where(parent: QWidget, title: str, name: str, kinds: str, then: Then) -> QFileDialog:
    """Ask where to save; `name` is proposed, `kinds` are Qt's filters (``Pages (*.html);;Workbooks (*.xlsx)``).

    A name without an ending gets that of the kind that is chosen.
    """
    dialog = QFileDialog(parent, title, str(Path.home() / name), kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix((Path(name).suffix or _ending(kinds)).removeprefix("."))
    dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(_ending(chosen).removeprefix(".")))
    return _opened(dialog, then)


def ask_which(parent: QWidget, title: str, kinds: str, then: Then) -> QFileDialog:
    """Ask for a file that exists."""
    dialog = QFileDialog(parent, title, str(Path.home()), kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return _opened(dialog, then)


def table_kinds() -> str:
    """Qt's filters of the two kinds of tables."""
    return ";;".join((tr("CSV files (*.csv)"), tr("Excel workbooks (*.xlsx)")))


def _ending(kinds: str) -> str:
    """The first ending that Qt's filters name."""
    found = re.search(r"\*(\.\w+)", kinds)
    return found[1] if found else ""


def _opened(dialog: QFileDialog, then: Then) -> QFileDialog:
    dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog


class ExportStrip(QWidget):
    """Progress of an export with its cancel button, then its outcome."""

    def __init__(self, export: FileExport) -> None:
        super().__init__()
        self.label, self.bar, self.cancel_button = QLabel(), QProgressBar(), QPushButton(tr("Close"))
        self.bar.setRange(0, 100)
        row = QHBoxLayout(self)
        row.setContentsMargins(fonts.px(8), 0, fonts.px(8), fonts.px(4))
        row.addWidget(self.label)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel_button)
        row.addStretch(1)
        self._export = export
        self.cancel_button.clicked.connect(self._on_button)
        export.changed.connect(self.show_state)
        self.hide()

    def _on_button(self) -> None:
        if self._export.state.share is not None:
            self._export.cancel()
        else:
            self.hide()

    def show_state(self, state: ExportState) -> None:
        """Progress, or the outcome until it is closed."""
        running = state.share is not None
        self.setVisible(running or bool(state.message))
        self.bar.setVisible(running)
        self.bar.setValue(round(100 * (state.share or 0.0)))
        self.label.setText(tr(self._export.running) if running else state.message)
        self.cancel_button.setText(tr("Cancel") if running else tr("Close"))
