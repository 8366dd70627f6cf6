"""Suppression by design: the rules, what the chosen one hides, and areas under maintenance."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from ksys_core.areas import area_title
from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.actions import Actions
from ksys_hmi.dialogs import ask
from ksys_hmi.models.rule_rows import maintenance_model, rule_model, rule_status, ruled_model
from ksys_hmi.presenters.rules import Rule, RulesPresenter, RulesState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.alarm_dialogs import ReasonDialog
from ksys_hmi.views.page import Page
from ksys_hmi.views.rule_dialogs import MaintenanceDialog, RuleDialog
from ksys_hmi.widgets.row_table import RowTable

_TITLES: Final = (N_("Rules"), N_("Alarms that the chosen rule suppresses"), N_("Areas under maintenance"))
_RULE_ACTIONS: Final = ("rules.add", "rules.edit", "rules.approve", "rules.enable")
_MAINTENANCE_ACTIONS: Final = ("rules.maintain", "rules.end_maintenance")
_TARGETS_COLUMN: Final = 6


class RulesPage(Page[RulesState]):
    """Three tables; Enter on a rule changes it."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = RulesPresenter(runtime)
        super().__init__(runtime, presenter)
        self._rules = presenter
        self.rules = RowTable(rule_model(runtime.zone), _TARGETS_COLUMN)
        self.alarms = RowTable(ruled_model(), 4)
        self.maintenance = RowTable(maintenance_model(runtime.zone, runtime.now_ns), 5)
        self._tables: tuple[RowTable[Any], ...] = (self.rules, self.alarms, self.maintenance)
        self._titles = [QLabel() for _ in _TITLES]
        self._hints = [QLabel(alignment=Qt.AlignmentFlag.AlignCenter) for _ in _TITLES]
        for title in self._titles:
            title.setFont(fonts.value(bold=True))
        self._bars = (QHBoxLayout(), QHBoxLayout())
        self._fitted_for: list[str] = []
        self._lay_out()
        self.rules.row_changed.connect(self._on_rule)
        self.retranslate()
        self.render_state(presenter.state)

    def _lay_out(self) -> None:
        lower = QHBoxLayout()
        lower.setSpacing(fonts.px(16))
        lower.addWidget(self._block(1, None), 10)
        lower.addWidget(self._block(2, self._bars[1]), 11)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self._block(0, self._bars[0]), 5)
        layout.addLayout(lower, 4)

    def _block(self, place: int, bar: QHBoxLayout | None) -> QWidget:
        block = QWidget()
        column = QVBoxLayout(block)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._titles[place])
        column.addWidget(self._tables[place], 1)
        column.addWidget(self._hints[place])
        if bar is not None:
            bar.addStretch(1)
            column.addLayout(bar)
        return block

    def bind_actions(self, actions: Actions) -> None:
        super().bind_actions(actions)
        for bar, names in zip(self._bars, (_RULE_ACTIONS, _MAINTENANCE_ACTIONS), strict=True):
            for place, name in enumerate(names):
                bar.insertWidget(place, _button(actions, name))

    def handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "rules.add": lambda: self.runtime.spawn(self._edit(None), "rule dialog"),
            "rules.edit": lambda: self._with_rule(self._edit),
            "rules.approve": self._approve,
            "rules.enable": lambda: self._with_rule(self._enable),
            "rules.maintain": lambda: self.runtime.spawn(self._maintain(), "maintenance dialog"),
            "rules.end_maintenance": lambda: self.runtime.spawn(self._end_maintenance(), "maintenance dialog"),
        }

    def retranslate(self) -> None:
        for title, table, text in zip(self._titles, self._tables, _TITLES, strict=True):
            title.setText(tr(text))
            table.setAccessibleName(tr(text))
            table.model().retranslate()
            table.fit_columns()

    def render_state(self, state: RulesState) -> None:
        rows: tuple[tuple[Any, ...], ...] = (state.rules, state.alarms, state.maintenance)
        for table, shown in zip(self._tables, rows, strict=True):
            table.model().show_rows(shown)
        self._show_rules_whole(state)
        loading = state.error or tr("Loading …")
        empty = (
            tr("No rules: every alarm is shown. “New rule …” makes one."),
            tr("It suppresses nothing.") if state.chosen is not None else tr("Choose a rule."),
            tr("No area is under maintenance."),
        )
        for hint, shown, text in zip(self._hints, rows, empty, strict=True):
            hint.setText("" if shown and not state.error else loading if state.loading or state.error else text)
            hint.setVisible(bool(hint.text()))

    def _show_rules_whole(self, state: RulesState) -> None:
        """Columns wide enough for how the rules stand now, and a rule that is chosen from the start."""
        standings = [rule_status(rule) for rule in state.rules]
        if standings != self._fitted_for:
            self._fitted_for = standings
            self.rules.fit_columns()
        if state.rules and self.rules.current is None:
            self.rules.go_to(state.chosen or state.rules[0].rule_id)

    def _on_rule(self) -> None:
        rule = self.rules.current
        self._rules.choose(None if rule is None else rule.rule_id)

    def _with_rule(self, work: Callable[[Rule], Coroutine[Any, Any, None]]) -> None:
        rule = self.rules.current
        if rule is None:
            self.runtime.events.message.emit(tr("Choose a rule."))
        else:
            self.runtime.spawn(work(rule), "rule dialog")

    async def _edit(self, rule: Rule | None) -> None:
        draft = None if rule is None else await self._rules.draft_of(rule)
        title = tr("New rule") if rule is None else tr("Change rule R{rule}", rule=rule.rule_id)
        await ask(RuleDialog(self, title, draft, self._rules, rule))

    async def _enable(self, rule: Rule) -> None:
        text = tr("Switch off rule R{rule}") if rule.enabled else tr("Switch on rule R{rule}")
        dialog = ReasonDialog(self, text.format(rule=rule.rule_id), ())
        if await ask(dialog):
            self._rules.enable(rule, dialog.answer().reason)

    def _approve(self) -> None:
        rule = self.rules.current
        if rule is None:
            self.runtime.events.message.emit(tr("Choose a rule."))
        else:
            self._rules.approve(rule)

    async def _maintain(self) -> None:
        dialog = MaintenanceDialog(self, self._rules.state.areas)
        if await ask(dialog):
            given = dialog.answer()
            self._rules.maintain(dialog.area.currentData(), float(given.seconds or 0), given.reason)

    async def _end_maintenance(self) -> None:
        chosen = self.maintenance.selected_rows()
        if len(chosen) != 1:
            self.runtime.events.message.emit(tr("Select one area under maintenance first."))
            return
        dialog = ReasonDialog(self, tr("End maintenance of {area}", area=area_title(chosen[0].area)), ())
        if await ask(dialog):
            self._rules.end_maintenance(chosen[0], dialog.answer().reason)


def _button(actions: Actions, name: str) -> QToolButton:
    action = actions[name]
    button = QToolButton()
    button.setDefaultAction(action)
    button.setAccessibleName(action.text())
    action.changed.connect(lambda: button.setAccessibleName(action.text()))
    return button
