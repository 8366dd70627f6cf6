"""The alarm desk: what is active, shelved, suppressed and out of service, the journal, and the analytics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QTabWidget, QVBoxLayout, QWidget

from ksys_core.domain.alarms.rows import LISTED, AlarmRow
from ksys_core.i18n import N_, tr
from ksys_hmi.actions import Actions
from ksys_hmi.dialogs import ask
from ksys_hmi.models.alarm_columns import AlarmColumns
from ksys_hmi.presenters.alarms import AlarmsPresenter, AlarmsState
from ksys_hmi.presenters.own_views import OwnViews
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.alarm_dialogs import QUICK_NOTES, Answer, NameDialog, ReasonDialog, ServiceDialog, ShelveDialog
from ksys_hmi.views.alarm_journal import AlarmJournal
from ksys_hmi.views.alarm_kpis import AlarmKpisPage
from ksys_hmi.views.alarm_list import AlarmList, ListSpec
from ksys_hmi.views.faceplate import open_faceplate
from ksys_hmi.views.open_what_if import open_what_if
from ksys_hmi.views.page import Page

LISTS: Final = (
    ListSpec(
        N_("Active"),
        N_("No active alarms."),
        LISTED,
        AlarmColumns.active,
        5,
        (
            *("alarm.ack", "alarm.ack_page", "alarm.ack_note", "alarm.confirm", "alarm.shelve", "alarm.comment"),
            *("alarm.reset", "alarm.out_of_service", "alarms.group", "alarm.what_if"),
        ),
    ),
    ListSpec(
        N_("Shelved"),
        N_("No shelved alarms."),
        ("SHLVD",),
        AlarmColumns.shelved,
        4,
        ("alarm.unshelve", "alarm.comment"),
    ),
    ListSpec(
        N_("Suppressed"),
        N_("No suppressed alarms."),
        ("DSUPR",),
        AlarmColumns.suppressed,
        2,
        ("alarm.comment",),
    ),
    ListSpec(
        N_("Out of service"),
        N_("No alarms out of service."),
        ("OOSRV",),
        AlarmColumns.out_of_service,
        4,
        ("alarm.in_service", "alarm.comment"),
    ),
)


class AlarmsPage(Page[AlarmsState]):
    """A tab for each list, for the journal and for the analytics; actions go to the list that is shown."""

    def __init__(self, runtime: Runtime) -> None:
        presenters = [AlarmsPresenter(runtime, spec.columns, spec.states) for spec in LISTS]
        super().__init__(runtime, presenters[0])
        pairs = zip(presenters, LISTS, strict=True)
        self.lists = [AlarmList(runtime, presenter, spec) for presenter, spec in pairs]
        self.list = self.lists[0]
        self.own = OwnViews(runtime)
        self.journal = AlarmJournal(runtime)
        self.analytics = AlarmKpisPage(runtime)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        for each in (*self.lists, self.journal, self.analytics):
            self._tabs.addTab(each, "")
        self._tabs.currentChanged.connect(self._on_tab)
        self.own.changed.connect(self._show_own)
        for each in self.lists:
            self._connect_list(each)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._tabs)
        self.retranslate()

    @property
    def _shown(self) -> AlarmList | None:
        """The list in sight, where actions go; nothing is done to what nobody sees."""
        current = self._tabs.currentWidget()
        return current if isinstance(current, AlarmList) and current.isVisible() else None

    @property
    def _alarms(self) -> AlarmsPresenter:
        """What carries out actions on the rows of the list in sight."""
        return (self._shown or self.list).alarms

    def _connect_list(self, each: AlarmList) -> None:
        title = each.spec.title
        each.columns.changed.connect(lambda: self.own.save_columns(title, each.columns.layout_of_columns()))
        each.filter.save_wanted.connect(lambda: self._save_filter(each))
        each.filter.delete_wanted.connect(self.own.delete_filter)

    def open(self, **params: Any) -> None:
        """``alarm_id``, ``next_unacknowledged``: select it; ``priority``, ``area``: only these; ``journal``,
        ``analytics``: that tab."""
        others: dict[str, QWidget] = {"journal": self.journal, "analytics": self.analytics}
        self._tabs.setCurrentWidget(next((page for name, page in others.items() if params.get(name)), self.list))
        self.list.go_to(params)
        if "text" in params:
            self.journal.search(params["text"])

    def show_list(self, number: int) -> None:
        """Show the tab of list `number` of `LISTS`."""
        self._tabs.setCurrentIndex(number)

    def handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "alarm.ack": lambda: self._alarms.acknowledge(self._selected()),
            "alarm.ack_page": lambda: self._alarms.acknowledge(self._visible()),
            "alarm.ack_note": lambda: self._ask(
                self._note_dialog(N_("Acknowledge: {tags}")),
                lambda rows, given: self._alarms.acknowledge(rows, given.reason),
            ),
            "alarm.confirm": lambda: self._ask(
                self._note_dialog(N_("Confirm that the action is taken: {tags}")),
                lambda rows, given: self._alarms.confirm(rows, given.reason),
            ),
            "alarm.shelve": self._shelve,
            "alarm.comment": lambda: self._ask(
                self._note_dialog(N_("Comment: {tags}"), needed=True),
                lambda rows, given: self._alarms.comment(rows, given.reason),
            ),
            "alarm.unack": lambda: self._ask(
                ReasonDialog(self, self._title(N_("Withdraw the acknowledgement: {tags}")), first=False),
                lambda rows, given: self._alarms.unacknowledge(rows, given.reason),
            ),
            "alarm.out_of_service": lambda: self._ask(
                ServiceDialog(self, self._title(N_("Take out of service: {tags}"))),
                lambda rows, given: self._alarms.remove_from_service(
                    rows, given.reason, given.permit, given.seconds or 0
                ),
            ),
            "alarm.reset": lambda: self._alarms.reset(self._selected()),
            "alarm.unshelve": lambda: self._alarms.unshelve(self._selected()),
            "alarm.in_service": lambda: self._alarms.return_to_service(self._selected()),
            "alarms.trend": self._open_trend,
            "alarms.faceplate": self._open_faceplate,
            "alarms.show_new": lambda: self._on_list(AlarmList.show_new),
            "alarms.group": lambda: self._on_list(AlarmList.toggle_groups),
            "alarms.search": self._search,
            "alarms.clear_filter": self._clear_filter,
            "alarms.save_filter": lambda: self._on_list(self._save_filter),
            "alarms.filters": lambda: self._on_list(lambda shown: shown.filter.open_saved()),
            "alarms.columns": lambda: self._on_list(self._choose_columns),
            "alarm.what_if": self._what_if,
        }

    def bind_actions(self, actions: Actions) -> None:
        super().bind_actions(actions)
        self.journal.bind_actions(actions)
        self.analytics.add_button(actions)
        for each in self.lists:
            each.add_buttons(actions)

    def retranslate(self) -> None:
        self._tabs.setAccessibleName(tr("Alarms"))
        for i, each in enumerate(self.lists):
            self._tabs.setTabText(i, tr(each.spec.title))
            each.retranslate()
        self._tabs.setTabText(len(self.lists), tr("Journal"))
        self._tabs.setTabText(len(self.lists) + 1, tr("Analytics"))

    def render_state(self, state: AlarmsState) -> None:
        """Each list follows its own presenter."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._on_tab()
        self.own.load()
        for each in self.lists:
            each.show_areas()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._on_tab()

    def _on_tab(self) -> None:
        for each in self.lists[1:]:
            if each is self._tabs.currentWidget() and self.isVisible():
                each.alarms.start()
            else:
                each.alarms.stop()

    def _selected(self) -> list[AlarmRow]:
        return [] if self._shown is None else self._shown.table.selected_alarms()

    def _visible(self) -> list[AlarmRow]:
        return [] if self._shown is None else self._shown.table.visible_alarms()

    def _shelve(self) -> None:
        if self._tabs.currentWidget() is self.analytics:
            self.analytics.shelve()
            return
        longest = [row.max_shelve_s for row in self._selected() if row.max_shelve_s is not None]
        if self._selected() and not longest:
            self.runtime.events.message.emit(self._title(N_("Its definition does not allow to shelve: {tags}")))
            return
        self._ask(
            ShelveDialog(self, self._title(N_("Shelve: {tags}")), min(longest, default=0.0)),
            lambda rows, given: self._alarms.shelve(rows, given.reason, given.seconds),
        )

    def _note_dialog(self, text: str, *, needed: bool = False) -> ReasonDialog:
        return ReasonDialog(self, self._title(text), QUICK_NOTES, first=False, needed=needed)

    def _title(self, text: str) -> str:
        rows = self._selected()
        return tr(text, tags=", ".join(row.tag for row in rows[:5]) + (" …" if len(rows) > 5 else ""))

    def _ask(self, dialog: ReasonDialog, act: Callable[[Sequence[AlarmRow], Answer], None]) -> None:
        """Ask, then act on the rows that were selected when the question was asked."""
        rows = self._selected()
        if not rows:
            dialog.deleteLater()
            self.runtime.events.message.emit(tr("Select an alarm first."))
            return

        async def work() -> None:
            if await ask(dialog):
                act(rows, dialog.answer())

        self.runtime.spawn(work(), "alarm dialog")

    def _what_if(self) -> None:
        row = self._current()
        if self._tabs.currentWidget() is self.analytics:
            self.analytics.what_if()
        elif row is not None:
            open_what_if(self.runtime, self, row.tag, row.kind, row.label)

    def _current(self) -> AlarmRow | None:
        return None if self._shown is None else self._shown.table.current_alarm

    def _open_trend(self) -> None:
        row = self._current()
        if self._tabs.currentWidget() is self.journal:
            self.journal.open_trend()
        elif row is not None:
            self.runtime.open_page("trend", tags=[row.tag], at=row.active_since)

    def _open_faceplate(self) -> None:
        row = self._current()
        if row is not None and row.sensor_id in self.runtime.sensors:
            open_faceplate(self.runtime, row.sensor_id, self)

    def _on_list(self, act: Callable[[AlarmList], object]) -> None:
        if self._shown is None:
            self.runtime.events.message.emit(tr("Choose the tab of a list of alarms first."))
        else:
            act(self._shown)

    def _search(self) -> None:
        if self._tabs.currentWidget() is self.journal:
            self.journal.filter.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self._on_list(lambda shown: shown.filter.search.setFocus(Qt.FocusReason.ShortcutFocusReason))

    def _clear_filter(self) -> None:
        if self._tabs.currentWidget() is self.journal:
            self.journal.filter.reset()
        else:
            self._on_list(lambda shown: shown.filter.clear())

    def _show_own(self) -> None:
        for each in self.lists:
            each.filter.show_saved(self.own.filters)
            layout = self.own.columns.get(each.spec.title)
            if isinstance(layout, dict) and layout != each.columns.layout_of_columns():
                each.columns.apply(layout)

    def _save_filter(self, shown: AlarmList) -> None:
        bar = shown.filter
        dialog = NameDialog(self, tr("Save the filter"), bar.name_of(bar.wanted))
        self._answer(dialog, lambda: self.own.save_filter(dialog.answer(), bar.wanted))

    def _choose_columns(self, shown: AlarmList) -> None:
        columns = shown.columns
        dialog = columns.dialog()
        self._answer(dialog, lambda: columns.apply_answer(*dialog.answer()))

    def _answer(self, dialog: QDialog, act: Callable[[], None]) -> None:
        async def work() -> None:
            if await ask(dialog):
                act()

        self.runtime.spawn(work(), "alarm desk dialog")
