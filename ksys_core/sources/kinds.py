"""The kinds of sources a row of ``data_sources`` can name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.settings import Settings
from ksys_core.settings_check import refuse_simulation
from ksys_core.sources.base import Definition, MakeSource
from ksys_core.sources.replay import ReplayPlan, ReplaySource
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


def make_replay(db: Database, settings: Settings, definition: Definition) -> ReplaySource:
    """A replay by its row: ``{"path": …, "zone": …, "speed": 1, "prefix": …, "history_days": 0, "loop": true}``.

    Raises:
        KnownError: in production, or for a speed that is not meant.
    """
    refuse_simulation(settings)
    given = definition.config
    plan = ReplayPlan(
        Path(given["path"]),
        ZoneInfo(given.get("zone", settings.time_zone)),
        speed=float(given.get("speed", 1.0)),
        prefix=str(given.get("prefix", "REPLAY_")),
        history_days=float(given.get("history_days", 0.0)),
        loop=bool(given.get("loop", True)),
    )
    return ReplaySource(db, plan)


SOURCE_KINDS: Final[Mapping[str, MakeSource]] = {"simulator": make_simulator, "replay": make_replay}
