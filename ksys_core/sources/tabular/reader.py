"""Reading a table of readings in pieces: arrays of what is good, a list of what is not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import BAD, GOOD, UNCERTAIN, QualityArray
from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.domain.times import SECOND
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.sources.tabular import rejects
from ksys_core.sources.tabular.instants import TimeFormat, detect_format, given_format
from ksys_core.sources.tabular.layout import Column, Layout, Options, detect_layout
from ksys_core.sources.tabular.localtime import WallClock
from ksys_core.sources.tabular.numbers import parse_numbers
from ksys_core.sources.tabular.rejects import Reject

CELLS_PER_PIECE: Final = 100_000
_FORMAT_SAMPLE: Final = 2_000
_DIRECTION_SAMPLE: Final = 2_000
_EARLIEST: Final = -2_208_988_800 * SECOND  # 1900
_LATEST: Final = 4_102_444_800 * SECOND  # 2100
_NO_TAG: Final = -1
_UNKNOWN: Final = -2
_QUALITY_NAMES: Final = {"GOOD": GOOD, "UNCERTAIN": UNCERTAIN, "BAD": BAD}

Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Readings of some rows in the order of the file.

    Attributes:
        tag: int32, place in the reader's `tags`.
        t: int64 ns UTC. v: float64. quality: uint8.
        rows: rows of the file in this piece; `gaps`: empty cells.
        position: bytes of the file read so far.
    """

    tag: npt.NDArray[np.int32]
    t: TimeArray
    v: ValueArray
    quality: QualityArray
    rejects: list[Reject]
    rows: int
    gaps: int
    position: int


@dataclass(eq=False)
class TableReader:
    """One file, read from its beginning by `pieces`.

    Attributes:
        known: the tags a long file may name, others are rejected; None: any.
        tags: headers of the value columns of a wide file, or the tags of a long one met so far.
    """

    path: Path
    zone: ZoneInfo
    options: Options = field(default_factory=Options)
    known: frozenset[str] | None = None

    def __post_init__(self) -> None:
        self.layout: Layout = detect_layout(self.path, self.options)
        self.tags: list[str] = [column.header for column in self.layout.columns]
        self._index: dict[str, int] = {tag: i for i, tag in enumerate(self.tags)}
        self.size = self.path.stat().st_size
        given = self.options.time_format
        self.format: TimeFormat = given_format(given) if given else detect_format(self._times())
        self._clock = WallClock(self.zone, self._descending())

    def column(self, tag: int) -> Column | None:
        """The column of a wide file's tag."""
        return self.layout.columns[tag] if self.layout.kind == "wide" else None

    def pieces(self) -> Iterator[Piece]:
        """The whole file.

        Raises:
            KnownError: the text breaks off inside quotes or a cell is absurdly long.
        """
        for rows, position in self._rows(max(1, CELLS_PER_PIECE // self.layout.width)):
            yield self._wide(rows, position) if self.layout.kind == "wide" else self._long(rows, position)

    def _rows(self, size: int) -> Iterator[tuple[Rows, int]]:
        raw = io.BufferedReader(self.path.open("rb", buffering=0), 1 << 18)
        with io.TextIOWrapper(raw, self.layout.encoding, errors="replace", newline="") as text:
            for _ in range(self.layout.header_line - 1):
                text.readline()
            reader = csv.reader(text, delimiter=self.layout.delimiter)
            first = self.layout.header_line
            try:
                next(reader)
                while rows := list(self._numbered(islice(reader, size), reader, first)):
                    yield [row for row in rows if row[1]], raw.tell()
            except csv.Error as error:
                line = first + reader.line_num - 1
                raise KnownError(
                    "import.csv", N_("{path}, line {line}: {reason}."), path=self.path, line=line, reason=error
                ) from error

    @staticmethod
    def _numbered(rows: Iterator[list[str]], reader: csv.reader, first: int) -> Iterator[tuple[int, list[str]]]:  # type: ignore[valid-type]
        """Each row with the line of the file on which it begins."""
        before = reader.line_num  # type: ignore[attr-defined]
        for row in rows:
            yield first + before, row
            before = reader.line_num  # type: ignore[attr-defined]

    def _times(self) -> Iterator[str]:
        place = self.layout.time
        for rows, _ in self._rows(_FORMAT_SAMPLE):
            yield from (row[place] for _, row in rows if place < len(row))

    def _descending(self) -> bool:
        ns, _, bad = self.format.parse(list(islice(self._times(), _DIRECTION_SAMPLE)))
        steps = np.diff(ns[~bad])
        return bool((steps < 0).sum() > (steps > 0).sum())

    def _whole_rows(self, rows: Rows, refused: list[Reject]) -> Rows:
        width = self.layout.width
        for line, row in rows:
            if len(row) != width:
                refused.append(Reject(line, "", self.layout.delimiter.join(row), rejects.COLUMNS))
        return [item for item in rows if len(item[1]) == width]

    def _instants(
        self, rows: Rows, group: npt.NDArray[np.int32], refused: list[Reject]
    ) -> tuple[TimeArray, npt.NDArray[np.bool_]]:
        """Instants of the rows and where they are good."""
        texts = [row[self.layout.time] for _, row in rows]
        ns, aware, bad = self.format.parse(texts)
        good = ~bad
        wall = np.flatnonzero(good & ~aware)
        ns[wall], missing = self._clock.to_utc(ns[wall], group[wall])
        absent = np.zeros(len(ns), np.bool_)
        absent[wall[missing]] = True
        absurd = good & ((ns < _EARLIEST) | (ns > _LATEST))
        for i in np.flatnonzero(bad | absent | absurd):
            line, row = rows[i]
            reason = (
                rejects.MISSING_HOUR if absent[i]
                else rejects.OUT_OF_RANGE if absurd[i]
                else rejects.BAD_TIME if texts[i].strip()
                else rejects.NO_TIME
            )  # fmt: skip
            refused.append(Reject(line, "", self.layout.delimiter.join(row), reason))
        return ns, good & ~absent & ~absurd

    def _wide(self, rows: Rows, position: int) -> Piece:
        refused: list[Reject] = []
        whole = self._whole_rows(rows, refused)
        ns, good = self._instants(whole, np.zeros(len(whole), np.int32), refused)
        kept = [item for item, keep in zip(whole, good, strict=True) if keep]
        t, cells = ns[good], list(zip(*(row for _, row in kept), strict=True)) if kept else []
        parts: list[tuple[npt.NDArray[np.int32], TimeArray, ValueArray]] = []
        gaps = 0
        for tag, column in enumerate(self.layout.columns if kept else ()):
            v, missing, bad = parse_numbers(cells[column.index], self.layout.decimal)
            gaps += int(missing.sum())
            _refuse_numbers(kept, column.header, cells[column.index], bad, refused)
            use = ~(missing | bad)
            parts.append((np.full(int(use.sum()), tag, np.int32), t[use], v[use]))
        tags, times, values = (np.concatenate(column) for column in zip(*parts, strict=True)) if parts else _NOTHING
        quality = np.full(len(times), GOOD, np.uint8)
        return Piece(tags, times, values, quality, _by_line(refused), len(rows), gaps, position)

    def _long(self, rows: Rows, position: int) -> Piece:
        refused: list[Reject] = []
        layout = self.layout
        whole = self._whole_rows(rows, refused)
        tags = np.array([self._tag(row[layout.tag].strip()) for _, row in whole], dtype=np.int32)
        _refuse_rows(whole, tags == _NO_TAG, rejects.NO_TAG, layout.delimiter, refused)
        _refuse_rows(whole, tags == _UNKNOWN, rejects.UNKNOWN_TAG, layout.delimiter, refused)
        ns, good = self._instants(whole, tags, refused)
        v, missing, bad = parse_numbers([row[layout.value] for _, row in whole], layout.decimal)
        _refuse_numbers(whole, "value", [row[layout.value] for _, row in whole], bad, refused)
        quality, unknown = self._qualities(whole)
        _refuse_rows(whole, unknown, rejects.BAD_QUALITY, layout.delimiter, refused)
        told_bad = missing & (quality < UNCERTAIN)  # a gap that the file itself calls bad is a reading without value
        use = good & ~bad & ~unknown & (tags >= 0) & (~missing | told_bad)
        gaps = int((missing & ~told_bad).sum())
        return Piece(tags[use], ns[use], v[use], quality[use], _by_line(refused), len(rows), gaps, position)

    def _tag(self, name: str) -> int:
        if not name:
            return _NO_TAG
        found = self._index.get(name)
        if found is None:
            if self.known is not None and name not in self.known:
                return _UNKNOWN
            found = self._index[name] = len(self.tags)
            self.tags.append(name)
        return found

    def _qualities(self, rows: Rows) -> tuple[QualityArray, npt.NDArray[np.bool_]]:
        place = self.layout.quality
        if place is None:
            return np.full(len(rows), GOOD, np.uint8), np.zeros(len(rows), np.bool_)
        codes = [_quality(row[place].strip()) for _, row in rows]
        array = np.array([GOOD if code is None else code for code in codes], dtype=np.uint8)
        return array, np.array([code is None for code in codes], dtype=np.bool_)


_NOTHING: Final = (np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))


def _quality(text: str) -> int | None:
    if not text:
        return GOOD
    if text.isdecimal() and int(text) <= 255:
        return int(text)
    return _QUALITY_NAMES.get(text.upper())


def _refuse_numbers(
    rows: Rows, header: str, texts: Sequence[str], bad: npt.NDArray[np.bool_], refused: list[Reject]
) -> None:
    for i in np.flatnonzero(bad).tolist():
        text = texts[i].strip()
        infinite = text.lower().lstrip("+-") in ("inf", "infinity")
        refused.append(Reject(rows[i][0], header, text, rejects.NOT_FINITE if infinite else rejects.BAD_NUMBER))


def _refuse_rows(rows: Rows, hit: npt.NDArray[np.bool_], reason: str, delimiter: str, refused: list[Reject]) -> None:
    refused.extend(Reject(rows[i][0], "", delimiter.join(rows[i][1]), reason) for i in np.flatnonzero(hit))


def _by_line(refused: list[Reject]) -> list[Reject]:
    return sorted(refused, key=lambda reject: reject.line)
