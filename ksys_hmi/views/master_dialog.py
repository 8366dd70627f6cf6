"""The dialog of one alarm's record: every field, the priority as it follows, what is wrong beside its field."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ksys_core.domain.alarms.master import FIELDS, Field
from ksys_core.i18n import tr
from ksys_hmi import fonts
from ksys_hmi.presenters.master_edit import FORM, EditSession

Spawn = Callable[[Coroutine[Any, Any, None], str], object]
_LONG_PX: Final = 58
_SIZE: Final = (1440, 900)
_TAGGED: Final = ("tag", "reference_tag")


class MasterDialog(QDialog):
    """Stays open until the change has come through: nothing that was typed is lost. Ctrl+Enter applies.

    Esc closes; when something was typed, only the second one does.
    """

    def __init__(self, parent: QWidget, session: EditSession, spawn: Spawn) -> None:
        super().__init__(parent)
        self._session = session
        self._spawn = spawn
        self._sure = False
        self.setWindowTitle(tr("Edit: {alarm}", alarm=session.title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fields: dict[str, QWidget] = {}
        self.wrong: dict[str, QLabel] = {}
        self.priority, self.problem = QLabel(), QLabel()
        self.reason, self.moc = QLineEdit(), QLineEdit()
        self.apply, self.cancel = QPushButton(tr("Apply")), QPushButton(tr("Cancel"))
        for label in (self.priority, self.problem):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.priority.setFont(fonts.value(bold=True))
        self._lay_out()
        self._texts = self.texts()
        self._connect()
        self._show_priority()
        self.resize(fonts.px(_SIZE[0]), fonts.px(_SIZE[1]))
        self.fields["tag" if "tag" not in session.fixed else "limit"].setFocus()

    def _lay_out(self) -> None:
        sheet = QWidget()
        columns = QHBoxLayout(sheet)
        columns.setSpacing(fonts.px(24))
        short = [field for field in FIELDS if field.kind != "long"]
        half = (len(short) + 1) // 2
        for part in (short[:half], short[half:], [field for field in FIELDS if field.kind == "long"]):
            columns.addLayout(self._column(part), 2 if part[0].kind == "long" else 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(sheet)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        below = QHBoxLayout()
        for text, field, name in (
            (tr("Reason for the change"), self.reason, "reason"),
            (tr("MOC of this change"), self.moc, "moc"),
        ):
            field.setAccessibleName(text)
            below.addWidget(QLabel(text))
            below.addWidget(field, 2 if name == "reason" else 1)
        below.addWidget(self.apply)
        below.addWidget(self.cancel)
        self.cancel.setAutoDefault(False)
        self.apply.setToolTip("Ctrl+Enter")
        layout = QVBoxLayout(self)
        layout.addWidget(self.priority)
        layout.addWidget(area, 1)
        layout.addWidget(self.problem)
        layout.addLayout(below)

    def _column(self, part: list[Field]) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for field in part:
            row = grid.rowCount()
            widget = self._widget(field)
            unit = self._session.unit if field.name in ("limit", "dead_band") else ""
            label = QLabel(f"{tr(field.title)} ({unit})" if unit else tr(field.title))
            label.setBuddy(widget)
            widget.setAccessibleName(tr(field.title))
            wrong = QLabel()
            wrong.setWordWrap(True)
            wrong.setTextFormat(Qt.TextFormat.PlainText)
            wrong.setFont(fonts.label(bold=True))
            wrong.hide()
            grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(widget, row, 1)
            grid.addWidget(wrong, row + 1, 0, 1, 2)
            self.fields[field.name], self.wrong[field.name] = widget, wrong
        grid.setRowStretch(grid.rowCount(), 1)
        return grid

    def _widget(self, field: Field) -> QWidget:
        text, fixed = self._session.texts[field.name], field.name in self._session.fixed
        if field.kind == "flag":
            box = QCheckBox()
            box.setChecked(text == "true")
            return box
        if field.kind == "choice":
            combo = QComboBox()
            for value, word in field.choices:
                combo.addItem(tr(word), value)
            combo.setCurrentIndex(combo.findData(text))
            combo.setEnabled(not fixed)
            return combo
        if field.kind == "long":
            page = QPlainTextEdit(text)
            page.setTabChangesFocus(True)
            page.setFixedHeight(fonts.px(_LONG_PX))
            return page
        line = QLineEdit(text)
        line.setReadOnly(fixed)
        if field.name in _TAGGED and not fixed:
            completer = QCompleter(self._session.tags, line)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            line.setCompleter(completer)
        return line

    def _connect(self) -> None:
        self.apply.clicked.connect(self._apply)
        self.cancel.clicked.connect(self.close)
        QShortcut(QKeySequence("Ctrl+Return"), self).activated.connect(self._apply)
        for name in ("severity", "response_s", "action_en", "action_ko"):
            widget = self.fields[name]
            if isinstance(widget, QComboBox):
                widget.currentIndexChanged.connect(self._show_priority)
            elif isinstance(widget, QLineEdit | QPlainTextEdit):
                widget.textChanged.connect(self._show_priority)

    def texts(self) -> dict[str, str]:
        """What stands in the fields."""
        return {name: _text(widget) for name, widget in self.fields.items()}

    def _show_priority(self) -> None:
        self.priority.setText(self._session.priority(self.texts()))

    def _apply(self) -> None:
        if not self.apply.isEnabled():
            return
        self.apply.setEnabled(False)

        async def work() -> None:
            found = await self._session.save(self.texts(), self.reason.text(), self.moc.text())
            self.apply.setEnabled(True)
            if found:
                self.show_problems(found)
            else:
                self._sure = True
                self.accept()

        self._spawn(work(), "change an alarm")

    def show_problems(self, found: dict[str, str]) -> None:
        """Say what is wrong beside its field, and go to the first of them."""
        for name, label in self.wrong.items():
            label.setText(f"▲ {found[name]}" if name in found else "")
            label.setVisible(name in found)
        elsewhere = [text for name, text in found.items() if name not in self.wrong]
        count = tr.plural("{n} field is not right yet.", "{n} fields are not right yet.", len(found) - len(elsewhere))
        self.problem.setText(" ".join(elsewhere) or count)
        places = {**self.fields, "reason": self.reason, FORM: self.reason}
        first = next((places[name] for name in (*self.fields, "reason", FORM) if name in found), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    def reject(self) -> None:
        """Esc: what was typed is given up only when asked for twice."""
        if self._sure or self.texts() == self._texts:
            super().reject()
            return
        self._sure = True
        self.problem.setText(tr("Press Esc again to give up what you have changed."))


def _text(widget: QWidget) -> str:
    if isinstance(widget, QCheckBox):
        return "true" if widget.isChecked() else "false"
    if isinstance(widget, QComboBox):
        return str(widget.currentData())
    if isinstance(widget, QPlainTextEdit):
        return widget.toPlainText()
    assert isinstance(widget, QLineEdit)
    return widget.text()
