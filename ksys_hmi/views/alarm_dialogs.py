"""Dialogs of the alarm desk: a reason, and for a shelf its time. Everything by keys, nothing modal to the loop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ksys_core.i18n import N_, tr

QUICK_REASONS: Final = (
    N_("Nuisance alarm, cause known"),
    N_("Work in progress on the equipment"),
    N_("Instrument fault reported"),
    N_("Start-up or shutdown"),
    N_("Test"),
)
SHELF_TIMES: Final[tuple[tuple[str, int | None], ...]] = (
    (N_("15 minutes"), 15 * 60),
    (N_("30 minutes"), 30 * 60),
    (N_("1 hour"), 3600),
    (N_("4 hours"), 4 * 3600),
    (N_("8 hours"), 8 * 3600),
    (N_("12 hours"), 12 * 3600),
    (N_("Until it returns to normal"), None),
)
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person gave: the reason, for a shelf the seconds (None: until the return to normal),
    for work on the equipment the permit and the seconds until its review."""

    reason: str
    seconds: int | None = None
    permit: str = ""


class ReasonDialog(QDialog):
    """Asks for a reason, which may be chosen from the quick ones or typed."""

    def __init__(self, parent: QWidget, title: str, quick: tuple[str, ...] = QUICK_REASONS) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.column = QVBoxLayout(self)
        self.column.addWidget(QLabel(title))
        self.reason = QComboBox()
        self.reason.setEditable(True)
        self.reason.addItems([tr(text) for text in quick])
        self.reason.setAccessibleName(tr("Reason"))
        field = self.reason.lineEdit()
        assert field is not None
        field.setMaxLength(_LONGEST)
        self.reason.setCurrentIndex(0 if quick else -1)
        self.column.addWidget(QLabel(tr("Reason")))
        self.column.addWidget(self.reason)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("OK"))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.column.addWidget(buttons)
        self.setMinimumWidth(460)

    def answer(self) -> Answer:
        """What was given; meaningful once accepted."""
        return Answer(self.reason.currentText().strip())


class ShelveDialog(ReasonDialog):
    """Asks for the time as well: keys 1 to 6 choose it and shelve at once, with the reason that stands there."""

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent, title)
        self.times = QListWidget()
        self.times.setAccessibleName(tr("Time"))
        for n, (text, _seconds) in enumerate(SHELF_TIMES, start=1):
            self.times.addItem(f"{n}  {tr(text)}")
        self.times.setCurrentRow(0)
        self.times.itemActivated.connect(lambda _item: self.accept())
        self.column.insertWidget(1, self.times)
        for row in range(len(SHELF_TIMES)):
            key = QShortcut(QKeySequence(str(row + 1)), self.times, context=Qt.ShortcutContext.WidgetShortcut)
            key.activated.connect(partial(self._choose, row))
        self.times.setFocus()

    def answer(self) -> Answer:
        return Answer(super().answer().reason, SHELF_TIMES[self.times.currentRow()][1])

    def _choose(self, row: int) -> None:
        self.times.setCurrentRow(row)
        self.accept()


class ServiceDialog(ReasonDialog):
    """Asks for the work permit and the days until the removal from service is reviewed."""

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent, title)
        self.permit = QLineEdit()
        self.permit.setMaxLength(200)
        self.permit.setAccessibleName(tr("Permit number"))
        self.days = QSpinBox()
        self.days.setRange(1, 90)
        self.days.setValue(7)
        self.days.setSuffix(" " + tr("days"))
        self.days.setAccessibleName(tr("Review in"))
        for place, widget in ((1, self.permit), (3, self.days)):
            self.column.insertWidget(place, QLabel(widget.accessibleName()))
            self.column.insertWidget(place + 1, widget)
        self.permit.setFocus()

    def answer(self) -> Answer:
        return Answer(super().answer().reason, self.days.value() * 86_400, self.permit.text().strip())
