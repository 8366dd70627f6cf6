"""Advisories: a list of its own, in the forecast's colour; never among the alarms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout

from ksys_core.i18n import tr
from ksys_hmi import fonts, theme
from ksys_hmi.actions import Actions
from ksys_hmi.models.advisory_rows import current_model, of_model, past_model
from ksys_hmi.presenters.advisories import AdvisoriesPresenter, AdvisoriesState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.page import Page
from ksys_hmi.widgets.row_table import RowTable


class AdvisoriesPage(Page[AdvisoriesState]):
    """What is expected above, what became of the earlier ones below.

    T shows the trend with its forecast, M the model; Enter what the advisory is about: the trend, of drift the model.
    """

    def __init__(self, runtime: Runtime) -> None:
        presenter = AdvisoriesPresenter(runtime)
        super().__init__(runtime, presenter)
        self._advisories = presenter
        self.current = RowTable(current_model(runtime.zone, runtime.now_ns), 4)
        self.past = RowTable(past_model(runtime.zone), 6)
        self.title, self.past_title, self.scores, self.hint = QLabel(), QLabel(), QLabel(), QLabel()
        self._buttons = QHBoxLayout()
        self._buttons.addStretch(1)
        for label in (self.title, self.past_title):
            label.setFont(fonts.value(bold=True))
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addSpacing(fonts.px(16))
        head.addWidget(self.hint, 1)
        below = QHBoxLayout()
        below.addWidget(self.past_title)
        below.addSpacing(fonts.px(16))
        below.addWidget(self.scores, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.addLayout(head)
        column.addWidget(self.current, 3)
        column.addLayout(self._buttons)
        column.addLayout(below)
        column.addWidget(self.past, 2)
        for table in (self.current, self.past):
            table.row_activated.connect(lambda table=table: self._open(table))
        self._colour()
        self.retranslate()
        self.render_state(presenter.state)

    def handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "advisories.trend": lambda: self._open_trend(self._table()),
            "advisories.model": lambda: self._open_model(self._table()),
            "advisories.seen": lambda: self._advisories.mark_seen(self.current.selected_rows()),
        }

    def bind_actions(self, actions: Actions) -> None:
        super().bind_actions(actions)
        for action_id in self.handlers():
            button = QToolButton()
            button.setDefaultAction(actions[action_id])
            self._buttons.insertWidget(self._buttons.count() - 1, button)

    def retranslate(self) -> None:
        self.title.setText(tr("Limits that forecasts will cross, and forecasts that no longer fit"))
        self.past_title.setText(tr("Earlier advisories"))
        self.current.setAccessibleName(self.title.text())
        self.past.setAccessibleName(self.past_title.text())
        for table in (self.current, self.past):
            table.model().retranslate()
            table.fit_columns()

    def render_state(self, state: AdvisoriesState) -> None:
        self.current.model().show_rows(state.current)
        self.past.model().show_rows(state.past)
        self.scores.setText(state.scores)
        empty = (
            "" if state.current else tr("No forecast crosses a limit within its horizon, and none has stopped fitting.")
        )
        self.hint.setText(state.error or (tr("Loading …") if state.loading else empty))

    def _table(self) -> RowTable[Any]:
        return self.past if self.past.hasFocus() else self.current

    def _open(self, table: RowTable[Any]) -> None:
        if table.current is not None and of_model(table.current):
            self._open_model(table)
        else:
            self._open_trend(table)

    def _open_model(self, table: RowTable[Any]) -> None:
        row = table.current
        if row is not None:
            self.runtime.open_page("models", model_id=row.model_id)

    def _open_trend(self, table: RowTable[Any]) -> None:
        row = table.current
        if row is not None:
            self.runtime.open_page("trend", tags=[row.tag])

    def _colour(self) -> None:
        """The list's text is in the colour of forecasts."""
        self.current.setStyleSheet(f"QTableView {{ color: {theme.current().forecast.name()}; }}")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()
