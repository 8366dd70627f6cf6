"""Routes of notifications and the newest messages; what engineers change goes through the database's functions."""

from __future__ import annotations

import platform
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from ksys_core.i18n import tr
from ksys_core.store import notification_routes
from ksys_core.store import notifications as store
from ksys_core.store.notification_routes import Route
from ksys_core.store.notifications import Sent
from ksys_hmi.models.area_roll_up import area_paths
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

__all__ = ["NotificationsPresenter", "NotificationsState", "Route", "RouteRow", "Sent"]


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A route with its newest message that has been tried."""

    route: Route
    last: Sent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsState(PageState):
    routes: tuple[RouteRow, ...] = ()
    messages: tuple[Sent, ...] = ()
    now_ns: int = 0


class NotificationsPresenter(Presenter[NotificationsState]):
    """Follows the events of kind ``notifications``."""

    kinds = frozenset({"notifications"})
    period_s = 10.0

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, NotificationsState())

    async def load(self) -> NotificationsState:
        routes = await notification_routes.routes(self.runtime.db)
        messages = await store.log(self.runtime.db)
        newest: dict[int, Sent] = {}
        for message in messages:
            if message.attempts and message.state != "sending":
                newest.setdefault(message.route_id, message)
        rows = tuple(RouteRow(route, newest.get(route.route_id or 0)) for route in routes)
        return NotificationsState(loading=False, routes=rows, messages=tuple(messages), now_ns=self.runtime.now_ns())

    @property
    def areas(self) -> tuple[str, ...]:
        """Areas that a route may be for."""
        return area_paths(self.runtime.sensors)

    async def save(self, route: Route, address: str | None) -> None:
        """Keep a route; raises `KnownError` for what is wrong with it."""
        await notification_routes.save(self.runtime.db, route, address, platform.node())
        self.refresh()

    def switch(self, route: Route) -> None:
        """Switch a route off, or on again: then for what comes from now on."""
        self._do(self.save(replace(route, enabled=not route.enabled), None), tr("{name}: done.", name=route.name))

    def delete(self, route: Route) -> None:
        """Forget a route."""
        call = notification_routes.delete(self.runtime.db, route.route_id or 0, platform.node())
        self._do(call, tr("{name} is deleted.", name=route.name))

    def test(self, route: Route) -> None:
        """Send a test message; what becomes of it stands in the log."""
        call = notification_routes.ask_for_test(self.runtime.db, route.route_id or 0)
        self._do(call, tr("A test message to {name} is on its way; see below.", name=route.name))

    def _do(self, call: Coroutine[Any, Any, object], said: str) -> None:
        async def work() -> None:
            await call
            self.runtime.events.message.emit(said)
            self.refresh()

        self.runtime.spawn(work(), "notifications")
