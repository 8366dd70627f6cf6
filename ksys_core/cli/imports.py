"""`ksys import`: readings from files."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.cli.table_options import TABLE, TableOptions
from ksys_core.domain.times import to_datetime
from ksys_core.errors import KnownError
from ksys_core.i18n import N_, tr
from ksys_core.services import rollups
from ksys_core.services.imports import ImportPlan, ImportSummary, import_table
from ksys_core.settings_sources import LoadedSettings

app = App(name="ksys import", help="Import readings from files.")


@app.command(name="csv")
def csv_files(
    *files: Path,
    create: bool = False,
    prefix: str = "",
    rename: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    unit: str = "",
    reject_file: Path | None = None,
    json_output: JsonFlag = False,
    table: TableOptions = TABLE,
    common: Common = DEFAULT,
) -> int:
    """Import CSV files: a time column and one column a tag, or one row a reading.

    Bad rows go to a reject file with their lines and reasons, good ones are stored. Doing it again changes nothing,
    so a stopped import is taken up by the same command. At the end the roll-ups are brought up to date.

    Parameters
    ----------
    files:
        Files to import, one after another.
    create:
        Create tags that are not known.
    prefix:
        Put before every tag name.
    rename:
        NAME=TAG: the column (or tag of a long file) NAME is TAG; may be given several times.
    unit:
        Unit of new tags whose header names none.
    reject_file:
        Where rejected rows go; else <file>.rejects.csv in the current folder.
    json_output:
        Print the summary as one JSON object a file, and no progress.
    """
    if not files:
        raise KnownError("import.no_files", N_("Name the files to import."))
    if reject_file is not None and len(files) > 1:
        raise KnownError("import.one_reject_file", N_("--reject-file goes with one file only."))
    loaded = common.load()
    plan = ImportPlan(
        zone=table.zone_of(loaded),
        reject_file=reject_file or Path(),
        table=table.options(),
        create=create,
        prefix=prefix,
        rename=_renames(rename),
        unit=unit,
    )
    asyncio.run(_import_all(loaded, files, plan, json_output))
    return 0


async def _import_all(loaded: LoadedSettings, files: tuple[Path, ...], plan: ImportPlan, json_output: bool) -> None:
    async with database(loaded) as db:
        for path in files:
            own = plan
            if plan.reject_file == Path():
                own = dataclasses.replace(plan, reject_file=Path(f"{path.stem}.rejects.csv"))
            with _progress(path, shown=not json_output and sys.stderr.isatty()) as progress:
                summary = await import_table(db, path, own, progress)
            print(json.dumps(_as_json(summary), ensure_ascii=False) if json_output else _told(summary), flush=True)
        await rollups.run(db, clock=time.time_ns)


def _renames(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, sign, tag = pair.partition("=")
        if not (sign and name and tag):
            raise KnownError("import.rename", N_('--rename takes NAME=TAG, not "{pair}".'), pair=pair)
        found[name] = tag
    return found


@contextmanager
def _progress(path: Path, shown: bool) -> Iterator[Callable[[ImportSummary], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, TextColumn("{task.fields[speed]}"), TimeRemainingColumn(), console=console, disable=not shown
    ) as bar:
        task = bar.add_task(path.name, speed="")

        def update(summary: ImportSummary) -> None:
            speed = summary.readings / max(summary.seconds, 1e-3)
            told = tr(N_("{speed} readings/s"), speed=f"{speed:,.0f}")
            bar.update(task, total=summary.size, completed=summary.position, speed=told)

        yield update


def _when(ns: int | None) -> datetime | None:
    return None if ns is None else to_datetime(ns)


def _as_json(summary: ImportSummary) -> dict[str, object]:
    first, last = _when(summary.first_ns), _when(summary.last_ns)
    return {
        "file": str(summary.path),
        "rows": summary.rows,
        "readings": summary.readings,
        "inserted": summary.inserted,
        "corrected": summary.corrected,
        "unchanged": summary.unchanged,
        "gaps": summary.gaps,
        "rejects": summary.rejects,
        "reject_file": str(summary.reject_file) if summary.reject_file else None,
        "tags": summary.tags,
        "created": summary.created,
        "first": first.isoformat() if first else None,
        "last": last.isoformat() if last else None,
        "seconds": round(summary.seconds, 3),
    }


def _told(summary: ImportSummary) -> str:
    first, last = _when(summary.first_ns), _when(summary.last_ns)
    lines = [
        tr(
            N_("{file}: {rows} rows, {tags} tags ({created} new), {first} to {last} UTC"),
            file=summary.path.name,
            rows=f"{summary.rows:,}",
            tags=len(summary.tags),
            created=len(summary.created),
            first=f"{first:%Y-%m-%d %H:%M:%S}" if first else "-",
            last=f"{last:%Y-%m-%d %H:%M:%S}" if last else "-",
        ),
        tr(
            N_("  {inserted} new readings, {corrected} corrected, {unchanged} there already, {gaps} gaps, {seconds} s"),
            inserted=f"{summary.inserted:,}",
            corrected=f"{summary.corrected:,}",
            unchanged=f"{summary.unchanged:,}",
            gaps=f"{summary.gaps:,}",
            seconds=f"{summary.seconds:.1f}",
        ),
    ]
    if summary.reject_file:
        text = N_("  {count} rejected, see {file}")
        lines.append(tr(text, count=f"{summary.rejects:,}", file=summary.reject_file))
    return "\n".join(lines)
