"""The kinds of sources a row of ``data_sources`` can name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ksys_core.settings import Settings
from ksys_core.settings_check import refuse_simulation
from ksys_core.sources.base import Definition, MakeSource
from ksys_core.sources.simulator.plant import SimulatedPlant
from ksys_core.sources.simulator.source import SimulatorSource
from ksys_core.store.pool import Database


def make_simulator(db: Database, settings: Settings, definition: Definition) -> SimulatorSource:
    """The simulated plant by its row: ``{"seed": 1, "history_days": 30}``; missing ones come from the settings.

    Raises:
        KnownError: in production.
    """
    refuse_simulation(settings)
    seed = int(definition.config.get("seed", settings.simulator.seed))
    days = float(definition.config.get("history_days", settings.simulator.history_days))
    return SimulatorSource(db, SimulatedPlant(seed), history_days=days)


SOURCE_KINDS: Final[Mapping[str, MakeSource]] = {"simulator": make_simulator}
