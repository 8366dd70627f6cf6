"""The alarm report of each day, kept by the service: what was announced, and what has been hidden for too long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.i18n import Language, tr
from ksys_core.services.alarms_report import alarm_report
from ksys_core.services.alarms_report_file import not_written, write_report
from ksys_core.store.alarms_register import journal_begin
from ksys_core.store.pool import Database

ReportKind = Literal["html", "xlsx"]
_NAME: Final = re.compile(r"alarms_(\d{8})\.(html|xlsx)")


@dataclass(frozen=True, slots=True)
class DailyReports:
    """Where the reports lie and how they are written; those of more than `keep_days` days ago are deleted."""

    folder: Path
    kind: ReportKind
    language: Language
    keep_days: int


async def write_daily(db: Database, reports: DailyReports, *, clock: Callable[[], int], zone: ZoneInfo) -> int:
    """Write the report of the day before, in the plant's zone, unless it is there; gives the files written or deleted.

    Run as often as you like: what failed is tried again, and after an outage the newest report comes late, not never.
    A day before the journal began has none.
    """
    now = clock()
    today = to_datetime(now).astimezone(zone).date()
    day = today - timedelta(days=1)
    path = reports.folder / f"alarms_{day:%Y%m%d}.{reports.kind}"
    changed, there = await asyncio.to_thread(_look, path, today - timedelta(days=reports.keep_days))
    start, stop = (to_ns(datetime.combine(each, time(), zone)) for each in (day, today))
    begin = await journal_begin(db)
    if there or begin is None or begin >= stop:
        return changed
    report = await alarm_report(db, start=start, stop=stop, area=None, zone=zone, now=now)
    with tr.speaking(reports.language):
        await write_report(report, path)
    return changed + 1


def _look(path: Path, oldest: date) -> tuple[int, bool]:
    """Make the folder of `path` and delete reports of days before `oldest`: how many, and whether `path` is there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        old = [each for each in path.parent.iterdir() if _is_before(each.name, oldest)]
        for each in old:
            each.unlink(missing_ok=True)
        return len(old), path.exists()
    except OSError as error:
        raise not_written(path, error) from error


def _is_before(name: str, oldest: date) -> bool:
    found = _NAME.fullmatch(name)
    return found is not None and found[1] < f"{oldest:%Y%m%d}"
