"""`ksys anomalies`: list what was found, train detectors, choose units."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from typing import Final

from cyclopts import App
from rich.console import Console
from rich.table import Table

from ksys_core import anomaly_words
from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.cli.durations import seconds
from ksys_core.domain.times import DAY, to_datetime
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import anomalies, anomaly_training
from ksys_core.services.anomalies import Anomaly, Group
from ksys_core.services.compute import processes
from ksys_core.services.models import sensor_of
from ksys_core.settings_sources import LoadedSettings
from ksys_core.store import anomaly_groups

app = App(name="ksys anomalies", help="Anomalies of units and tags: list, train detectors, choose units.")

COLUMNS: Final = (N_("Begin"), N_("End"), N_("Plant unit"), N_("Tag"), N_("What shows"), N_("Score, in limits"))
UNIT_COLUMNS: Final = (N_("Plant unit"), N_("Number of tags"), N_("Trained"), N_("State"))
_NAMED: Final = 4


@app.command(name="list")
def list_anomalies(
    *, days: float = 1, active: bool = False, json_output: JsonFlag = False, common: Common = DEFAULT
) -> int:
    """Show what was found.

    Parameters
    ----------
    days:
        Length of the period that ends now.
    active:
        Only what shows now.
    json_output:
        Print a JSON array.
    """
    if not 0 < days <= 366:
        raise KnownError("anomalies.days", N_("The number of days must be greater than zero and at most 366."))
    found = asyncio.run(_listed(common.load(), days, active))
    if json_output:
        print(json.dumps([dataclasses.asdict(one) for one in found]))
    else:
        Console().print(_table(found))
    return 0


@app.command
def train(unit: list[str] | None = None, /, *, common: Common = DEFAULT) -> int:
    """Train the detectors of UNITs now, or of all of them.

    Parameters
    ----------
    unit:
        Names of units; all when not given.
    """
    groups = asyncio.run(_train(common.load(), unit or []))
    Console().print(_units(groups))
    return 1 if any(group.error for group in groups if group.enabled) else 0


@app.command(name="unit")
def set_unit(
    name: str,
    /,
    *,
    area: str | None = None,
    tag: list[str] | None = None,
    interval: str = "auto",
    off: bool = False,
    common: Common = DEFAULT,
) -> int:
    """Add or change a unit: the tags of an area, or tags of your choice. Its detector is trained anew.

    Parameters
    ----------
    name:
        Name of the unit.
    area:
        An area; its tags and those of the areas below it.
    tag:
        A tag, can be given several times.
    interval:
        Grid: whole minutes that divide a day (1m, 5m), or "auto": found from the data.
    off:
        Do not watch it.
    """
    if (area is None) == (not tag):
        raise KnownError("anomalies.members", N_("Give either --area or --tag."))
    interval_s = None if interval == "auto" else seconds(interval)
    if interval_s is not None and (interval_s < 60 or interval_s % 60 or 86_400 % interval_s):
        raise KnownError(
            "models.interval", N_("The interval must be whole minutes and divide a day, not {n} s."), n=interval_s
        )
    asyncio.run(_set_unit(common.load(), name, area, tag or [], interval_s, not off))
    return 0


async def _listed(loaded: LoadedSettings, days: float, active: bool) -> list[Anomaly]:
    async with database(loaded) as db:
        return await anomalies.listed(db, since_ns=time.time_ns() - round(days * DAY), active_only=active)


async def _train(loaded: LoadedSettings, names: list[str]) -> list[Group]:
    async with database(loaded) as db:
        with processes() as executor:
            await anomaly_training.train_named(db, names, now_ns=time.time_ns(), executor=executor)
        return [group for group in await anomalies.groups(db) if not names or group.name in names]


async def _set_unit(
    loaded: LoadedSettings, name: str, area: str | None, tags: list[str], interval_s: int | None, enabled: bool
) -> None:
    async with database(loaded) as db:
        ids = [await sensor_of(db, tag) for tag in tags]
        await anomaly_groups.set_group(
            db, name, area=area, sensor_ids=ids, interval_s=interval_s, enabled=enabled, station="ksys"
        )


def _table(found: list[Anomaly]) -> Table:
    made = Table(*(tr(head) for head in COLUMNS))
    for one in found:
        tags = one.tag or ", ".join(f"{tag} {100 * share:.0f} %" for tag, share in one.shares[:_NAMED])
        kind = tr(anomaly_words.KINDS[one.kind])
        made.add_row(_moment(one.since_ns), _moment(one.until_ns), one.group, tags, kind, f"{one.score:.1f}")
    return made


def _units(groups: list[Group]) -> Table:
    made = Table(*(tr(head) for head in UNIT_COLUMNS))
    for group in groups:
        state = tr(group.error) if group.error else tr(anomaly_words.WATCHES)
        made.add_row(
            group.name,
            str(len(group.sensor_ids)),
            _moment(group.trained_ns),
            state if group.enabled else tr(anomaly_words.DISABLED),
        )
    return made


def _moment(ns: int | None) -> str:
    return "" if ns is None else f"{to_datetime(ns):%Y-%m-%d %H:%M} UTC"
