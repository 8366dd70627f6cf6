"""How a file is laid out: encoding, separator, decimal sign, and which column is what."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.sources.tabular.instants import looks_like_time
from ksys_core.sources.tabular.numbers import Decimal

Kind = Literal["wide", "long"]

_SAMPLE_BYTES: Final = 1 << 20
_SAMPLE_ROWS: Final = 50
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ENCODINGS: Final = ("utf-8", "cp949", "latin-1")
_DELIMITERS: Final = (",", ";", "\t", "|")
_UNIT: Final = re.compile(r"(?P<name>.+?)\s*[(\[](?P<unit>[^()\[\]]*)[)\]]")
_COMMA_NUMBER: Final = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")

TIME_NAMES: Final = frozenset(
    {
        "ts",
        "ds",
        "t",
        "time",
        "timestamp",
        "date",
        "datetime",
        "date-time",
        "date_time",
        "일시",
        "시간",
        "날짜",
        "측정일시",
    }
)
TAG_NAMES: Final = frozenset({"tag", "tag_name", "tagname", "tag name", "sensor", "point", "name", "태그", "태그명"})
VALUE_NAMES: Final = frozenset({"value", "val", "v", "값", "측정값"})
QUALITY_NAMES: Final = frozenset({"quality", "qc", "status", "품질"})


@dataclass(frozen=True, slots=True)
class Options:
    """What the person said about the file; None is found out."""

    time_column: str | None = None
    layout: Kind | None = None
    delimiter: str | None = None
    decimal: Decimal | None = None
    time_format: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of values: its place, header, and the tag name and unit in it (``"DMA 1 (L/s)"``)."""

    index: int
    header: str
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything needed to read the file's rows.

    Attributes:
        header_line: line of the header; rows follow.
        width: number of columns.
        time: place of the time column.
        columns: the value columns of a wide file.
        tag, value, quality: places in a long file; `quality` None when there is none.
    """

    encoding: str
    delimiter: str
    decimal: Decimal
    header_line: int
    width: int
    kind: Kind
    time: int
    columns: tuple[Column, ...] = ()
    tag: int = -1
    value: int = -1
    quality: int | None = None


def detect_layout(path: Path, options: Options) -> Layout:
    """Look at the beginning of `path`.

    Raises:
        KnownError: it can't be opened, is empty, or has no column of times.
    """
    encoding, text = _sample(path)
    lines = text.splitlines()
    skipped = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    if skipped is None:
        raise KnownError("import.empty", N_("{path} holds no rows."), path=path)
    body = lines[skipped : skipped + _SAMPLE_ROWS]
    delimiter = options.delimiter or _delimiter(body)
    rows = [row for row in csv.reader(body, delimiter=delimiter) if row]
    header = [cell.strip() for cell in rows[0]]
    decimal = options.decimal or _decimal(rows[1:], delimiter)
    base = Layout(encoding, delimiter, decimal, skipped + 1, len(header), "wide", -1)
    return _with_columns(path, base, header, rows[1:], options)


def _sample(path: Path) -> tuple[str, str]:
    try:
        with path.open("rb") as source:
            data = source.read(_SAMPLE_BYTES)
    except OSError as error:
        raise KnownError(
            "import.file", N_("{path} can't be read: {reason}."), path=path, reason=error.strerror
        ) from error
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    candidates = (encoding,) if encoding else _ENCODINGS
    for name in candidates[:-1]:
        try:
            return name, codecs.getincrementaldecoder(name)().decode(data)
        except UnicodeDecodeError:
            continue
    return candidates[-1], data.decode(candidates[-1], "replace")


def _delimiter(lines: Sequence[str]) -> str:
    """The separator by which most rows have as many (and more than one) columns as the header."""

    def score(delimiter: str) -> tuple[float, int]:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        width = len(rows[0])
        return (sum(len(row) == width for row in rows) / len(rows), width) if width > 1 else (0.0, 0)

    return max(_DELIMITERS, key=score)


def _decimal(rows: Sequence[Sequence[str]], delimiter: str) -> Decimal:
    if delimiter == ",":
        quoted = Counter(bool(_COMMA_NUMBER.fullmatch(cell.strip())) for row in rows for cell in row)
        return "," if quoted[True] > quoted[False] / 2 else "."
    return "," if any(_COMMA_NUMBER.fullmatch(cell.strip()) for row in rows for cell in row) else "."


def _with_columns(
    path: Path, base: Layout, header: list[str], rows: Sequence[Sequence[str]], options: Options
) -> Layout:
    doubled = [name for name, count in Counter(header).items() if name and count > 1]
    if doubled:
        raise KnownError(
            "import.doubled", N_('{path}: the column "{name}" is there twice.'), path=path, name=doubled[0]
        )
    time = _time_column(path, header, rows, options.time_column)
    names = [name.lower() for name in header]
    tag, value, quality = (_find(names, wanted, time) for wanted in (TAG_NAMES, VALUE_NAMES, QUALITY_NAMES))
    kind = options.layout or ("wide" if tag is None or value is None else "long")
    if kind == "long":
        if tag is None or value is None:
            raise KnownError(
                "import.long",
                N_('{path}: a long table needs the columns "tag" and "value" beside the time.'),
                path=path,
            )
        return _replace(base, kind, time, (), tag, value, quality)
    columns = tuple(_column(i, name) for i, name in enumerate(header) if i != time and name)
    if not columns:
        raise KnownError("import.no_values", N_("{path} has no column of values beside the time."), path=path)
    return _replace(base, kind, time, columns, -1, -1, None)


def _replace(
    base: Layout, kind: Kind, time: int, columns: tuple[Column, ...], tag: int, value: int, quality: int | None
) -> Layout:
    shared = (base.encoding, base.delimiter, base.decimal, base.header_line, base.width)
    return Layout(*shared, kind, time, columns, tag, value, quality)


def _time_column(path: Path, header: list[str], rows: Sequence[Sequence[str]], wanted: str | None) -> int:
    if wanted is not None:
        if wanted in header:
            return header.index(wanted)
        raise KnownError(
            "import.time_column",
            N_('{path} has no column "{name}". Its columns are: {columns}.'),
            path=path,
            name=wanted,
            columns=", ".join(header),
        )
    named = [i for i, name in enumerate(header) if name.lower().split(" ")[0] in TIME_NAMES]
    order: list[int] = [*named, *range(len(header))]
    for i in order:
        cells = [row[i] for row in rows if i < len(row) and row[i].strip()]
        if cells and sum(looks_like_time(cell) for cell in cells) > len(cells) / 2:
            return i
    if named:
        return named[0]
    raise KnownError(
        "import.no_time",
        N_("{path} has no column of times. Name it with --time, and its form with --format."),
        path=path,
    )


def _find(names: list[str], wanted: frozenset[str], time: int) -> int | None:
    return next((i for i, name in enumerate(names) if name in wanted and i != time), None)


def _column(index: int, header: str) -> Column:
    match = _UNIT.fullmatch(header)
    if match is None:
        return Column(index, header, header, "")
    return Column(index, header, match["name"], match["unit"].strip())
