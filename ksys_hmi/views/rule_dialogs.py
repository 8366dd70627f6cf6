"""Dialogs of suppression by design: a rule with a preview of what it hides, and maintenance of an area."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from ksys_core.areas import area_title
from ksys_core.domain.alarms.rules import LONGEST_HOLD_OFF_S, LONGEST_TITLE
from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.models.rule_rows import ruled_model
from ksys_hmi.presenters.rules import Rule, RuleDraft, RulesPresenter
from ksys_hmi.views.alarm_dialogs import SHELF_TIMES, Answer, ReasonDialog
from ksys_hmi.widgets.row_table import RowTable

_PREVIEW_MS: Final = 300
_SEPARATOR: Final = ";"
_LONGEST: Final = 2000
_TEXTS: Final = (
    ("title_en", N_("Title (English)"), ""),
    ("title_ko", N_("Title (Korean)"), ""),
    ("condition", N_("Condition"), N_("such as CIP_ACTIVE == 1 or FEED_FLOW < 5")),
    ("areas", N_("Areas"), N_("such as RO/Stage 1; Intake")),
    ("tags", N_("Tags"), N_("names, separated by ;")),
    ("groups", N_("Groups"), N_("names, separated by ;")),
    ("alarms", N_("Single alarms"), N_("such as FEED_FLOW L; FEED_FLOW LL")),
    ("owner", N_("Owner"), ""),
)
DURATIONS: Final = (*((text, seconds) for text, seconds in SHELF_TIMES if seconds), (N_("24 hours"), 24 * 3600))


class RuleDialog(QDialog):
    """A rule being typed; what it would hide is shown at once, and only what can be a rule is accepted.

    Stays open until the rule is stored: nothing that was typed is lost.
    """

    def __init__(
        self,
        parent: QWidget,
        title: str,
        draft: RuleDraft | None,
        rules: RulesPresenter,
        rule: Rule | None,
    ) -> None:
        """`rule`: the one that is changed, as it was displayed, and `draft` what it says; None: a new one."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self._rules = rules
        self._rule = rule
        self.fields = {name: QLineEdit() for name, _, _ in _TEXTS}
        self.hold_off = QDoubleSpinBox()
        self.verdict = QLabel()
        self.alarms = RowTable(ruled_model(), 4)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._timer = QTimer(self, singleShot=True, interval=_PREVIEW_MS)
        self._timer.timeout.connect(rules.runtime.call(self._look, "preview of a rule"))
        self._lay_out(title)
        if draft is not None:
            self._fill(draft)
        self._connect()

    def _lay_out(self, title: str) -> None:
        form = QFormLayout()
        for name, text, hint in _TEXTS:
            field = self.fields[name]
            field.setAccessibleName(tr(text))
            field.setPlaceholderText(tr(hint))
            field.setMaxLength(LONGEST_TITLE if name in ("title_en", "title_ko", "owner") else _LONGEST)
            form.addRow(tr(text), field)
        self.hold_off.setRange(0, LONGEST_HOLD_OFF_S)
        self.hold_off.setDecimals(0)
        self.hold_off.setValue(60)
        self.hold_off.setSuffix(" s")
        self.hold_off.setAccessibleName(tr("Hold-off"))
        form.insertRow(3, tr("Hold-off"), self.hold_off)
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.alarms.setAccessibleName(tr("Alarms that the rule would suppress"))
        self._ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(tr("Store"))
        self._ok.setEnabled(False)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        column = QVBoxLayout(self)
        heading = QLabel(title)
        heading.setFont(fonts.value(bold=True))
        for widget in (heading, self.verdict, self.alarms, self.buttons):
            column.addWidget(widget)
        column.insertLayout(1, form)
        column.setStretchFactor(self.alarms, 1)
        order: list[QWidget] = [*self.fields.values()]
        order.insert(3, self.hold_off)
        for one, other in pairwise([*order, self.alarms, self.buttons]):
            QWidget.setTabOrder(one, other)
        order[0].setFocus()
        self.resize(fonts.px(860), fonts.px(720))

    def _fill(self, draft: RuleDraft) -> None:
        texts = {
            "title_en": draft.title.get("en", ""),
            "title_ko": draft.title.get("ko", ""),
            "condition": draft.condition,
            "owner": draft.owner,
        } | {name: f"{_SEPARATOR} ".join(getattr(draft, name)) for name in ("areas", "tags", "groups", "alarms")}
        for name, text in texts.items():
            self.fields[name].setText(text)
            self.fields[name].setCursorPosition(0)
        self.hold_off.setValue(draft.hold_off_s)

    def _connect(self) -> None:
        for field in self.fields.values():
            field.textChanged.connect(self._on_typed)
        self.hold_off.valueChanged.connect(self._on_typed)
        self.buttons.accepted.connect(self._store)
        self.buttons.rejected.connect(self.reject)
        self._on_typed()

    def draft(self) -> RuleDraft:
        """The rule as it stands in the fields."""
        texts = {name: field.text().strip() for name, field in self.fields.items()}
        titles = {language: texts[f"title_{language}"] for language in ("en", "ko")}
        return RuleDraft(
            title={language: text for language, text in titles.items() if text},
            condition=texts["condition"],
            areas=_names(texts["areas"]),
            tags=_names(texts["tags"]),
            groups=_names(texts["groups"]),
            alarms=_names(texts["alarms"]),
            hold_off_s=self.hold_off.value(),
            owner=texts["owner"],
        )

    def _on_typed(self, *_: object) -> None:
        self._ok.setEnabled(False)
        self._timer.start()

    async def _look(self) -> None:
        asked = self.draft()
        found = await self._rules.preview(asked)
        if asked != self.draft():
            return  # typed on meanwhile; the next look is under way
        self.alarms.model().show_rows(found.alarms)
        n = len(found.alarms)
        shown = tr.plural("It would suppress {n} alarm:", "It would suppress {n} alarms:", n)
        self.verdict.setText(found.error or shown)
        self._ok.setEnabled(not found.error)

    def _store(self) -> None:
        self._ok.setEnabled(False)
        self._rules.runtime.spawn(self._save(), "save a rule")

    async def _save(self) -> None:
        refused = await self._rules.save(self.draft(), self._rule)
        if not isValid(self):
            return  # given up meanwhile
        if not refused:
            self.accept()
            return
        self.verdict.setText(f"▲ {refused}")
        self._ok.setEnabled(True)


class MaintenanceDialog(ReasonDialog):
    """Asks for the area and the time as well."""

    def __init__(self, parent: QWidget, areas: tuple[str, ...]) -> None:
        super().__init__(parent, tr("Maintenance of an area"))
        self.area, self.time = QComboBox(), QComboBox()
        for area in areas:
            self.area.addItem(area_title(area), area)
        for text, seconds in DURATIONS:
            self.time.addItem(tr(text), seconds)
        self.time.setCurrentIndex(2)
        note = QLabel(tr("Its alarms are suppressed until then, except priority 1 and safety."))
        note.setWordWrap(True)
        self.area.setAccessibleName(tr("Area"))
        self.time.setAccessibleName(tr("Time"))
        for place, widget in ((1, QLabel(tr("Area"))), (2, self.area), (3, QLabel(tr("Time"))), (4, self.time)):
            self.column.insertWidget(place, widget)
        self.column.insertWidget(self.column.count() - 1, note)
        self.area.setFocus()

    def answer(self) -> Answer:
        return Answer(super().answer().reason, self.time.currentData())

    def choose(self, row: int) -> None:
        """A digit in the reasons fills in the reason; area and time are still to be looked at."""
        self.take(row)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(_SEPARATOR) if name.strip())
