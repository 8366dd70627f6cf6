"""A list of alarms: filter above, list left, guidance right, actions below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSplitter, QToolButton, QVBoxLayout, QWidget

from ksys_core.i18n import tr
from ksys_hmi.actions import Actions
from ksys_hmi.models.alarm_rows import SYMBOL_COLUMN, Columns, Now, alarm_model
from ksys_hmi.presenters.alarms import AlarmFilter, AlarmsPresenter, AlarmsState
from ksys_hmi.runtime import Runtime
from ksys_hmi.widgets.guidance import GuidancePane
from ksys_hmi.widgets.row_table import RowTable
from ksys_hmi.widgets.symbol_delegate import SymbolDelegate

_PRIORITIES = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One of the desk's lists: its states, its columns (that numbered `stretched` grows) and what may be done in it."""

    title: str
    empty: str
    states: tuple[str, ...]
    columns: Callable[[ZoneInfo, Now], Columns]
    stretched: int
    actions: tuple[str, ...]


class AlarmList(QWidget):
    """What is done goes to the selected rows, or to those that can be seen: never to a row that is not displayed."""

    def __init__(self, runtime: Runtime, presenter: AlarmsPresenter, spec: ListSpec) -> None:
        super().__init__()
        self.spec = spec
        self._runtime = runtime
        self.alarms = presenter
        presenter.changed.connect(self.show_state)
        self._wanted: int | None = None
        self._area = ""
        self._model = alarm_model(spec.columns(runtime.zone, runtime.now_ns))
        self.table = RowTable(self._model, spec.stretched)
        self._symbols = SymbolDelegate(self.table, self._mark_of)
        self.table.setItemDelegateForColumn(SYMBOL_COLUMN, self._symbols)
        self.guidance = GuidancePane()
        self._search = QLineEdit()
        self._search.setClearButtonEnabled(True)
        self._priorities = {n: QToolButton() for n in _PRIORITIES}
        self._area_button = QToolButton()
        self._counts = QLabel()
        self._hint = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._buttons = QHBoxLayout()
        self._lay_out()
        self._connect()
        self.retranslate()
        self.show_state(presenter.state)

    def _mark_of(self, row: int) -> tuple[int, str]:
        alarm = self._model.rows[row]
        return alarm.priority, alarm.isa

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._search, 1)
        for n, button in self._priorities.items():
            button.setCheckable(True)
            button.setText(f"P{n}")
            head.addWidget(button)
        head.addWidget(self._area_button)
        head.addStretch(1)
        head.addWidget(self._counts)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, 1)
        column.addWidget(self._hint)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(self.guidance)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 0)
        split.setSizes([1400, 320])
        self._buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addLayout(head)
        layout.addWidget(split, 1)
        layout.addLayout(self._buttons)

    def _connect(self) -> None:
        self._search.textChanged.connect(self._apply_filter)
        for button in self._priorities.values():
            button.toggled.connect(self._apply_filter)
        self._area_button.clicked.connect(self._clear_area)
        self.table.row_changed.connect(lambda: self.guidance.show_alarm(self.table.current))
        self.table.row_activated.connect(self._focus_guidance)

    def go_to(self, params: Mapping[str, Any]) -> None:
        """``alarm_id``: select it; ``priority``, ``area``: show only these."""
        if "priority" in params:
            for n, button in self._priorities.items():
                button.setChecked(n == params["priority"])
        if "area" in params:
            self._area = str(params["area"])
            self._apply_filter()
        if "alarm_id" in params:
            self._show_everything()
            self._wanted = int(params["alarm_id"])
            self._show_wanted()

    def add_buttons(self, actions: Actions) -> None:
        """A button below the list for each of its actions."""
        for action_id in self.spec.actions:
            action = actions[action_id]
            button = QToolButton()
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
            action.changed.connect(lambda button=button, action=action: button.setAccessibleName(action.text()))
            self._buttons.insertWidget(self._buttons.count() - 1, button)

    def retranslate(self) -> None:
        """Every fixed text again in the current language."""
        self._search.setPlaceholderText(tr("Filter by tag, text or area"))
        self._search.setAccessibleName(tr("Filter"))
        self.table.setAccessibleName(tr(self.spec.title))
        for n, button in self._priorities.items():
            button.setAccessibleName(tr("Only priority {n}", n=n))
            button.setToolTip(button.accessibleName())
        self._area_button.setAccessibleName(tr("Show all areas"))
        self._area_button.setToolTip(tr("Show all areas"))
        self._model.retranslate()
        self.table.fit_columns()
        self.guidance.show_alarm(self.table.current)

    def show_state(self, state: AlarmsState) -> None:
        """Show the list as it is now."""
        self._model.show_rows(state.rows)
        self._symbols.need_blink([(row.priority, row.isa) for row in state.rows])
        self._area_button.setVisible(bool(self._area))
        self._area_button.setText(f"{self._area} ✕")
        self._hint.setText(self._hint_for(state))
        self._hint.setVisible(bool(self._hint.text()))
        counts = tr("{n} unacknowledged of {total}", n=state.unacknowledged, total=state.total)
        if len(state.rows) < state.total:
            counts = tr("FILTERED {n} of {total}", n=len(state.rows), total=state.total) + "   " + counts
        self._counts.setText(counts)
        self._show_wanted()

    def _hint_for(self, state: AlarmsState) -> str:
        if state.error:
            return state.error
        if state.loading:
            return tr("Loading …")
        if not state.total:
            return tr(self.spec.empty)
        return "" if state.rows else tr("No alarm matches the filter.")

    def _apply_filter(self) -> None:
        chosen = frozenset(n for n, button in self._priorities.items() if button.isChecked())
        self.alarms.set_filter(AlarmFilter(text=self._search.text().strip(), priorities=chosen, area=self._area))

    def _show_everything(self) -> None:
        self._search.clear()
        for button in self._priorities.values():
            button.setChecked(False)
        self._clear_area()

    def _clear_area(self) -> None:
        self._area = ""
        self._apply_filter()

    def _show_wanted(self) -> None:
        if self._wanted is not None and self.table.go_to(self._wanted):
            self._wanted = None
            self.table.setFocus()

    def _focus_guidance(self) -> None:
        self.guidance.setFocus(Qt.FocusReason.OtherFocusReason)
