"""Importing tables of readings: what is good is stored, the rest is told with its line and reason.

Doing it again changes nothing, so an import that was stopped is taken up by starting it again.
"""

from __future__ import annotations

import asyncio
import difflib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import SECOND
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.services import virtual_tags
from ksys_core.sources.tabular.layout import Options
from ksys_core.sources.tabular.reader import Piece, TableReader
from ksys_core.sources.tabular.rejects import RejectFile
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, all_sensors, upsert_sensors

_TAKES_IMPORTS: Final = ("field", "import")


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What to do with a file.

    Attributes:
        zone: of times without an offset.
        create: make the tags that are not known.
        prefix: put before every tag name.
        rename: tag or header in the file to tag in the database (before the prefix).
        unit: of new tags whose header names none.
        reject_file: made only when something is rejected.
    """

    zone: ZoneInfo
    reject_file: Path
    table: Options = field(default_factory=Options)
    create: bool = False
    prefix: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""


@dataclass(slots=True)
class ImportSummary:
    """What has been done so far, and at the end."""

    path: Path
    size: int = 0
    position: int = 0
    rows: int = 0
    readings: int = 0
    inserted: int = 0
    corrected: int = 0
    unchanged: int = 0
    gaps: int = 0
    rejects: int = 0
    reject_file: Path | None = None
    tags: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    first_ns: int | None = None
    last_ns: int | None = None
    seconds: float = 0.0


async def import_table(
    db: Database, path: Path, plan: ImportPlan, progress: Callable[[ImportSummary], None] = lambda _: None
) -> ImportSummary:
    """Store the readings of a file; `progress` is told after each piece.

    Every piece is stored whole or not at all. Readings that are there already stay, other values correct them.

    Raises:
        KnownError: the file can't be read, or it has tags that are not known (`plan.create` is off).
    """
    begun = time.monotonic()
    names = TagNames(db, plan, await all_sensors(db))
    reader = await asyncio.to_thread(TableReader, path, plan.zone, plan.table, names.known_in_long())
    names.check_columns(reader)
    summary = ImportSummary(path, size=reader.size)
    pieces = reader.pieces()
    upcoming = _next(pieces)
    with RejectFile(plan.reject_file) as reject_file:
        while (piece := await upcoming) is not None:
            upcoming = _next(pieces)
            reject_file.write(piece.rejects)
            ids = await names.resolve(reader, piece, summary)
            _count(summary, piece)
            result = await ingest(db, ReadingBatch.of(ids[piece.tag], piece.t, piece.v, piece.quality))
            summary.inserted += result.inserted
            summary.corrected += result.corrected
            summary.unchanged += result.unchanged
            summary.rejects, summary.seconds = reject_file.count, time.monotonic() - begun
            progress(summary)
        summary.reject_file = plan.reject_file if reject_file.count else None
    if summary.first_ns is not None and summary.last_ns is not None and summary.inserted + summary.corrected:
        await virtual_tags.follow(db, summary.tags, summary.first_ns, summary.last_ns)
    return summary


def _next(pieces: Iterator[Piece]) -> asyncio.Task[Piece | None]:
    return asyncio.create_task(asyncio.to_thread(next, pieces, None))


def _count(summary: ImportSummary, piece: Piece) -> None:
    summary.position = piece.position
    summary.rows += piece.rows
    summary.readings += len(piece.t)
    summary.gaps += piece.gaps
    if len(piece.t):
        first, last = int(piece.t.min()), int(piece.t.max())
        summary.first_ns = first if summary.first_ns is None else min(summary.first_ns, first)
        summary.last_ns = last if summary.last_ns is None else max(summary.last_ns, last)


class TagNames:
    """From the names in a file to tags of the database."""

    def __init__(self, db: Database, plan: ImportPlan, sensors: Sequence[Sensor]) -> None:
        self._db = db
        self._plan = plan
        self._sensors = {sensor.tag: sensor for sensor in sensors}
        self._ids = np.empty(0, np.int32)

    def known_in_long(self) -> frozenset[str] | None:
        """Names a long file may use; None: any, they are created."""
        if self._plan.create:
            return None
        prefix = self._plan.prefix
        plain = {tag.removeprefix(prefix) for tag in self._sensors if tag.startswith(prefix)}
        return frozenset(plain | {name for name, tag in self._plan.rename.items() if prefix + tag in self._sensors})

    def check_columns(self, reader: TableReader) -> None:
        """Raise KnownError for columns that mean the same tag or, unless tags are created, an unknown one."""
        if reader.layout.kind == "long":
            return
        tags = [self._tag(reader, i)[0] for i in range(len(reader.tags))]
        doubled = next((tag for i, tag in enumerate(tags) if tag in tags[:i]), None)
        if doubled is not None:
            text = N_("Two columns of {path} mean the tag {tag}. Tell them apart with --rename.")
            raise KnownError("import.same_tag", text, path=reader.path, tag=doubled)
        unknown = [tag for tag in tags if tag not in self._sensors]
        if unknown and not self._plan.create:
            self._refuse(unknown)

    async def resolve(self, reader: TableReader, piece: Piece, summary: ImportSummary) -> npt.NDArray[np.int32]:
        """sensor_id of each of the reader's tags, after creating those that are new."""
        fresh = range(len(self._ids), len(reader.tags))
        if fresh:
            names = [self._tag(reader, i) for i in fresh]
            self._check_origins([tag for tag, _ in names])
            wanted = [
                NewSensor(tag, unit=unit, origin="import", interval_s=_interval(piece, i))
                for i, (tag, unit) in zip(fresh, names, strict=True)
            ]
            ids = await upsert_sensors(self._db, wanted, overwrite=False)
            summary.tags += [sensor.tag for sensor in wanted]
            summary.created += [sensor.tag for sensor in wanted if sensor.tag not in self._sensors]
            self._ids = np.append(self._ids, np.array([ids[tag] for tag, _ in names], dtype=np.int32))
        return self._ids

    def _tag(self, reader: TableReader, i: int) -> tuple[str, str]:
        """Tag and unit: the whole header when there is such a tag, else the header without its unit."""
        prefix, rename = self._plan.prefix, self._plan.rename
        column, header = reader.column(i), reader.tags[i]
        name, unit = (column.name, column.unit or self._plan.unit) if column else (header, self._plan.unit)
        for candidate in (header, name):
            if candidate in rename:
                return prefix + rename[candidate], unit
        return (prefix + header if prefix + header in self._sensors else prefix + name), unit

    def _check_origins(self, tags: Sequence[str]) -> None:
        for tag in tags:
            sensor = self._sensors.get(tag)
            if sensor is not None and sensor.origin not in _TAKES_IMPORTS:
                raise KnownError(
                    "import.origin",
                    N_("The tag {tag} has the origin {origin} and takes no imports. Use --prefix or --rename."),
                    tag=tag,
                    origin=sensor.origin,
                )

    def _refuse(self, unknown: Sequence[str]) -> None:
        parts = []
        for tag in unknown[:5]:
            near = difflib.get_close_matches(tag, self._sensors, n=1, cutoff=0.3)
            parts.append(f"{tag} (~ {near[0]})" if near else tag)
        raise KnownError(
            "import.unknown_tags",
            N_("Unknown tags, {count} in all: {tags}. Create them with --create, or map them with --rename."),
            count=len(unknown),
            tags=", ".join(parts),
        )


def _interval(piece: Piece, tag: int) -> float | None:
    """Usual seconds between the readings of a tag, None when there are too few to tell."""
    steps = np.diff(np.sort(piece.t[piece.tag == tag]))
    steps = steps[steps > 0]
    return float(np.median(steps)) / SECOND if len(steps) >= 3 else None
