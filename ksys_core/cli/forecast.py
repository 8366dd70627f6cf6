"""``ksys forecast run|show``."""

from __future__ import annotations

import asyncio
import json as jsonlib
import time

from cyclopts import App
from rich.console import Console
from rich.table import Table

from ksys_core.cli.session import Config, Json, database, out
from ksys_core.domain.forecasts import ForecastBand
from ksys_core.domain.times import to_datetime
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import forecast
from ksys_core.services.compute import processes
from ksys_core.store import models
from ksys_core.store.pool import Database

app = App(name="forecast", help="Forecasts: make them now, show the newest.")


@app.command
def run(*, config: Config = None) -> None:
    """Forecast every deployed model now."""
    asyncio.run(_run(config))


@app.command
def show(tag: str, /, *, json: Json = False, config: Config = None) -> None:
    """Show the newest forecast of TAG."""
    asyncio.run(_show(tag, json, config))


async def _run(config: Config) -> None:
    async with database(config) as db:
        with processes() as executor:
            rows = await forecast.run_cycle(db, now_ns=time.time_ns(), executor=executor)
    out(tr("{rows} rows forecast.", rows=rows))


async def _show(tag: str, as_json: bool, config: Config) -> None:
    async with database(config) as db:
        band = await _band(db, tag)
    if as_json:
        out(jsonlib.dumps(_plain(tag, band)))
    else:
        Console().print(_table(tag, band))


async def _band(db: Database, tag: str) -> ForecastBand:
    sensor_id = await models.sensor_id_of(db, tag)
    if sensor_id is None:
        raise KnownError("models.unknown_tag", N_("There is no tag {tag}."), tag=tag)
    bands = await forecast.latest_forecasts(db, [sensor_id])
    if sensor_id not in bands:
        raise KnownError("forecast.none", N_("There is no forecast of {tag}."), tag=tag)
    return bands[sensor_id]


def _plain(tag: str, band: ForecastBand) -> dict[str, object]:
    return {
        "tag": tag,
        "model_id": band.model_id,
        "algorithm": band.algorithm,
        "source": band.source,
        "issued": to_datetime(band.issue_ns).isoformat(),
        "interval_s": band.interval_ns // 1_000_000_000,
        "t": [to_datetime(int(t)).isoformat() for t in band.t],
        **{name: getattr(band, name).tolist() for name in ("value", "lo80", "hi80", "lo95", "hi95")},
    }


def _table(tag: str, band: ForecastBand) -> Table:
    title = tr(
        "{tag}: {algorithm} ({source}), issued {issued}",
        tag=tag,
        algorithm=band.algorithm,
        source=band.source,
        issued=f"{to_datetime(band.issue_ns):%Y-%m-%d %H:%M} UTC",
    )
    titles = (N_("Time (UTC)"), N_("Forecast"), N_("80 % band"), N_("95 % band"))
    table = Table(*(tr(head) for head in titles), title=title)
    for i, t in enumerate(band.t):
        table.add_row(
            f"{to_datetime(int(t)):%m-%d %H:%M}",
            f"{band.value[i]:.6g}",
            f"{band.lo80[i]:.6g} ... {band.hi80[i]:.6g}",
            f"{band.lo95[i]:.6g} ... {band.hi95[i]:.6g}",
        )
    return table
