"""A list of alarms: filter above, list left, guidance right, actions below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QToolButton, QVBoxLayout, QWidget

from ksys_core.domain.alarms.rows import LISTED
from ksys_core.i18n import tr
from ksys_hmi.actions import Actions
from ksys_hmi.alarm_words import evaluation_words, loss_mark
from ksys_hmi.formats import format_clock
from ksys_hmi.models.alarm_columns import AlarmColumns, Columns
from ksys_hmi.models.alarm_filter import AlarmFilter
from ksys_hmi.models.area_roll_up import area_paths
from ksys_hmi.presenters.alarm_live import LiveState
from ksys_hmi.presenters.alarms import AlarmsPresenter, AlarmsState
from ksys_hmi.runtime import Runtime
from ksys_hmi.widgets.alarm_delegate import AlarmDelegate
from ksys_hmi.widgets.alarm_table import AlarmTable
from ksys_hmi.widgets.column_choice import ColumnChoice
from ksys_hmi.widgets.filter_bar import FilterBar
from ksys_hmi.widgets.guidance import GuidancePane

_SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One of the desk's lists: its states, its columns (that numbered `stretched` grows) and what may be done in it."""

    title: str
    empty: str
    states: tuple[str, ...]
    columns: Callable[[AlarmColumns], Columns]
    stretched: int
    actions: tuple[str, ...]


class AlarmList(QWidget):
    """What is done goes to the selected rows, or to those that can be seen: never to a row that is not displayed."""

    def __init__(self, runtime: Runtime, presenter: AlarmsPresenter, spec: ListSpec) -> None:
        super().__init__()
        self.spec = spec
        self._runtime = runtime
        self.alarms = presenter
        self._wanted: int | None = None
        self._wants_next = False
        self.table = AlarmTable(presenter.model, spec.stretched)
        self.delegate = AlarmDelegate(self.table, presenter.model, presenter.columns, frozenset(presenter.left_states))
        self.table.setItemDelegate(self.delegate)
        self.table.paint_rows = self.delegate.paint_rows
        self.columns = ColumnChoice(self.table)
        self.guidance = GuidancePane()
        self.filter = FilterBar(with_states=len(spec.states) > 1)
        self.new = QPushButton()
        self.new.setVisible(False)
        self._hint = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._buttons = QHBoxLayout()
        self._further = {"alarms.trend": QPushButton(), "alarms.faceplate": QPushButton()}
        self._second = QTimer(self)
        self._second.setInterval(_SECOND_MS)
        self._lay_out()
        self._connect()
        self.retranslate()
        self.show_state(presenter.state)

    def _lay_out(self) -> None:
        left, right = QWidget(), QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.new)
        column.addWidget(self.table, 1)
        column.addWidget(self._hint)
        aside = QVBoxLayout(right)
        aside.setContentsMargins(0, 0, 0, 0)
        aside.addWidget(self.guidance, 1)
        beside = QHBoxLayout()
        for button in self._further.values():
            beside.addWidget(button)
        aside.addLayout(beside)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 0)
        split.setSizes([1400, 320])
        self._buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.filter)
        layout.addWidget(split, 1)
        layout.addLayout(self._buttons)

    def _connect(self) -> None:
        self.alarms.changed.connect(self.show_state)
        self.alarms.live.changed.connect(self._show_live)
        self._runtime.events.evaluation_changed.connect(lambda: self.show_state(self.alarms.state))
        self.filter.filter_changed.connect(self._apply_filter)
        self.table.hold_wanted.connect(self.alarms.hold)
        self.table.sight_changed.connect(self._look)
        self.table.area_toggled.connect(self.alarms.open_area)
        self.table.row_changed.connect(self._show_guidance)
        self.table.row_activated.connect(lambda: self.guidance.setFocus(Qt.FocusReason.OtherFocusReason))
        self.new.clicked.connect(self.show_new)
        self._second.timeout.connect(self._tick)

    def go_to(self, params: Mapping[str, Any]) -> None:
        """``alarm_id``: select it; ``priority``, ``area``: show only these; ``next_unacknowledged``: the next one."""
        if "priority" in params:
            self.filter.show_filter(AlarmFilter(priorities=frozenset({int(params["priority"])})))
        if "area" in params:
            self.filter.show_filter(AlarmFilter(area=str(params["area"])))
        if "alarm_id" in params:
            self._wanted = int(params["alarm_id"])
        self._wants_next = bool(params.get("next_unacknowledged"))
        self._show_wanted()

    def show_new(self) -> None:
        """Let the list move again, and go to its top."""
        self.table.show_top()
        self.table.setFocus()

    def toggle_groups(self) -> None:
        """By areas, or as one list."""
        self.alarms.group(not self.alarms.state.grouped)

    def add_buttons(self, actions: Actions) -> None:
        """A button below the list for each of its actions, and beside the guidance for where to look further."""
        for action_id in self.spec.actions:
            action = actions[action_id]
            button = QToolButton()
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
            action.changed.connect(lambda button=button, action=action: button.setAccessibleName(action.text()))
            self._buttons.insertWidget(self._buttons.count() - 1, button)
        for action_id, further in self._further.items():
            further.clicked.connect(actions[action_id].trigger)

    def retranslate(self) -> None:
        """Every fixed text again in the current language."""
        self.filter.retranslate(area_paths(self._runtime.sensors))
        self.table.setAccessibleName(tr(self.spec.title))
        self.new.setAccessibleName(tr("Show new alarms"))
        for button, text in zip(self._further.values(), (tr("Trend"), tr("Faceplate")), strict=True):
            button.setText(text)
            button.setAccessibleName(text)
        self.delegate.retranslate()
        self.alarms.retranslate()
        self.table.fit_columns()
        self._show_guidance()
        self.show_state(self.alarms.state)

    def show_state(self, state: AlarmsState) -> None:
        """Show what stands around the list."""
        self.delegate.need_blink(state.unacknowledged > 0)
        self._hint.setText(self._hint_for(state))
        self._hint.setVisible(bool(self._hint.text()))
        self.filter.counts.setText(self._counts(state))
        self.new.setVisible(state.waiting > 0)
        if state.waiting:
            text = tr.plural(
                "{n} new alarm, highest priority {p}",
                "{n} new alarms, highest priority {p}",
                state.waiting,
                p=state.waiting_priority,
            )
            self.new.setText(f"▲ {text}")
            self.new.setAccessibleName(text)
        self._show_wanted()

    def show_areas(self) -> None:
        """The tags may be others now."""
        self.filter.show_areas(area_paths(self._runtime.sensors))

    def _counts(self, state: AlarmsState) -> str:
        parts = [tr("{n} unacknowledged of {total}", n=state.unacknowledged, total=state.total)]
        if self.spec.states != LISTED:
            parts = [tr("{n} alarms", n=state.total)]
        if state.shown < state.total:
            name = self.filter.name_of(state.filter)
            parts.insert(
                0, tr("FILTERED {n} of {total}", n=state.shown, total=state.total) + (f" ({name})" if name else "")
            )
        if state.stale_since is not None:
            parts.append(tr("view frozen at {time}", time=format_clock(state.stale_since, self._runtime.zone)))
        mark = loss_mark(self._runtime.evaluation, self._runtime.zone)
        if mark:
            parts.insert(0, mark)
        return "   ".join(parts)

    def _hint_for(self, state: AlarmsState) -> str:
        if state.error:
            return state.error
        if state.loading:
            return tr("Loading …")
        if not state.total:
            return evaluation_words(self._runtime.evaluation, self._runtime.zone) or tr(self.spec.empty)
        return "" if state.shown else tr("No alarm matches the filter.")

    def _apply_filter(self, wanted: AlarmFilter) -> None:
        self.alarms.set_filter(wanted)
        self.table.show_top()

    def _show_wanted(self) -> None:
        if self._wants_next:
            self._wanted = self.alarms.next_unacknowledged(next(iter(self.table.selected_alarms()), None))
            self._wants_next = self._wanted is None and self.alarms.state.loading
        if self._wanted is None or self.alarms.row(self._wanted) is None:
            return
        self.alarms.make_sure_of(self._wanted)
        if not self.table.go_to(self._wanted):
            self.filter.clear()
        if self.table.go_to(self._wanted):
            self._wanted = None
            self.table.setFocus()

    def _look(self) -> None:
        self.alarms.live.look_at({row.sensor_id for row in self.table.sight()})

    def _show_live(self, state: LiveState) -> None:
        self.delegate.show_hours(state.hours, state.now_ns)
        self.table.viewport().update()

    def _tick(self) -> None:
        """Ages and times that are left go on, as long as the view is live."""
        if self.alarms.state.stale_since is None:
            self.table.viewport().update()

    def _show_guidance(self) -> None:
        self.guidance.show_alarm(self.table.current_alarm)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._second.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._second.stop()
