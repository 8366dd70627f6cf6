"""Dialogs of the master table: what a file would change, the history of an alarm, the priority matrix."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ksys_core.domain.alarms.master import SEVERITY_WORDS, MasterRecord
from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.models.master_rows import band_words
from ksys_hmi.models.master_sheets import diff_model, history_model
from ksys_hmi.models.rows import RowsModel
from ksys_hmi.presenters.alarm_master import HistoryEntry, MasterDiff, PriorityMatrix
from ksys_hmi.widgets.row_table import RowTable

Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[None]"]
RowT = TypeVar("RowT")
_SIZE: Final = (1280, 720)
_PRIORITIES: Final = ("-", "1", "2", "3", "4")


class Sheet(QDialog):
    """A dialog that changes something with a reason and a MOC number; it stays open until that has come through."""

    def __init__(self, parent: QWidget, title: str, spawn: Spawn, apply_text: str) -> None:
        super().__init__(parent)
        self._spawn = spawn
        self._task: asyncio.Task[None] | None = None
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.column = QVBoxLayout(self)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setAccessibleName(tr("Progress"))
        self.progress.hide()
        self.reason, self.moc = QLineEdit(), QLineEdit()
        self.apply, self.cancel = QPushButton(apply_text), QPushButton(tr("Cancel"))
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        for text, field in ((tr("Reason for the change"), self.reason), (tr("MOC of this change"), self.moc)):
            field.setAccessibleName(text)
            row.addWidget(QLabel(text))
            row.addWidget(field, 1)
        row.addWidget(self.apply)
        row.addWidget(self.cancel)
        self.column.addWidget(self.problem)
        self.column.addWidget(self.progress)
        self.column.addLayout(row)

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        """Place a widget above the reason."""
        self.column.insertWidget(self.column.count() - 3, widget, stretch)

    def show_share(self, share: float) -> None:
        """How much is done, 0 to 1."""
        self.progress.setValue(round(100 * share))
        self.progress.show()

    def run(self, work: Callable[[str, str], Awaitable[str]]) -> None:
        """Do it, with reason and MOC number; say why not, or close. Cancel stops it, and nothing is changed."""
        self.apply.setEnabled(False)
        self.problem.setText(tr("Applying … Cancel leaves everything as it was."))

        async def done() -> None:
            self.problem.setText(await work(self.reason.text(), self.moc.text()))
            self.progress.hide()
            self.apply.setEnabled(True)
            if not self.problem.text():
                self.accept()

        self._task = self._spawn(done(), "master alarms")

    def reject(self) -> None:
        if self._task is not None:
            self._task.cancel()
        super().reject()


class ImportDialog(Sheet):
    """A dry run's result, row by row; applied as a whole, or not at all where a row is wrong."""

    def __init__(
        self,
        parent: QWidget,
        name: str,
        diff: MasterDiff,
        spawn: Spawn,
        work: Callable[[str, str, Callable[[float], None]], Awaitable[str]],
    ) -> None:
        super().__init__(parent, tr("Import {file}", file=name), spawn, tr("Apply all"))
        self.summary = QLabel(_summary(diff))
        self.summary.setFont(fonts.value(bold=True))
        self.table = RowTable(diff_model(), 4)
        self.table.setAccessibleName(tr("Differences"))
        self.table.model().show_rows(tuple(row for row in diff.rows if row.status != "unchanged"))
        self.add(self.summary)
        self.add(self.table, 1)
        self.resize(fonts.px(_SIZE[0]), fonts.px(_SIZE[1]))
        self.reason.setText(tr("Import of {file}", file=name))
        blocked = diff.count("wrong") > 0 or not diff.wanted
        self.apply.setEnabled(not blocked)
        self.apply.clicked.connect(lambda: self.run(lambda reason, moc: work(reason, moc, self.show_share)))
        if diff.count("wrong"):
            self.problem.setText(
                tr("Nothing is applied while rows are wrong: correct them in the file and import it again.")
            )
        elif blocked:
            self.problem.setText(tr("The file changes nothing."))
        self.table.setFocus()


class HistoryDialog(QDialog):
    """Every change of one alarm; an engineer takes earlier values into the edit dialog and looks before applying."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        entries: Sequence[tuple[HistoryEntry, MasterRecord | None]],
        zone: ZoneInfo,
        restore: Callable[[MasterRecord], None] | None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("History of {alarm}", alarm=title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._restore = restore
        self.table = _table(history_model(zone), 5, tr("History of {alarm}", alarm=title))
        self.table.model().show_rows(tuple(entries))
        self.restore = QPushButton(tr("Restore the earlier values …"))
        close = QPushButton(tr("Close"))
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        self.restore.clicked.connect(self._take)
        self.table.row_changed.connect(self._update)
        row = QHBoxLayout()
        row.addWidget(self.restore)
        row.addStretch(1)
        row.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table, 1)
        layout.addLayout(row)
        self.resize(fonts.px(_SIZE[0]), fonts.px(_SIZE[1]))
        if entries:
            self.table.setCurrentIndex(self.table.model().index(0, 0))
        self._update()
        self.table.setFocus()

    def _update(self) -> None:
        chosen = self.table.current
        self.restore.setEnabled(self._restore is not None and chosen is not None and chosen[1] is not None)

    def _take(self) -> None:
        chosen = self.table.current
        if chosen is not None and chosen[1] is not None and self._restore is not None:
            self.accept()
            self._restore(chosen[1])


class MatrixDialog(Sheet):
    """Priorities by severity and time to respond; a change gives every derived priority anew."""

    def __init__(
        self,
        parent: QWidget,
        matrix: PriorityMatrix,
        spawn: Spawn,
        work: Callable[[dict[str, list[str]], list[str], str, str], Awaitable[str]],
        *,
        editable: bool,
    ) -> None:
        super().__init__(parent, tr("Priority matrix"), spawn, tr("Apply"))
        self.cells: dict[str, list[QComboBox]] = {}
        self.minutes = [QLineEdit(f"{bound / 60:g}") for bound in matrix.bounds_s]
        sheet = QWidget()
        grid = QGridLayout(sheet)
        grid.addWidget(QLabel(tr("Bounds of the time to respond (min)")), 0, 0)
        for column, field in enumerate(self.minutes, 1):
            field.setAccessibleName(tr("Bounds of the time to respond (min)"))
            field.setReadOnly(not editable)
            grid.addWidget(field, 0, column)
        for column, text in enumerate(band_words(matrix), 1):
            grid.addWidget(QLabel(text), 1, column)
        for row, (severity, word) in enumerate(SEVERITY_WORDS.items(), 2):
            grid.addWidget(QLabel(tr("{severity} consequence", severity=tr(word))), row, 0)
            self.cells[severity] = [_priority_box(p, tr(word), editable) for p in matrix.row(severity)]
            for column, box in enumerate(self.cells[severity], 1):
                grid.addWidget(box, row, column)
        self.add(sheet)
        note = QLabel(tr("Below the shortest time nobody can act: such a point is an interlock, not an alarm."))
        note.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.add(note)
        self.apply.setEnabled(editable)
        self.apply.clicked.connect(lambda: self.run(lambda reason, moc: work(*self.typed(), reason, moc)))

    def typed(self) -> tuple[dict[str, list[str]], list[str]]:
        """Priorities by severity, and the bounds in minutes, as they stand in the fields."""
        cells = {severity: [str(box.currentData()) for box in boxes] for severity, boxes in self.cells.items()}
        return cells, [field.text() for field in self.minutes]


def _priority_box(priority: int | None, severity: str, editable: bool) -> QComboBox:
    box = QComboBox()
    for each in _PRIORITIES:
        box.addItem(tr(N_("none")) if each == "-" else f"P{each}", each)
    box.setCurrentIndex(box.findData("-" if priority is None else str(priority)))
    box.setAccessibleName(tr("{severity} consequence", severity=severity))
    box.setEnabled(editable)
    return box


def _summary(diff: MasterDiff) -> str:
    return tr(
        "{added} added, {changed} changed, {unchanged} unchanged, {wrong} wrong; {untouched} not in the file stay",
        added=diff.count("added"),
        changed=diff.count("changed"),
        unchanged=diff.count("unchanged"),
        wrong=diff.count("wrong"),
        untouched=diff.untouched,
    )


def _table(model: RowsModel[RowT], stretch: int, name: str) -> RowTable[RowT]:
    table = RowTable(model, stretch)
    table.setAccessibleName(name)
    return table
