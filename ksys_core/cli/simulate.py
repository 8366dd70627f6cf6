"""`ksys simulate`: the simulated plant in a database."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import App, Parameter

from ksys_core.cli.common import DEFAULT, Common, database
from ksys_core.cli.filling import collect_with_progress, fill_bar
from ksys_core.i18n import N_, tr
from ksys_core.services.plant_setup import install_demo_plant
from ksys_core.settings_check import refuse_simulation
from ksys_core.settings_sources import LoadedSettings
from ksys_core.sources.simulator.plant import SimulatedPlant
from ksys_core.sources.simulator.source import SimulatorSource

app = App(name="ksys simulate", help="Run the simulated reverse-osmosis plant.")


@app.default
def simulate(
    *,
    days: float | None = None,
    seed: int | None = None,
    live: bool = True,
    set_up: Annotated[bool, Parameter(negative="")] = False,
    common: Common = DEFAULT,
) -> int:
    """Create the simulated plant, fill its history and let it run until Ctrl-C.

    A history that is there already is left alone, so a stopped run is taken up by the same command.

    Parameters
    ----------
    days:
        Days of history; simulator.history_days when not given.
    seed:
        Number of the plant; another one behaves differently.
    live:
        Go on with live readings each ten seconds after the history.
    set_up:
        Only create tags, limits and alarms: the scheduler service runs the plant.
    """
    loaded = common.load()
    refuse_simulation(loaded.settings)
    plan = loaded.settings.simulator
    plant_seed = plan.seed if seed is None else seed
    history = plan.history_days if days is None else days
    asyncio.run(_simulate(loaded, plant_seed, history, live, set_up))
    return 0


async def _simulate(loaded: LoadedSettings, seed: int, days: float, live: bool, set_up: bool) -> None:
    async with database(loaded) as db:
        await install_demo_plant(db, seed=seed, history_days=days)
        if set_up:
            print(tr(N_("The simulated plant is set up. The scheduler service runs it.")))
            return
        source = SimulatorSource(db, SimulatedPlant(seed), history_days=days)
        if live:
            await collect_with_progress(db, source)
            return
        with fill_bar() as progress:
            await source.fill_only(progress)
