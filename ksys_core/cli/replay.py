"""`ksys replay`: a file of readings as live data."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cyclopts import App

from ksys_core.cli.common import DEFAULT, Common, database
from ksys_core.cli.filling import collect_with_progress
from ksys_core.cli.table_options import TABLE, TableOptions
from ksys_core.settings_check import refuse_simulation
from ksys_core.settings_sources import LoadedSettings
from ksys_core.sources.replay import ReplayPlan, ReplaySource

app = App(name="ksys replay", help="Play a file of readings as live data.")


@app.default
def replay(
    file: Path,
    *,
    speed: float = 1.0,
    prefix: str = "REPLAY_",
    history_days: float = 0.0,
    loop: bool = False,
    table: TableOptions = TABLE,
    common: Common = DEFAULT,
) -> int:
    """Play a CSV file as if its readings came in now; its tags are marked REPLAY. Ctrl-C ends it.

    Parameters
    ----------
    file:
        The file, laid out as for "ksys import csv".
    speed:
        Recorded seconds a second, 1 to 60. Times are shifted to now and come closer together by it.
    prefix:
        Put before every tag name, so that replayed tags stay apart from measured ones.
    history_days:
        Days of the recording that are stored at once before the live part (for forecasts to learn from).
    loop:
        Begin again at the end of the file.
    """
    loaded = common.load()
    refuse_simulation(loaded.settings)
    plan = ReplayPlan(file, table.zone_of(loaded), table.options(), speed, prefix, history_days, loop)
    plan.check()
    asyncio.run(_replay(loaded, plan))
    return 0


async def _replay(loaded: LoadedSettings, plan: ReplayPlan) -> None:
    async with database(loaded) as db:
        await collect_with_progress(db, ReplaySource(db, plan))
