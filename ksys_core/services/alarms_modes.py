"""Modes of the alarm system: the flood that lasts, areas under maintenance. Kind "alarm_modes" tells of changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ksys_core.domain.alarms.kpis import WINDOW, Flood, floods
from ksys_core.domain.times import DAY, HOUR
from ksys_core.store.alarms_modes import (
    FloodAlarm,
    FloodNow,
    Maintenance,
    annunciations,
    current_flood,
    end_maintenance,
    maintenance,
    newest_flood,
    record_floods,
    start_maintenance,
)
from ksys_core.store.pool import Database

__all__ = [
    "FloodAlarm",
    "FloodNow",
    "FloodWatch",
    "Maintenance",
    "current_flood",
    "end_maintenance",
    "maintenance",
    "start_maintenance",
]

LOOK_BACK_FIRST: Final = DAY
LOOK_BACK: Final = HOUR


class FloodWatch:
    """Keeps ``alarm_floods`` up to date from the journal; called on a timer, for a flood ends without any event.

    It works from the journal alone, so an outage or a restart neither loses a flood nor records one twice.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._look_back = LOOK_BACK_FIRST

    async def check(self, now: int) -> bool:
        """Record floods up to `now` (ns): at most a day back at first, then an hour. Tells whether one changed."""
        newest = await newest_flood(self._db)
        after = now - self._look_back
        if newest is not None:
            start, end = newest
            after = start - WINDOW if end is None else max(after, end - WINDOW)
        t, alarm = await annunciations(self._db, after)
        past = t <= now
        found = _continued(floods(t[past], alarm[past], now), newest)
        self._look_back = LOOK_BACK
        return bool(found) and await record_floods(self._db, found)


def _continued(found: list[Flood], newest: tuple[int, int | None] | None) -> list[Flood]:
    """What is on record stays, also when annunciations were stored late: the start of what lasts, the end of others."""
    if newest is None or not found:
        return found
    start, end = newest
    if end is None:
        return [replace(found[0], start=start), *found[1:]]
    return [flood for flood in found if flood.start > end]
