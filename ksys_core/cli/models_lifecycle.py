"""`ksys models promote`, `rollback`, `retire` and `metrics`."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
import platform
import time
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.cli.durations import seconds
from ksys_core.domain.times import SECOND
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import lifecycle, metrics, models
from ksys_core.services.metrics import Score
from ksys_core.settings_sources import LoadedSettings
from ksys_core.store.metrics import PARTS
from ksys_core.store.models import ModelRow

COLUMNS: Final = (
    N_("Model"),
    N_("Runs as"),
    N_("Steps"),
    N_("Pairs"),
    N_("MAE"),
    N_("RMSE"),
    N_("Bias"),
    N_("WAPE"),
    N_("sMAPE"),
    N_("MAPE"),
    N_("MASE"),
    N_("Skill"),
    N_("Inside 80 %"),
    N_("Inside 95 %"),
    N_("Pinball"),
)


def promote(model: int, /, *, reason: str, common: Common = DEFAULT) -> int:
    """Make MODEL the champion of its tag; the former one runs beside it in shadow for a day.

    Parameters
    ----------
    model:
        Its number, see "ksys models list".
    reason:
        Goes to the audit log.
    """
    asyncio.run(_promote(common.load(), model, reason))
    return 0


def rollback(tag: str, /, *, reason: str, common: Common = DEFAULT) -> int:
    """Bring the champion before the present one of TAG back.

    Parameters
    ----------
    tag:
        The tag.
    reason:
        Goes to the audit log.
    """
    asyncio.run(_rollback(common.load(), tag, reason))
    return 0


def retire(model: int, /, *, reason: str = "", common: Common = DEFAULT) -> int:
    """End the deployment of a model.

    Parameters
    ----------
    model:
        Its number, see "ksys models list".
    reason:
        Goes to the audit log.
    """
    asyncio.run(_retire(common.load(), model, reason))
    return 0


def show_metrics(
    tag: str, /, *, window: str = "24h", steps: bool = False, json_output: JsonFlag = False, common: Common = DEFAULT
) -> int:
    """Show how good the forecasts of TAG were, by target time: whole hours of the window, and the hour that runs.

    Parameters
    ----------
    tag:
        The tag.
    window:
        1h, 24h, 7d, 30d or any other.
    steps:
        A line for each step, not for each part of the horizon.
    json_output:
        Print a JSON array.
    """
    asyncio.run(_metrics(common.load(), tag, seconds(window), steps, json_output))
    return 0


async def _promote(loaded: LoadedSettings, model: int, reason: str) -> None:
    async with database(loaded) as db:
        await lifecycle.promote(db, model_id=model, reason=reason, station=platform.node())
    print(tr("Model {model} is the champion now.", model=model))


async def _rollback(loaded: LoadedSettings, tag: str, reason: str) -> None:
    async with database(loaded) as db:
        sensor_id = await models.sensor_of(db, tag)
        model = await lifecycle.rollback(db, sensor_id=sensor_id, reason=reason, station=platform.node())
    print(tr("Model {model} is the champion again.", model=model))


async def _retire(loaded: LoadedSettings, model: int, reason: str) -> None:
    async with database(loaded) as db:
        await models.undeploy(db, model_id=model, reason=reason, station=platform.node())
    print(tr("Model {model} runs no longer.", model=model))


async def _metrics(loaded: LoadedSettings, tag: str, window_s: int, steps: bool, as_json: bool) -> None:
    async with database(loaded) as db:
        await models.sensor_of(db, tag)
        rows = [row for row in await models.listed(db, deployed_only=True) if row.tag == tag]
        if not rows:
            raise KnownError("metrics.none", N_("No model of {tag} is deployed."), tag=tag)
        ids = [row.model_id for row in rows]
        now, window = time.time_ns(), window_s * SECOND
        whole = await metrics.scores(db, ids, now_ns=now, window_ns=window)
        parts = await metrics.scores(db, ids, now_ns=now, window_ns=window, by="step" if steps else "part")
    if as_json:
        print(json.dumps([_plain(row, whole, parts, steps) for row in rows]))
        return
    Console().print(_table(rows, whole, parts, steps))
    if any(score.near_zero for score in whole):
        print(tr("MAPE is left out where actual values come near zero (below 5 % of the span): it would mislead."))


def _plain(row: ModelRow, whole: list[Score], parts: list[Score], steps: bool) -> dict[str, Any]:
    def figures(score: Score) -> dict[str, Any]:
        values = dataclasses.asdict(score)
        del values["model_id"], values["step"]
        clean = {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in values.items()}
        return {**clean, "mape_reason": "near_zero" if score.near_zero else None}

    own = [score for score in whole if score.model_id == row.model_id]
    return {
        "model_id": row.model_id,
        "tag": row.tag,
        "algorithm": row.algorithm,
        "role": row.role,
        "whole": figures(own[0]) if own else None,
        "steps" if steps else "parts": {
            str(s.step) if steps else PARTS[s.step]: figures(s) for s in parts if s.model_id == row.model_id
        },
    }


def _table(rows: list[ModelRow], whole: list[Score], parts: list[Score], steps: bool) -> Table:
    made = Table(*(tr(head) for head in COLUMNS))
    for row in rows:
        name = f"{row.model_id} {row.algorithm}"
        for score in (*whole, *parts):
            if score.model_id == row.model_id:
                place = tr("all") if not score.step else str(score.step) if steps else PARTS[score.step]
                made.add_row(name, row.role or "", place, *_cells(score))
    return made


def _cells(score: Score) -> list[str]:
    def number(value: float, form: str) -> str:
        return "-" if math.isnan(value) else format(value, form)

    return [
        str(score.n),
        number(score.mae, ".4g"),
        number(score.rmse, ".4g"),
        number(score.bias, "+.3g"),
        number(score.wape, ".2%"),
        number(score.smape, ".2%"),
        number(score.mape, ".2%"),
        number(score.mase, ".3f"),
        number(score.skill, ".3f"),
        number(score.coverage80, ".1%"),
        number(score.coverage95, ".1%"),
        number(score.pinball, ".4g"),
    ]
