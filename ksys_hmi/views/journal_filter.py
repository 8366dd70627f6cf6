"""The filter over the alarm journal: period, words, tag, area, priorities, event, kind of alarm, person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ksys_core.areas import area_title
from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.alarm_words import EVENTS, KINDS
from ksys_hmi.presenters.alarm_journal import CUSTOM, JournalChoice, JournalState

SPANS: Final[tuple[tuple[str, int | None], ...]] = (
    (N_("Last hour"), 3600),
    (N_("Last 6 hours"), 6 * 3600),
    (N_("Last 24 hours"), 24 * 3600),
    (N_("Last 7 days"), 7 * 86_400),
    (N_("Last 30 days"), 30 * 86_400),
    (N_("All"), None),
    (N_("From … to …"), CUSTOM),
)
DEFAULT_SPAN: Final = 2
_MONTH: Final = 4
_GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (N_("All events"), ()),
    (N_("Alarms and their returns"), ("ACT", "RTN", "RALM")),
    (
        N_("What people did"),
        ("ACK", "UNACK", "CFRM", "SIL", "RESET", "SHLV", "UNSHLV", "OOS", "INSRV", "CMNT", "ATTR"),
    ),
)
_EVENT_CHOICES: Final = (*_GROUPS, *((text, (kind,)) for kind, text in EVENTS.items()))
_KIND_CHOICES: Final = ((N_("All kinds of alarm"), ""), *((text, kind) for kind, text in KINDS.items()))
_PRIORITIES: Final = (1, 2, 3, 4)
_MOMENT: Final = "2026-11-23 16:30"


class JournalFilterBar(QWidget):
    """Two rows of controls; whatever changes, `chosen` tells the whole choice. Words and times count with Enter."""

    chosen = Signal(object)
    """`JournalChoice`"""

    def __init__(self) -> None:
        super().__init__()
        self.search, self.start, self.stop = QLineEdit(), QLineEdit(), QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.span, self.tag, self.area = QComboBox(), _typed(), QComboBox()
        self.event_kind, self.alarm_kind, self.actor = QComboBox(), QComboBox(), QComboBox()
        self.priorities = {n: QToolButton() for n in _PRIORITIES}
        self.clear = QPushButton()
        self._offered: dict[QComboBox, tuple[str, ...]] = {}
        for _text, seconds in SPANS:
            self.span.addItem("", seconds)
        for _name, kinds in _EVENT_CHOICES:
            self.event_kind.addItem("", kinds)
        for _name, kind in _KIND_CHOICES:
            self.alarm_kind.addItem("", kind)
        self.span.setCurrentIndex(DEFAULT_SPAN)
        self._lay_out()
        self._connect()
        self.retranslate()
        self._on_span()

    def _lay_out(self) -> None:
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.search, 1)
        for widget in (self.span, self.start, self.stop):
            above.addWidget(widget)
        above.addStretch(1)
        for combo in (self.tag, self.area):
            combo.setMinimumWidth(fonts.px(220))
            below.addWidget(combo)
        for n, button in self.priorities.items():
            button.setCheckable(True)
            button.setText(f"P{n}")
            below.addWidget(button)
        for combo in (self.event_kind, self.alarm_kind, self.actor):
            below.addWidget(combo)
        below.addWidget(self.clear)
        below.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(above)
        column.addLayout(below)

    def _connect(self) -> None:
        for field in (self.search, self.start, self.stop):
            field.returnPressed.connect(self._tell)
        self.search.textChanged.connect(lambda text: None if text else self._tell())
        self.span.currentIndexChanged.connect(self._on_span)
        for combo in (self.area, self.event_kind, self.alarm_kind, self.actor):
            combo.currentIndexChanged.connect(self._tell)
        typed = self.tag.lineEdit()
        assert typed is not None
        typed.returnPressed.connect(self._tell)
        self.tag.textActivated.connect(lambda _text: self._tell())
        typed.textChanged.connect(lambda text: None if text else self._tell())
        for button in self.priorities.values():
            button.toggled.connect(self._tell)
        self.clear.clicked.connect(self.reset)

    @property
    def choice(self) -> JournalChoice:
        """What the controls say."""
        return JournalChoice(
            text=self.search.text().strip(),
            span_s=self.span.currentData(),
            start=self.start.text(),
            stop=self.stop.text(),
            tag=self.tag.currentText().strip(),
            area=self.area.currentData() or "",
            priorities=frozenset(n for n, button in self.priorities.items() if button.isChecked()),
            kinds=tuple(self.event_kind.currentData()),
            alarm_kind=self.alarm_kind.currentData(),
            actor=self.actor.currentData() or "",
        )

    def reset(self) -> None:
        """Everything but the period back to any."""
        self.blockSignals(True)
        self.search.clear()
        self.tag.setCurrentText("")
        for combo in (self.area, self.event_kind, self.alarm_kind, self.actor):
            combo.setCurrentIndex(0)
        for button in self.priorities.values():
            button.setChecked(False)
        self.blockSignals(False)
        self._tell()

    def search_for(self, text: str) -> None:
        """Look for words in the last 30 days, whatever else was chosen."""
        self.blockSignals(True)
        self.reset()
        self.search.setText(text)
        self.span.setCurrentIndex(_MONTH)
        self.blockSignals(False)
        self._tell()

    def offer(self, state: JournalState) -> None:
        """Fill the lists of tags, areas and persons; what is chosen stays."""
        self._fill(self.tag, state.tags, ((tag, tag) for tag in ("", *state.tags)))
        areas = ((tr("All areas"), ""), *((area_title(area), area) for area in state.areas))
        self._fill(self.area, state.areas, areas)
        self._fill(self.actor, state.actors, ((tr("Everyone"), ""), *((name, name) for name in state.actors)))
        self.clear.setEnabled(state.choice.narrows)

    def retranslate(self) -> None:
        """Texts in the current language."""
        self.search.setPlaceholderText(tr("Tag, description, reason, station or name, then Enter"))
        self.clear.setText(tr("Clear the filter"))
        names = {
            self.search: tr("Search the journal"),
            self.span: tr("Period"),
            self.start: tr("From"),
            self.stop: tr("To"),
            self.tag: tr("Tag"),
            self.area: tr("Area"),
            self.event_kind: tr("Event"),
            self.alarm_kind: tr("Kind of alarm"),
            self.actor: tr("Who"),
        }
        for widget, name in names.items():
            widget.setAccessibleName(name)
            widget.setToolTip(name)
        typed = self.tag.lineEdit()
        assert typed is not None
        typed.setPlaceholderText(tr("All tags"))
        typed.setAccessibleName(tr("Tag"))
        for field, name in ((self.start, tr("From")), (self.stop, tr("To"))):
            field.setPlaceholderText(f"{name} {_MOMENT}")
            field.setMinimumWidth(fonts.px(220))
        for n, button in self.priorities.items():
            button.setAccessibleName(tr("Only priority {n}", n=n))
            button.setToolTip(button.accessibleName())
        for combo, choices in ((self.span, SPANS), (self.event_kind, _EVENT_CHOICES), (self.alarm_kind, _KIND_CHOICES)):
            for i, (text, *_) in enumerate(choices):
                combo.setItemText(i, tr(text))
        self._offered.clear()

    def _fill(self, combo: QComboBox, offered: tuple[str, ...], items: Iterable[tuple[str, str]]) -> None:
        if self._offered.get(combo) == offered:
            return
        self._offered[combo] = offered
        chosen, typed = combo.currentData(), combo.currentText()
        combo.blockSignals(True)
        combo.clear()
        for text, data in items:
            combo.addItem(text, data)
        combo.setCurrentIndex(max(combo.findData(chosen), 0))
        if combo.isEditable():
            combo.setCurrentText(typed)
        combo.blockSignals(False)

    def _on_span(self) -> None:
        typed = self.span.currentData() == CUSTOM
        for field in (self.start, self.stop):
            field.setVisible(typed)
        if not typed:
            self._tell()
        else:
            self.start.setFocus(Qt.FocusReason.OtherFocusReason)

    def _tell(self) -> None:
        self.chosen.emit(self.choice)


def _typed() -> QComboBox:
    """A list in which one may type; a part of a name finds it."""
    combo = QComboBox()
    combo.setEditable(True)
    combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    completer = combo.completer()
    assert completer is not None
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
    return combo
