"""The pages of the HMI, in the order of the navigation. A page's module is imported when it is first shown."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ksys_core.i18n import N_
from ksys_core.settings import Settings
from ksys_core.store.session import Right
from ksys_hmi.runtime import Runtime

if TYPE_CHECKING:
    from ksys_hmi.views.page import Page


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page: `view` is ``module:class`` of a `ksys_hmi.views.page.Page`, made with the runtime alone."""

    id: str
    title: str
    view: str
    icon: str = ""
    shortcut: str = ""
    permission: Right = "viewer"
    full_only: bool = False
    needs_database: bool = True

    def make(self, runtime: Runtime) -> Page[Any]:
        """Import and build the page."""
        module, _, name = self.view.partition(":")
        page: Page[Any] = getattr(importlib.import_module(module), name)(runtime)
        return page


PAGES: Final = (
    PageSpec("dashboard", N_("Dashboard"), "ksys_hmi.views.dashboard:DashboardPage", "dashboard", "Alt+1"),
    PageSpec("trend", N_("Trend"), "ksys_hmi.views.trend:TrendPage", "trend", "Alt+2"),
    PageSpec("alarms", N_("Alarms"), "ksys_hmi.views.alarms:AlarmsPage", "alarms", "Alt+3"),
    PageSpec("rules", N_("Suppression rules"), "ksys_hmi.views.rules:RulesPage", "rules"),
    PageSpec(
        "notifications",
        N_("Notifications"),
        "ksys_hmi.views.notifications:NotificationsPage",
        "notifications",
        "Alt+9",
    ),
    PageSpec("models", N_("Models"), "ksys_hmi.views.models:ModelsPage", "models", "Alt+7", full_only=True),
    PageSpec(
        "advisories",
        N_("Advisories"),
        "ksys_hmi.views.advisories:AdvisoriesPage",
        "advisories",
        "Alt+8",
        full_only=True,
    ),
    PageSpec(
        "comparison",
        N_("Comparison"),
        "ksys_hmi.views.comparison:ComparisonPage",
        "comparison",
        "Alt+0",
        full_only=True,
    ),
    PageSpec("service", N_("Service"), "ksys_hmi.views.service:ServicePage", "service", "Alt+4"),
    PageSpec("help", N_("Help"), "ksys_hmi.views.help:HelpPage", "help", "F1", needs_database=False),
)


def pages_for(settings: Settings) -> tuple[PageSpec, ...]:
    """The pages of this edition: LITE has no forecasting, training and assistant pages."""
    return tuple(page for page in PAGES if settings.version_type == "FULL" or not page.full_only)
