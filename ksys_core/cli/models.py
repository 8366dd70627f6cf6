"""`ksys models`: the group, and its commands deploy, evaluate, drift and list."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from concurrent.futures import Executor
from typing import Final

from cyclopts import App
from rich.console import Console
from rich.table import Table

from ksys_core.cli import drift as drift_print
from ksys_core.cli import evaluation as printed
from ksys_core.cli import models_files, models_lifecycle, models_training
from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.cli.durations import seconds
from ksys_core.cli.models_shared import deploy_shared
from ksys_core.cli.seasons import season_of
from ksys_core.domain.times import to_datetime
from ksys_core.errors import KnownError
from ksys_core.forecasting.evaluation import FOLDS
from ksys_core.forecasting.registry import DEFAULT as DEFAULT_ALGORITHM
from ksys_core.i18n import N_, tr
from ksys_core.services import drift, evaluation, forecast, models
from ksys_core.services.compute import processes
from ksys_core.services.models import TrainingPlan
from ksys_core.settings_sources import LoadedSettings
from ksys_core.store.models import ModelRow
from ksys_core.store.pool import Database

app = App(name="ksys models", help="Forecasting models: test, train, deploy, score, list.")
app.command(models_training.train)
app.command(models_training.jobs)
app.command(models_training.cancel)
app.command(models_lifecycle.promote)
app.command(models_lifecycle.rollback)
app.command(models_lifecycle.retire)
app.command(models_lifecycle.show_metrics, name="metrics")
app.command(models_files.export)
app.command(models_files.take_in, name="import")
app.command(models_files.import_pipeline)

app.command(deploy_shared)

COLUMNS: Final = (
    N_("Model"),
    N_("Tag"),
    N_("Algorithm"),
    N_("Grid"),
    N_("Season"),
    N_("Runs as"),
    N_("Newest forecast"),
    N_("State"),
)


@app.command(name="list")
def list_models(*, deployed: bool = False, json_output: JsonFlag = False, common: Common = DEFAULT) -> int:
    """Show all models.

    Parameters
    ----------
    deployed:
        Only those that run.
    json_output:
        Print a JSON array.
    """
    asyncio.run(_list(common.load(), deployed, json_output))
    return 0


@app.command
def deploy(
    tag: str,
    /,
    *,
    algorithm: str = DEFAULT_ALGORITHM,
    interval: str = "5m",
    horizon: int = models.HORIZON,
    season: str = "auto",
    days: float = models.HISTORY_DAYS,
    gate: bool = False,
    input_tag: list[str] | None = None,
    common: Common = DEFAULT,
) -> int:
    """Train a model on the history of TAG, deploy it as its champion and make the first forecast.

    Parameters
    ----------
    tag:
        The tag to forecast.
    algorithm:
        ensemble (the median of the engines that do best on the history), ridge, xgboost, xgboost_global, prophet,
        auto_arima, auto_ets, auto_theta, mstl, seasonal_naive, drift or naive.
    interval:
        Grid of the model: whole minutes that divide a day (5m, 1h).
    horizon:
        Steps of one interval that are forecast.
    season:
        Season length in steps, "auto" or "none".
    days:
        How much of the newest history is used at most.
    gate:
        Only if it beats naive, seasonal naive and the champion on the same folds of the history.
    input_tag:
        Another tag whose past helps (xgboost), can be given several times.
    """
    loaded = common.load()
    params = {"inputs": input_tag} if input_tag else {}
    plan = TrainingPlan(algorithm, seconds(interval), horizon, season_of(season), days, params)
    asyncio.run(_deploy(loaded, tag, plan.in_zone(loaded.settings.time_zone).checked(), gate))
    return 0


@app.command(name="evaluate")
def evaluate_engines(
    tag: str,
    /,
    *,
    algorithm: list[str] | None = None,
    interval: str = "5m",
    horizon: int = models.HORIZON,
    season: str = "auto",
    days: float = models.HISTORY_DAYS,
    folds: int = FOLDS,
    refit_every: int | None = None,
    json_output: JsonFlag = False,
    common: Common = DEFAULT,
) -> int:
    """Test engines on the history of TAG: forecasts of past times from what was known then, on the same folds for all.

    Naive and seasonal naive are always among them, and the median of the best engine of each family.

    Parameters
    ----------
    tag:
        The tag.
    algorithm:
        An engine to test, can be given several times; ridge and mstl when not given.
    interval:
        Grid of the models: whole minutes that divide a day (5m, 1h).
    horizon:
        Steps of one interval that are forecast.
    season:
        Season length in steps, "auto" or "none".
    days:
        How much of the newest history is used at most.
    folds:
        Forecasts at most, none sharing a target; the oldest third chooses for the median and is not scored.
    refit_every:
        Folds after which models are fitted anew; never when not given.
    json_output:
        Print a JSON object.
    """
    names = algorithm or ["ridge", "mstl"]
    loaded = common.load()
    plan = TrainingPlan(names[0], seconds(interval), horizon, season_of(season), days)
    plan = plan.in_zone(loaded.settings.time_zone).checked()
    return asyncio.run(_evaluate(loaded, tag, plan, names, folds, refit_every, json_output))


@app.command(name="drift")
def show_drift(*, json_output: JsonFlag = False, common: Common = DEFAULT) -> int:
    """Judge now whether deployed models still fit their plant, and show the changes that are there.

    Parameters
    ----------
    json_output:
        Print a JSON array.
    """
    asyncio.run(_drift(common.load(), json_output))
    return 0


async def _list(loaded: LoadedSettings, deployed: bool, as_json: bool) -> None:
    async with database(loaded) as db:
        rows = await models.listed(db, deployed_only=deployed)
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in rows]))
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
            f"{row.horizon} x {row.interval_s} s",
            str(row.season) if row.season > 1 else "",
            (row.role or "") if row.is_active else "",
            issued,
            " ".join(filter(None, (row.last_state, tr(row.last_error)))),
        )
    return table


async def _deploy(loaded: LoadedSettings, tag: str, plan: TrainingPlan, gate: bool) -> None:
    async with database(loaded) as db:
        with processes() as executor:
            if gate:
                model_id = await _through_the_gate(db, executor, tag, plan)
            else:
                model_id = await models.deploy(db, now_ns=time.time_ns(), executor=executor, tag=tag, plan=plan)
            row = next(row for row in await models.listed(db) if row.model_id == model_id)
            rows = await forecast.run_cycle(db, now_ns=time.time_ns(), executor=executor, sensor_ids=[row.sensor_id])
    text = N_("Model {model}: {algorithm} for {tag}, season {season}, fitted in {s:.1f} s, {rows} rows forecast.")
    print(tr(text, model=model_id, algorithm=row.algorithm, tag=tag, season=row.season, s=row.fit_s, rows=rows))


async def _through_the_gate(db: Database, executor: Executor, tag: str, plan: TrainingPlan) -> int:
    """The number of the model that passed; what was found is printed."""
    found, model_id = await evaluation.deploy_if_better(
        db, now_ns=time.time_ns(), executor=executor, tag=tag, plan=plan
    )
    Console().print(printed.verdict_table(plan.algorithm, found))
    if model_id is None:
        text = N_("{algorithm} is not deployed for {tag}: it did not pass the gate.")
        raise KnownError("models.gate", text, algorithm=plan.algorithm, tag=tag)
    return model_id


async def _evaluate(
    loaded: LoadedSettings,
    tag: str,
    plan: TrainingPlan,
    names: list[str],
    folds: int,
    refit_every: int | None,
    as_json: bool,
) -> int:
    async with database(loaded) as db:
        with processes() as executor:
            trial = await evaluation.run(
                db,
                now_ns=time.time_ns(),
                executor=executor,
                tag=tag,
                plan=plan,
                algorithms=names,
                count=folds,
                refit_every=refit_every,
            )
    if as_json:
        print(json.dumps(printed.plain(tag, trial)))
        return 0
    Console().print(printed.table(tag, trial))
    for name, error in trial.errors.items():
        print(f"{name}: {error}")
    return 0


async def _drift(loaded: LoadedSettings, as_json: bool) -> None:
    async with database(loaded) as db:
        await drift.run(db, now_ns=time.time_ns())
        found = await drift.findings(db)
    if as_json:
        print(json.dumps([dataclasses.asdict(each) for each in found]))
    else:
        Console().print(drift_print.table(found))
