"""``ksys models list|deploy|undeploy``."""

from __future__ import annotations

import asyncio
import dataclasses
import json as jsonlib
import time
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from ksys_core.cli.session import Config, Json, database, out, seconds
from ksys_core.domain.times import to_datetime
from ksys_core.errors import KnownError
from ksys_core.forecasting.registry import SPECS
from ksys_core.i18n import N_, tr
from ksys_core.services import forecast, models
from ksys_core.services.compute import processes
from ksys_core.services.models import TrainingPlan
from ksys_core.store.models import ModelRow

app = App(name="models", help="Forecasting models: train, deploy, list.")

Algorithm = Annotated[str, Parameter(help=", ".join(SPECS))]
COLUMNS = (
    N_("Model"),
    N_("Tag"),
    N_("Algorithm"),
    N_("Grid"),
    N_("Season"),
    N_("Runs as"),
    N_("Newest forecast"),
    N_("State"),
)
Season = Annotated[str, Parameter(help="Season length in steps, “auto” or “none”.")]


@app.command(name="list")
def list_(*, deployed: bool = False, json: Json = False, config: Config = None) -> None:
    """Show all models, or those that run."""
    asyncio.run(_list(deployed, json, config))


@app.command
def deploy(
    tag: str,
    /,
    *,
    algorithm: Algorithm = "ridge",
    interval: str = "5m",
    horizon: int = models.HORIZON,
    season: Season = "auto",
    days: float = models.HISTORY_DAYS,
    config: Config = None,
) -> None:
    """Train a model on the history of TAG, deploy it as champion and make its first forecast.

    Args:
        interval: grid of the model: whole minutes that divide a day.
        horizon: steps of one interval that are forecast.
        days: how much of the newest history is used at most.
    """
    plan = TrainingPlan(algorithm, seconds(interval), horizon, _season(season), days)
    asyncio.run(_deploy(tag, plan, config))


@app.command
def undeploy(model: int, /, *, reason: str = "", config: Config = None) -> None:
    """End the deployment of MODEL (its number, see list)."""
    asyncio.run(_undeploy(model, reason, config))


def _season(text: str) -> int | None:
    """Steps, None for auto."""
    named = {"auto": None, "none": 1}
    if text in named:
        return named[text]
    if not text.isdecimal() or int(text) < 1:
        raise KnownError(
            "cli.season", N_("The season is a number of steps, “auto” or “none”, not “{given}”."), given=text
        )
    return int(text)


async def _list(deployed: bool, as_json: bool, config: Config) -> None:
    async with database(config) as db:
        rows = await models.listed(db, deployed_only=deployed)
    if as_json:
        out(jsonlib.dumps([dataclasses.asdict(row) for row in rows]))
    else:
        Console().print(_table(rows))


def _table(rows: list[ModelRow]) -> Table:
    table = Table(*(tr(title) for title in COLUMNS))
    for row in rows:
        issued = "" if row.last_issue_ns is None else f"{to_datetime(row.last_issue_ns):%Y-%m-%d %H:%M} UTC"
        table.add_row(
            str(row.model_id),
            row.tag,
            f"{row.algorithm} {row.version}",
            f"{row.interval_s} s x {row.horizon}",
            str(row.season) if row.season > 1 else "",
            (row.role or "") if row.is_active else "",
            issued,
            " ".join(filter(None, (row.last_state, tr(row.last_error)))),
        )
    return table


async def _deploy(tag: str, plan: TrainingPlan, config: Config) -> None:
    async with database(config) as db:
        with processes() as executor:
            model_id = await models.deploy(db, now_ns=time.time_ns(), executor=executor, tag=tag, plan=plan)
            row = next(row for row in await models.listed(db) if row.model_id == model_id)
            rows = await forecast.run_cycle(db, now_ns=time.time_ns(), executor=executor, sensor_ids=[row.sensor_id])
    text = N_("Model {model}: {algorithm} for {tag}, season {season}, fitted in {s:.1f} s, {rows} rows forecast.")
    out(tr(text, model=model_id, algorithm=row.algorithm, tag=tag, season=row.season, s=row.fit_s, rows=rows))


async def _undeploy(model: int, reason: str, config: Config) -> None:
    async with database(config) as db:
        await models.undeploy(db, model_id=model, reason=reason)
    out(tr("Model {model} runs no longer.", model=model))
