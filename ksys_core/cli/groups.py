"""The command groups of `ksys`: one row a group, its module imported only when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ksys_core.i18n import N_


@dataclass(frozen=True, slots=True)
class Group:
    """`module` has an attribute ``app``, a `cyclopts.App` for what follows the name."""

    name: str
    module: str
    title: str


GROUPS: Final = (
    Group("db", "ksys_core.cli.database", N_("Create, migrate and check the database")),
    Group("import", "ksys_core.cli.imports", N_("Import readings from files")),
    Group("simulate", "ksys_core.cli.simulate", N_("Run the simulated plant")),
    Group("replay", "ksys_core.cli.replay", N_("Play a file of readings as live data")),
    Group("models", "ksys_core.cli.models", N_("Train and deploy forecasting models")),
    Group("forecast", "ksys_core.cli.forecast", N_("Make and show forecasts")),
    Group("anomalies", "ksys_core.cli.anomalies", N_("List anomalies, train their detectors")),
    Group("alarms", "ksys_core.cli.alarms", N_("Check the alarm journal, print key figures, try out limits")),
    Group("settings", "ksys_core.cli.settings", N_("Show the settings and where they come from")),
)
