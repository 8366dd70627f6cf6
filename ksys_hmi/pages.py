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


_AT: Final = "ksys_hmi.views."

PAGES: Final = (
    PageSpec("dashboard", N_("Dashboard"), _AT + "dashboard:DashboardPage", "dashboard", "Alt+1"),
    PageSpec("trend", N_("Trend"), _AT + "trend:TrendPage", "trend", "Alt+2"),
    PageSpec("alarms", N_("Alarms"), _AT + "alarms:AlarmsPage", "alarms", "Alt+3"),
    PageSpec("service", N_("Service"), _AT + "service:ServicePage", "service", "Alt+4"),
    PageSpec("advisories", N_("Advisories"), _AT + "advisories:AdvisoriesPage", "advisories", "Alt+5", full_only=True),
    PageSpec("anomalies", N_("Anomalies"), _AT + "anomalies:AnomaliesPage", "anomalies", "Alt+6", full_only=True),
    PageSpec("models", N_("Models"), _AT + "models:ModelsPage", "models", "Alt+7", full_only=True),
    PageSpec("comparison", N_("Comparison"), _AT + "comparison:ComparisonPage", "comparison", "Alt+8", full_only=True),
    PageSpec("master", N_("Master alarms"), _AT + "master:MasterPage", "alarms", "Alt+9"),
    PageSpec("rules", N_("Suppression rules"), _AT + "rules:RulesPage", "rules", "Alt+0"),
    PageSpec("notifications", N_("Notifications"), _AT + "notifications:NotificationsPage", "notifications", "Alt+N"),
    PageSpec("help", N_("Help"), _AT + "help:HelpPage", "help", "F1", needs_database=False),
)


def pages_for(settings: Settings) -> tuple[PageSpec, ...]:
    """The pages of this edition: LITE has no forecasting, training and assistant pages."""
    return tuple(page for page in PAGES if settings.version_type == "FULL" or not page.full_only)
