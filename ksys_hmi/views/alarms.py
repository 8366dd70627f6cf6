"""The alarms page: the active list and the journal."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QTabWidget, QVBoxLayout

from ksys_core.i18n import tr
from ksys_hmi.actions import Actions
from ksys_hmi.presenters.alarms import AlarmsPresenter, AlarmsState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.alarm_journal import AlarmJournal
from ksys_hmi.views.alarm_list import AlarmList
from ksys_hmi.views.page import Page


class AlarmsPage(Page[AlarmsState]):
    """Two tabs: what is active now, and what has been."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = AlarmsPresenter(runtime)
        super().__init__(runtime, presenter)
        self.list = AlarmList(runtime, presenter)
        self.journal = AlarmJournal(runtime)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.list, "")
        self._tabs.addTab(self.journal, "")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._tabs)
        self.retranslate()

    def open(self, **params: Any) -> None:
        """``alarm_id``: select it; ``priority``, ``area``: show only these; ``journal=True``: the journal."""
        self._tabs.setCurrentWidget(self.journal if params.get("journal") else self.list)
        self.list.go_to(params)

    def bind_actions(self, actions: Actions) -> None:
        self.list.bind_actions(actions)

    def retranslate(self) -> None:
        self._tabs.setAccessibleName(tr("Alarms"))
        self._tabs.setTabText(0, tr("Active"))
        self._tabs.setTabText(1, tr("Journal"))
        self.list.retranslate()

    def render_state(self, state: AlarmsState) -> None:
        self.list.show_state(state)
