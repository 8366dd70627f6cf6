"""Dialogs of the alarm desk: a reason, and for a shelf its time. Everything by keys, nothing modal to the loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ksys_core.domain.times import SECOND
from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.models.time_ticks import span_text
from ksys_hmi.widgets.item_list import ItemList

QUICK_REASONS: Final = (
    N_("Nuisance alarm, cause known"),
    N_("Work in progress on the equipment"),
    N_("Instrument fault reported"),
    N_("Start-up or shutdown"),
    N_("Test"),
)
QUICK_NOTES: Final = (
    N_("Seen, watching it"),
    N_("Field operator is on the way"),
    N_("Corrective action started"),
    N_("Corrective action done"),
    N_("Maintenance informed"),
    N_("Expected, work in progress"),
    N_("Instrument doubtful"),
    N_("Same cause as another alarm"),
    N_("Handed over to the next shift"),
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
_ROW_PX: Final = 28


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person gave: the reason, for a shelf the seconds (None: until the return to normal),
    for work on the equipment the permit and the seconds until its review."""

    reason: str
    seconds: int | None = None
    permit: str = ""


def _numbered(name: str, texts: tuple[str, ...]) -> ItemList:
    """A list whose rows are chosen by their digits."""
    made = ItemList()
    made.setAccessibleName(name)
    made.addItems([f"{n}  {tr(text)}" for n, text in enumerate(texts, start=1)])
    made.setFixedHeight(fonts.px(_ROW_PX) * len(texts) + 6)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return made


class ReasonDialog(QDialog):
    """Asks for a reason: a digit in the list of quick ones takes it at once, or it is typed below.

    What is needed and not yet there stands above a greyed OK.
    """

    def __init__(
        self,
        parent: QWidget,
        title: str,
        quick: tuple[str, ...] = QUICK_REASONS,
        *,
        first: bool = True,
        needed: bool = True,
    ) -> None:
        """`first`: the first quick reason stands there already; `needed`: it may not be empty."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self._quick = quick
        self._needed = needed
        self.column = QVBoxLayout(self)
        heading = QLabel(title)
        heading.setTextFormat(Qt.TextFormat.PlainText)
        heading.setWordWrap(True)
        self.column.addWidget(heading)
        self.reason = QLineEdit(tr(quick[0]) if quick and first else "")
        self.reason.setAccessibleName(tr("Reason"))
        self.reason.setMaxLength(_LONGEST)
        self.quick = _numbered(tr("Quick reasons"), quick)
        self.quick.itemSelectionChanged.connect(lambda: self.take(self.quick.currentRow()))
        self.quick.itemActivated.connect(lambda _item: self.accept())
        self.column.addWidget(QLabel(tr("Reason")))
        if quick:
            self.column.addWidget(self.quick)
            _digits(self.quick, len(quick), self.choose)
        self.column.addWidget(self.reason)
        self.lacking = QLabel()
        self.column.addWidget(self.lacking)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(tr("OK"))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.column.addWidget(buttons)
        self.setMinimumWidth(fonts.px(460))
        self.reason.textChanged.connect(self.look)
        (self.quick if quick else self.reason).setFocus()

    def missing(self) -> str:
        """What is still to be given; empty: nothing."""
        return tr("Please give a reason.") if self._needed and not self.reason.text().strip() else ""

    def look(self) -> None:
        """Say what is missing; OK works once nothing is."""
        missing = self.missing()
        self.lacking.setText(missing)
        self.lacking.setVisible(bool(missing))
        self.ok.setEnabled(not missing)

    def showEvent(self, event: QShowEvent) -> None:
        self.look()
        super().showEvent(event)

    def accept(self) -> None:
        """Nothing happens while something is missing: what was given stays."""
        if not self.missing():
            super().accept()

    def answer(self) -> Answer:
        """What was given; meaningful once accepted."""
        return Answer(self.reason.text().strip())

    def choose(self, row: int) -> None:
        """The quick reason number `row` is the answer."""
        self.take(row)
        self.accept()

    def take(self, row: int) -> None:
        """Write the quick reason number `row` into the field."""
        if row >= 0:
            self.reason.setText(tr(self._quick[row]))


class ShelveDialog(ReasonDialog):
    """Asks for the time as well: its digit shelves at once, with the reason that stands there.

    Times beyond `longest_s` cannot be chosen; each keeps its digit.
    """

    def __init__(self, parent: QWidget, title: str, longest_s: float) -> None:
        super().__init__(parent, title)
        self.times = _numbered(tr("Time"), tuple(text for text, _seconds in SHELF_TIMES))
        for row, (_text, seconds) in enumerate(SHELF_TIMES):
            if seconds is None:
                once = self.times.item(row)
                most = tr("at most {span}", span=span_text(round(longest_s * SECOND)))
                once.setText(f"{once.text()} ({most})")
            elif seconds > longest_s:
                self.times.item(row).setFlags(Qt.ItemFlag.NoItemFlags)
                self.times.item(row).setToolTip(tr("Longer than the definition of the alarm allows."))
        self.times.setCurrentRow(0 if self._may(0) else len(SHELF_TIMES) - 1)
        self.times.itemActivated.connect(lambda _item: self.accept())
        self.column.insertWidget(1, self.times)
        _digits(self.times, len(SHELF_TIMES), self._choose_time)
        self.times.setFocus()

    def answer(self) -> Answer:
        return Answer(super().answer().reason, SHELF_TIMES[self.times.currentRow()][1])

    def choose(self, row: int) -> None:
        """A digit in the reasons fills in the reason; the time is still to be chosen."""
        self.take(row)
        self.times.setFocus()

    def _may(self, row: int) -> bool:
        return bool(self.times.item(row).flags() & Qt.ItemFlag.ItemIsEnabled)

    def _choose_time(self, row: int) -> None:
        if self._may(row):
            self.times.setCurrentRow(row)
            self.accept()


class ServiceDialog(ReasonDialog):
    """Asks for the work permit and the days until the removal from service is reviewed."""

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent, title)
        self.permit = QLineEdit()
        self.permit.setMaxLength(200)
        self.permit.setAccessibleName(tr("Permit number"))
        self.permit.textChanged.connect(self.look)
        self.days = QSpinBox()
        self.days.setRange(1, 90)
        self.days.setValue(7)
        self.days.setSuffix(" " + tr("days"))
        self.days.setAccessibleName(tr("Review in"))
        for place, widget in ((1, self.permit), (3, self.days)):
            self.column.insertWidget(place, QLabel(widget.accessibleName()))
            self.column.insertWidget(place + 1, widget)
        self.permit.setFocus()

    def missing(self) -> str:
        return super().missing() if self.permit.text().strip() else tr("Please give the number of the work permit.")

    def answer(self) -> Answer:
        return Answer(super().answer().reason, self.days.value() * 86_400, self.permit.text().strip())

    def choose(self, row: int) -> None:
        """A digit in the reasons fills in the reason; permit and days are still to be given."""
        self.take(row)


class NameDialog(QDialog):
    """Asks for the name under which something is kept."""

    def __init__(self, parent: QWidget, title: str, name: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.name = QLineEdit(name)
        self.name.setMaxLength(60)
        self.name.setAccessibleName(tr("Name"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setText(tr("OK"))
        ok.setEnabled(bool(name))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.name.textChanged.connect(lambda text: ok.setEnabled(bool(text.strip())))
        column = QVBoxLayout(self)
        column.addWidget(QLabel(tr("Name")))
        column.addWidget(self.name)
        column.addWidget(buttons)
        self.setMinimumWidth(fonts.px(380))

    def answer(self) -> str:
        return self.name.text().strip()


def _digits(view: ItemList, count: int, chosen: Callable[[int], None]) -> None:
    """Digits 1, 2, … choose a row of `view` while it has the focus."""
    for row in range(min(count, 9)):
        key = QShortcut(QKeySequence(str(row + 1)), view, context=Qt.ShortcutContext.WidgetShortcut)
        key.activated.connect(partial(chosen, row))
