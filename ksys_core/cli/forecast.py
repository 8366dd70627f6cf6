"""`ksys forecast`: make forecasts now, show the newest."""

from __future__ import annotations

import asyncio
import json
import time

from cyclopts import App
from rich.console import Console
from rich.table import Table

from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.domain.forecasts import ForecastBand
from ksys_core.domain.times import SECOND, to_datetime
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import forecast
from ksys_core.services.compute import processes
from ksys_core.settings_sources import LoadedSettings
from ksys_core.store import models
from ksys_core.store.pool import Database

app = App(name="ksys forecast", help="Forecasts: make them now, show the newest.")


@app.command
def run(*, common: Common = DEFAULT) -> int:
    """Forecast every deployed model now."""
    asyncio.run(_run(common.load()))
    return 0


@app.command
def show(tag: str, /, *, json_output: JsonFlag = False, common: Common = DEFAULT) -> int:
    """Show the newest forecast of TAG.

    Parameters
    ----------
    tag:
        The tag.
    json_output:
        Print a JSON object.
    """
    asyncio.run(_show(common.load(), tag, json_output))
    return 0


async def _run(loaded: LoadedSettings) -> None:
    async with database(loaded) as db:
        with processes() as executor:
            rows = await forecast.run_cycle(db, now_ns=time.time_ns(), executor=executor)
    print(tr("{rows} rows forecast.", rows=rows))


async def _show(loaded: LoadedSettings, tag: str, as_json: bool) -> None:
    async with database(loaded) as db:
        band = await _band(db, tag)
    if as_json:
        print(json.dumps(_plain(tag, band)))
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
        "interval_s": band.interval_ns // SECOND,
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
            f"{band.lo80[i]:.6g} … {band.hi80[i]:.6g}",
            f"{band.lo95[i]:.6g} … {band.hi95[i]:.6g}",
        )
    return table
