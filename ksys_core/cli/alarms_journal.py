"""`ksys alarms journal`: print the newest entries, or write all of them to a file."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cyclopts import Parameter
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.domain.alarms.definition import AlarmKind
from ksys_core.domain.alarms.reasons import journal_words
from ksys_core.domain.times import DAY, to_datetime
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import alarms_journal
from ksys_core.services.alarms_journal import JournalEntry, JournalFilter, Verdict
from ksys_core.settings_sources import LoadedSettings

_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
@Parameter(name="*")
class Only:
    """Which entries; what is not given is any. Tags, priorities, events and kinds may be given several times.

    Attributes:
        days: only the last so many days.
        tag: only this tag.
        area: only this area and what lies below it.
        priority: only this priority, 1 to 4.
        event: only this kind of event, such as ACT or ACK.
        kind: only this kind of alarm, such as HH.
        actor: only what this person did, by login.
        text: only entries with these words in tag, description, person, reason or station.
    """

    days: float | None = None
    tag: list[str] | None = None
    area: str | None = None
    priority: list[int] | None = None
    event: list[str] | None = None
    kind: list[AlarmKind] | None = None
    actor: str | None = None
    text: str | None = None

    @property
    def filter(self) -> JournalFilter:
        """The same for the journal."""
        return JournalFilter(
            start=None if self.days is None else time.time_ns() - round(self.days * DAY),
            tags=self.tag,
            area=self.area,
            priorities=self.priority,
            kinds=None if self.event is None else [each.upper() for each in self.event],
            alarm_kinds=self.kind,
            actor=self.actor,
            text=self.text,
        )


EVERYTHING: Final = Only()


def journal(
    *,
    only: Only = EVERYTHING,
    limit: int = 20,
    export: Path | None = None,
    json_output: JsonFlag = False,
    common: Common = DEFAULT,
) -> int:
    """Print the newest entries of the alarm journal, or write every entry to a file.

    Parameters
    ----------
    limit:
        How many entries are printed.
    export:
        Write all of them to this file instead; .csv or .xlsx.
    json_output:
        Print a JSON object a line.
    """
    if not 1 <= limit <= _MOST:
        raise KnownError("journal.limit", N_("Between 1 and 100000 entries can be printed; write more with --export."))
    loaded = common.load()
    if export is not None:
        rows = asyncio.run(_export(loaded, only.filter, export))
        print(tr("{n} rows written to {file}", n=rows, file=export.name))
        return 0
    entries = asyncio.run(_entries(loaded, only.filter, limit))
    if json_output:
        for entry in entries:
            print(json.dumps(dataclasses.asdict(entry), ensure_ascii=False))
    elif entries:
        _print(entries, loaded)
    else:
        print(tr("No entry matches the filter."))
    return 0


def verify(*, json_output: JsonFlag = False, common: Common = DEFAULT) -> int:
    """Check the journal against its seals; exit status 1 when entries were changed, removed or slipped in.

    Parameters
    ----------
    json_output:
        Print a JSON object.
    """
    loaded = common.load()
    found = asyncio.run(_verify(loaded))
    if json_output:
        print(json.dumps(dataclasses.asdict(found)))
    elif found.broken is not None:
        first, last, at = found.broken
        moment = to_datetime(at).astimezone(loaded.settings.zone)
        text = N_("The journal was changed between the entries {first} and {last}, after {at} when they were sealed.")
        print(tr(text, first=first, last=last, at=f"{moment:%Y-%m-%d %H:%M:%S %Z}"))
    else:
        print(tr(N_("{entries} entries under {seals} seals are as they were written."), **_counts(found)))
        print(tr(N_("Newest seal (keep it elsewhere): {head}"), head=found.head or "-"))
    return 0 if found.broken is None else 1


def _counts(found: Verdict) -> dict[str, int]:
    return {"entries": found.entries, "seals": found.seals}


async def _verify(loaded: LoadedSettings) -> Verdict:
    async with database(loaded) as db:
        return await alarms_journal.verify(db)


async def _entries(loaded: LoadedSettings, only: JournalFilter, limit: int) -> tuple[JournalEntry, ...]:
    async with database(loaded) as db:
        return (await alarms_journal.journal(db, None, limit, only)).entries


async def _export(loaded: LoadedSettings, only: JournalFilter, path: Path) -> int:
    async with database(loaded) as db:
        with Progress(transient=True, console=Console(stderr=True)) as shown:
            task = shown.add_task(path.name, total=1.0)
            return await alarms_journal.export(
                db,
                only=only,
                path=path,
                zone=loaded.settings.zone,
                progress=lambda share: shown.update(task, completed=share),
            )


def _print(entries: tuple[JournalEntry, ...], loaded: LoadedSettings) -> None:
    zone = loaded.settings.zone
    titles = (N_("Time"), N_("P"), N_("Event"), N_("Tag"), N_("Kind"), N_("Value"), N_("Who"), N_("Reason"))
    table = Table(*(tr(title) for title in titles), caption=zone.key)
    for entry in entries:
        cells = (
            f"{to_datetime(entry.source).astimezone(zone):%Y-%m-%d %H:%M:%S}",
            str(entry.priority),
            entry.kind,
            entry.tag,
            entry.alarm_kind,
            "" if entry.value is None else f"{entry.value:g}",
            entry.actor,
            journal_words(entry.kind, entry.reason),
        )
        table.add_row(*(Text(cell) for cell in cells))  # texts of people are no markup
    Console().print(table)
