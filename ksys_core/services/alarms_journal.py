"""The alarm journal: pages of it, and all of it as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.domain.alarms.reasons import journal_words
from ksys_core.domain.alarms.units import value_unit
from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import to_datetime
from ksys_core.i18n import N_, tr
from ksys_core.services.table_cells import Cell
from ksys_core.services.table_files import new_table
from ksys_core.store import alarms_journal_pages as pages
from ksys_core.store.alarms_journal_pages import JournalEntry, JournalFilter, Key, actors
from ksys_core.store.alarms_seals import Verdict, seal, verify
from ksys_core.store.pool import Database
from ksys_core.store.sensors import all_sensors

__all__ = [
    "JournalEntry",
    "JournalFilter",
    "JournalPage",
    "Key",
    "Verdict",
    "actors",
    "export",
    "find_page",
    "journal",
    "seal",
    "verify",
]

ANY: Final = JournalFilter()
_CHUNK: Final = 5000
_COLUMNS: Final = (
    N_("Time (UTC)"),
    N_("Time ({zone})"),
    N_("Detected (UTC)"),
    N_("Tag"),
    N_("Description"),
    N_("Area"),
    N_("Kind of alarm"),
    N_("Event"),
    N_("Priority"),
    N_("Value"),
    N_("Limit"),
    N_("Unit"),
    N_("State before"),
    N_("State after"),
    N_("Occurrence"),
    N_("Who"),
    N_("Station"),
    N_("Reason"),
    N_("Entry number"),
)


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Entries, newest first, and the key after which the next page begins (None: this is the last)."""

    entries: tuple[JournalEntry, ...]
    after: Key | None

    @property
    def top(self) -> Key | None:
        """The key just above its first entry: pages that are counted from there stay when newer entries come."""
        return (self.entries[0].source, self.entries[0].event_id + 1) if self.entries else None


async def journal(
    db: Database, before_key: Key | None = None, limit: int = 20, filters: JournalFilter = ANY
) -> JournalPage:
    """A page of the journal: as fast at the end of millions of rows as at the beginning."""
    entries = await pages.page(db, before_key, limit + 1, filters)
    shown = entries[:limit]
    more = len(entries) > limit
    return JournalPage(tuple(shown), (shown[-1].source, shown[-1].event_id) if more else None)


async def find_page(
    db: Database, starts: Mapping[int, Key | None], number: int | None, size: int, only: JournalFilter
) -> tuple[int, Key | None]:
    """Number (from 0) and key of page `number` or, where there are not so many or it is None, of the last page.

    `starts` are the keys of pages that are known, with that of the first (0); the nearest is gone on from.
    """
    if number is None:
        return await _last_page(db, starts, size, only)
    nearest = max(known for known in starts if known <= number)
    if nearest == number:
        return number, starts[nearest]
    key = await pages.skip(db, starts[nearest], (number - nearest) * size, only)
    beyond = key is None or not await pages.page(db, key, 1, only)
    return await _last_page(db, starts, size, only) if beyond else (number, key)


async def _last_page(
    db: Database, starts: Mapping[int, Key | None], size: int, only: JournalFilter
) -> tuple[int, Key | None]:
    """Counted on from the furthest page that is known: what came since then, new or late, moves none of these.

    Its key is found from the oldest entry on, where nothing comes while it is looked for.
    """
    furthest = max(starts)
    rest = max(await pages.count(db, starts[furthest], only) - 1, 0)
    if rest < size:
        return furthest, starts[furthest]
    return furthest + rest // size, await pages.above_oldest(db, rest % size + 1, only)


async def export(
    db: Database, *, only: JournalFilter, path: Path, zone: ZoneInfo, progress: Callable[[float], None]
) -> int:
    """Write every entry that `only` lets through to a CSV or XLSX file, newest first; the number of rows.

    The file appears only when it is whole: cancelling leaves nothing behind. `progress` gets the share done, 0 to 1.

    Raises:
        KnownError: the file can't be written, or its name has another ending.
    """
    sensors = {sensor.sensor_id: sensor for sensor in await all_sensors(db)}
    total, rows = await pages.count(db, None, only), 0
    head = [tr(column, zone=zone.key) if "{zone}" in column else tr(column) for column in _COLUMNS]
    async with new_table(path, head, tr("Alarm journal")) as table:
        key: Key | None = None
        while True:
            entries = await pages.page(db, key, _CHUNK, only)
            await table.write(_cells(entry, sensors.get(entry.sensor_id), zone) for entry in entries)
            rows += len(entries)
            progress(min(rows / total, 1.0) if total else 1.0)
            if len(entries) < _CHUNK:
                break
            key = entries[-1].source, entries[-1].event_id
    return rows


def _cells(entry: JournalEntry, sensor: Sensor | None, zone: ZoneInfo) -> list[Cell]:
    source = to_datetime(entry.source)
    return [
        source.isoformat(sep=" "),
        source.astimezone(zone).isoformat(sep=" "),
        to_datetime(entry.detected).isoformat(sep=" "),
        entry.tag,
        tr.pick(dict(sensor.description)) if sensor else "",
        entry.area,
        entry.alarm_kind,
        entry.kind,
        entry.priority,
        entry.value,
        entry.limit,
        value_unit(entry.alarm_kind, sensor.unit) if sensor else "",
        entry.isa_from,
        entry.isa_to,
        entry.occurrence,
        entry.actor,
        entry.station,
        journal_words(entry.kind, entry.reason),
        entry.event_id,
    ]
