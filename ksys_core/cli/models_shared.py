"""`ksys models deploy-shared`: one model over several tags."""

from __future__ import annotations

import asyncio
import time

from ksys_core.cli.common import DEFAULT, Common, database
from ksys_core.cli.durations import seconds
from ksys_core.cli.seasons import season_of
from ksys_core.i18n import N_, tr
from ksys_core.services import forecast, models_pooled
from ksys_core.services.compute import processes
from ksys_core.services.models import HISTORY_DAYS, HORIZON, TrainingPlan
from ksys_core.settings_sources import LoadedSettings


def deploy_shared(
    *tags: str,
    unit: str = "",
    algorithm: str = "xgboost_global",
    interval: str = "5m",
    horizon: int = HORIZON,
    season: str = "auto",
    days: float = HISTORY_DAYS,
    common: Common = DEFAULT,
) -> int:
    """Train one model over several TAGS, deploy it for each of them and make the first forecasts.

    Parameters
    ----------
    tags:
        Tags that move alike, such as the pressures of one plant.
    unit:
        Also all tags that are measured in this unit.
    algorithm:
        xgboost_global.
    interval:
        Grid of the model: whole minutes that divide a day (5m, 1h).
    horizon:
        Steps of one interval that are forecast.
    season:
        Season length in steps, "auto" or "none".
    days:
        How much of the newest history is used at most.
    """
    loaded = common.load()
    plan = TrainingPlan(algorithm, seconds(interval), horizon, season_of(season), days)
    asyncio.run(_deploy(loaded, tags, unit, plan.in_zone(loaded.settings.time_zone).checked()))
    return 0


async def _deploy(loaded: LoadedSettings, tags: tuple[str, ...], unit: str, plan: TrainingPlan) -> None:
    async with database(loaded) as db:
        members = await models_pooled.members(db, tags=tags, unit=unit)
        with processes() as executor:
            made = await models_pooled.deploy(
                db, now_ns=time.time_ns(), executor=executor, sensor_ids=list(members), plan=plan
            )
            rows = await forecast.run_cycle(db, now_ns=time.time_ns(), executor=executor, sensor_ids=list(made.models))
    text = N_("One {algorithm} model for {n} tags, fitted in {s:.1f} s, {rows} rows forecast.")
    print(tr(text, algorithm=plan.algorithm, n=len(made.models), s=made.seconds, rows=rows))
    for sensor_id, error in made.refused.items():
        print(tr("{tag} has no model: {reason}", tag=members[sensor_id], reason=str(error)))
