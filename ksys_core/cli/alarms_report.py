"""`ksys alarms report`: the key figures of a period as a page or a workbook."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.domain.times import DAY, to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms_report import AlarmReport, alarm_report
from ksys_core.services.alarms_report_file import renderer, write_report
from ksys_core.settings_sources import LoadedSettings

_DAYS = 30


def command(
    file: Path,
    *,
    begin: Annotated[datetime | None, Parameter(name="--from")] = None,
    end: Annotated[datetime | None, Parameter(name="--to")] = None,
    area: str | None = None,
    json_output: JsonFlag = False,
    common: Common = DEFAULT,
) -> int:
    """Write the alarm report: key figures with targets, their course, the most frequent alarms, actions.

    Parameters
    ----------
    file:
        Where to write it: .html (prints on A4) or .xlsx.
    begin:
        First day or instant, in the plant's zone; 30 days before the end when it is not given.
    end:
        Last day (whole) or instant, in the plant's zone; now when it is not given.
    area:
        Only alarms of this area and what lies below it.
    json_output:
        Print a JSON object: where it was written and how much there is in it.
    """
    loaded = common.load()
    stop = time.time_ns() if end is None else instant(end, loaded.settings.zone, whole_day=True)
    start = stop - _DAYS * DAY if begin is None else instant(begin, loaded.settings.zone, whole_day=False)
    report = asyncio.run(_write(loaded, file, start, stop, area))
    if json_output:
        count, days = report.kpis.rates.count, round(report.kpis.days, 3)
        print(json.dumps({"file": str(file), "annunciations": count, "days": days}))
    else:
        print(tr(N_("{file} written: {n} annunciations."), file=file, n=report.kpis.rates.count))
        if report.too_little:
            print(report.too_little)
    return 0


def instant(given: datetime, zone: ZoneInfo, *, whole_day: bool) -> int:
    """A time as typed, in ns UTC; a date alone means its midnight, or that after it when the day counts as a whole."""
    if whole_day and given.time() == datetime.min.time():
        given += timedelta(days=1)
    return to_ns(given if given.tzinfo else given.replace(tzinfo=zone))


async def _write(loaded: LoadedSettings, file: Path, start: int, stop: int, area: str | None) -> AlarmReport:
    if stop <= start:
        raise KnownError("alarm.period", N_("The period ends before it begins."))
    renderer(file)
    async with database(loaded) as db:
        zone = loaded.settings.zone
        report = await alarm_report(db, start=start, stop=stop, area=area, zone=zone, now=time.time_ns())
    await write_report(report, file)
    return report
