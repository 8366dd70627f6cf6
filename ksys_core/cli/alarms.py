"""`ksys alarms`: print and check the journal, key figures, the report, trying out definitions, the master table."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from typing import Final

from cyclopts import App

from ksys_core.cli import (
    alarms_compare,
    alarms_journal,
    alarms_note_classes,
    alarms_own_approval,
    alarms_report,
    alarms_table,
    alarms_what_if,
)
from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.domain.times import DAY
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms import journal_breaks
from ksys_core.services.alarms_kpis import AlarmKpis, alarm_kpis
from ksys_core.settings_sources import LoadedSettings

app = App(
    name="ksys alarms", help="Alarms: journal, key figures, trying out definitions, the master alarm table as a file."
)
app.command(alarms_what_if.command, name="what-if")
app.command(alarms_report.command, name="report")
app.command(alarms_journal.journal, name="journal")
app.command(alarms_journal.verify, name="verify")
app.command(alarms_table.export, name="export")
app.command(alarms_table.import_, name="import")
app.command(alarms_compare.command, name="compare")
app.command(alarms_own_approval.command, name="own-approval")
app.command(alarms_note_classes.command, name="note-classes")

_LINES: Final = (
    N_("{count} annunciations: {per_day:.1f} a day, {per_hour:.2f} an hour, {per_10min:.2f} in ten minutes"),
    N_("Peak: {peak} in ten minutes; {floods} floods, {in_flood:.2f} % of the time"),
    N_(
        "Ten most frequent alarms: {top_load:.1f} % of all; chattering {chattering}, fleeting {fleeting}, stale {stale}"
    ),
    N_("Standing {standing:.1f}, shelved {shelved:.1f} on average"),
)


@app.command
def check(*, json_output: JsonFlag = False, common: Common = DEFAULT) -> int:
    """Compare every alarm's state with what its journal leads to; exit status 1 when they differ.

    Parameters
    ----------
    json_output:
        Print a JSON object.
    """
    broken = asyncio.run(_check(common.load()))
    if json_output:
        print(json.dumps({"broken": broken}))
    elif broken:
        print(tr(N_("The journal does not lead to the state of these alarms: {ids}"), ids=", ".join(map(str, broken))))
    else:
        print(tr(N_("The journal leads to the state of every alarm.")))
    return 1 if broken else 0


@app.command(name="kpis")
def key_figures(
    *, days: float = 30, area: str | None = None, json_output: JsonFlag = False, common: Common = DEFAULT
) -> int:
    """Print key figures of the last days.

    Parameters
    ----------
    days:
        Length of the period; at least 30 for means that say something.
    area:
        Only alarms of this area and what lies below it.
    json_output:
        Print a JSON object.
    """
    if days <= 0:
        raise KnownError("alarm.days", N_("The number of days must be greater than zero."))
    found = asyncio.run(_figures(common.load(), days, area))
    if json_output:
        print(json.dumps(dataclasses.asdict(found)))
        return 0
    fields = {
        **dataclasses.asdict(found.rates),
        **{name: getattr(found, name) for name in ("in_flood", "top_load", "stale", "standing", "shelved")},
        "floods": len(found.floods),
        "chattering": len(found.chattering),
        "fleeting": len(found.fleeting),
    }
    print("\n".join(tr(line, **fields) for line in _LINES))
    return 0


async def _check(loaded: LoadedSettings) -> list[int]:
    async with database(loaded) as db:
        return await journal_breaks(db)


async def _figures(loaded: LoadedSettings, days: float, area: str | None) -> AlarmKpis:
    stop = time.time_ns()
    async with database(loaded) as db:
        return await alarm_kpis(db, start=stop - round(days * DAY), stop=stop, area=area)
