"""The Notifications page: who is told of alarms outside the control room, and what became of each message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout

from ksys_core.i18n import tr
from ksys_hmi import fonts
from ksys_hmi.actions import Actions
from ksys_hmi.dialogs import ask
from ksys_hmi.models.notification_rows import messages_model, routes_model
from ksys_hmi.presenters.notifications import NotificationsPresenter, NotificationsState, Route, RouteRow
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.notification_dialog import RouteDialog, new_route
from ksys_hmi.views.page import Page
from ksys_hmi.views.question_dialog import QuestionDialog
from ksys_hmi.widgets.row_table import RowTable

ACTIONS = ("notify.add", "notify.edit", "notify.test", "notify.switch", "notify.delete")


class NotificationsPage(Page[NotificationsState]):
    """Routes above, messages below."""

    def __init__(self, runtime: Runtime) -> None:
        self._notifications = NotificationsPresenter(runtime)
        super().__init__(runtime, self._notifications)
        self.routes: RowTable[RouteRow] = RowTable(routes_model(runtime.zone), 7)
        self.messages = RowTable(messages_model(runtime.zone), 6)
        self.routes.row_activated.connect(self._edit)
        self._titles = (QLabel(), QLabel())
        self.hint, self.no_messages = QLabel(), QLabel()
        self.hint.setWordWrap(True)
        self._buttons = QHBoxLayout()
        self._buttons.addStretch(1)
        for title in self._titles:
            title.setFont(fonts.value(bold=True))
        column = QVBoxLayout(self)
        column.addWidget(self._titles[0])
        column.addWidget(self.hint)
        column.addWidget(self.routes, 2)
        column.addLayout(self._buttons)
        column.addWidget(self._titles[1])
        column.addWidget(self.no_messages)
        column.addWidget(self.messages, 3)
        self.retranslate()

    def handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "notify.add": lambda: self._open(new_route()),
            "notify.edit": self._edit,
            "notify.test": lambda: self._with_route(self._notifications.test),
            "notify.switch": lambda: self._with_route(self._notifications.switch),
            "notify.delete": lambda: self._with_route(self._delete),
        }

    def bind_actions(self, actions: Actions) -> None:
        super().bind_actions(actions)
        for action_id in ACTIONS:
            action, button = actions[action_id], QToolButton()
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
            action.changed.connect(lambda button=button, action=action: button.setAccessibleName(action.text()))
            self._buttons.insertWidget(self._buttons.count() - 1, button)

    def retranslate(self) -> None:
        tables: tuple[RowTable[Any], ...] = (self.routes, self.messages)
        for title, table, text in zip(self._titles, tables, (tr("Routes"), tr("Messages")), strict=True):
            title.setText(text)
            table.setAccessibleName(text)
            table.model().retranslate()
            table.fit_columns()
        self.no_messages.setText(tr("No message has been sent yet."))

    def render_state(self, state: NotificationsState) -> None:
        self.routes.model().show_rows(state.routes)
        self.messages.model().show_rows(state.messages)
        self.hint.setText(self._hint_for(state))
        self.hint.setVisible(bool(self.hint.text()))
        self.no_messages.setVisible(not (state.messages or state.loading or state.error))

    def _hint_for(self, state: NotificationsState) -> str:
        if state.error:
            return state.error
        if state.loading:
            return tr("Loading …")
        return "" if state.routes else tr("Nobody is told of alarms outside the control room yet. Add a route.")

    def _with_route(self, act: Callable[[Route], None]) -> None:
        row = self.routes.current
        if row is None:
            self.runtime.events.message.emit(tr("Select a route first."))
        else:
            act(row.route)

    def _delete(self, route: Route) -> None:
        question = tr("Delete the route {name} with its address and the log of its messages?", name=route.name)
        dialog = QuestionDialog(self, question, tr("Delete"))

        async def work() -> None:
            if await ask(dialog):
                self._notifications.delete(route)

        self.runtime.spawn(work(), "route dialog")

    def _edit(self) -> None:
        if self.runtime.may("engineer"):
            self._with_route(self._open)

    def _open(self, route: Route) -> None:
        dialog = RouteDialog(self, self._notifications, route)

        async def show() -> None:
            await ask(dialog)

        self.runtime.spawn(show(), "route dialog")
