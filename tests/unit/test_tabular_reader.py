"""Whole tables of readings, with every trap that files from the field have."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksys_core.domain.quality import BAD, GOOD, UNCERTAIN
from ksys_core.domain.times import HOUR, MINUTE, SECOND, to_datetime
from ksys_core.errors import KnownError
from ksys_core.sources.tabular import rejects as reasons
from ksys_core.sources.tabular.layout import Options
from ksys_core.sources.tabular.reader import Piece, TableReader

UTC = ZoneInfo("UTC")
START = 1_600_000_200 * SECOND


def reader_of(path: Path, content: str | bytes, zone: ZoneInfo = UTC, **options: object) -> TableReader:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return TableReader(path, zone, Options(**options))  # type: ignore[arg-type]


def whole(reader: TableReader) -> Piece:
    pieces = list(reader.pieces())
    assert len(pieces) == 1
    return pieces[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_wide_with_units_gaps_and_bad_cells(path: Path) -> None:
    reader = reader_of(
        path,
        "time,FLOW (m3/h),LEVEL [%],Note\n"
        "2020-01-01 00:00,1.5,,3\n"
        "2020-01-01 00:01,oops,50,inf\n"
        "2020-01-01 00:02,0,51,4\n",
    )
    piece = whole(reader)
    assert [(c.name, c.unit) for c in reader.layout.columns] == [("FLOW", "m3/h"), ("LEVEL", "%"), ("Note", "")]
    assert piece.v.tolist() == [1.5, 0.0, 50.0, 51.0, 3.0, 4.0]
    assert piece.gaps == 1
    told = [(r.line, r.column, r.value, r.reason) for r in piece.rejects]
    assert told == [
        (3, "FLOW (m3/h)", "oops", reasons.BAD_NUMBER),
        (3, "Note", "inf", reasons.NOT_FINITE),
    ]


def test_long_with_qualities(path: Path) -> None:
    reader = reader_of(
        path,
        "ts,tag,value,quality\n"
        "2020-01-01T00:00:00Z,A,1,192\n"
        "2020-01-01T00:00:00Z,B,2,\n"
        "2020-01-01T00:01:00Z,A,,BAD\n"
        "2020-01-01T00:01:00Z,B,,GOOD\n"
        "2020-01-01T00:02:00Z,A,3,uncertain\n"
        "2020-01-01T00:02:00Z,,3,192\n"
        "2020-01-01T00:02:00Z,B,3,300\n",
    )
    piece = whole(reader)
    assert reader.layout.kind == "long"
    assert reader.tags == ["A", "B"]
    assert piece.tag.tolist() == [0, 1, 0, 0]
    assert piece.quality.tolist() == [GOOD, GOOD, BAD, UNCERTAIN]
    assert np.isnan(piece.v[2])
    assert piece.gaps == 1
    assert [(r.line, r.reason) for r in piece.rejects] == [(7, reasons.NO_TAG), (8, reasons.BAD_QUALITY)]


def test_long_with_unknown_tags(path: Path) -> None:
    path.write_text("ts,tag,value\n2020-01-01 00:00,A,1\n2020-01-01 00:00,B,2\n")
    reader = TableReader(path, UTC, known=frozenset({"A"}))
    piece = whole(reader)
    assert piece.v.tolist() == [1.0]
    assert [(r.line, r.reason) for r in piece.rejects] == [(3, reasons.UNKNOWN_TAG)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_encodings(path: Path, encoding: str) -> None:
    reader = reader_of(path, "일시,수온 (°C)\n2020-01-01 00:00,7.5\n".encode(encoding))
    assert reader.tags == ["수온 (°C)"]
    assert whole(reader).v.tolist() == [7.5]


@pytest.mark.parametrize(
    "content",
    [
        "t;A;B\n01.02.2020 00:00;1,5;-2\n15.02.2020 00:01;2,5;3\n",
        "t\tA\tB\n2020-02-01 00:00\t1.5\t-2\n2020-02-15 00:01\t2.5\t3\n",
        "t|A|B\n2020-02-01 00:00|1.5|-2\n2020-02-15 00:01|2.5|3\n",
        't,A,B\n2020-02-01 00:00,"1,5","-2"\n2020-02-15 00:01,"2,5","3,0"\n',
        "# from the historian\n\nt,A,B\r\n2020-02-01 00:00,1.5,-2\r\n\r\n2020-02-15 00:01,2.5,3\r\n",
        '"t","A","B"\n"2020-02-01 00:00","1.5","-2"\n"2020-02-15 00:01","2.5","3"',
    ],
)
def test_separators_and_decimal_signs(path: Path, content: str) -> None:
    piece = whole(reader_of(path, content))
    assert piece.v.tolist() == [1.5, 2.5, -2.0, 3.0]
    assert not piece.rejects
    assert to_datetime(int(piece.t[0])).isoformat() == "2020-02-01T00:00:00+00:00"


def test_lines_are_those_of_the_file_through_quoted_line_breaks(path: Path) -> None:
    content = 't,"A\n(m)",B\n2020-01-01 00:00,1,2\n2020-01-01 00:01,"x\ny",3\nbad,1,2\n1,2\n'
    piece = whole(reader_of(path, "# note\n" + content))
    assert [(r.line, r.reason) for r in piece.rejects] == [
        (5, reasons.BAD_NUMBER),
        (7, reasons.BAD_TIME),
        (8, reasons.COLUMNS),
    ]


def test_clock_change_of_rome(path: Path) -> None:
    spring = "".join(f"2021-03-28 {h:02d}:00,{h}\n" for h in range(5))
    autumn = "".join(f"2021-10-31 {h:02d}:00,{h}\n" for h in (0, 1, 2, 2, 3))
    piece = whole(reader_of(path, "time,A\n" + spring + autumn, ZoneInfo("Europe/Rome")))
    assert [(r.line, r.reason) for r in piece.rejects] == [(4, reasons.MISSING_HOUR)]
    assert np.diff(piece.t)[[0, 1, 2, 4, 5, 6, 7]].tolist() == [HOUR] * 7
    assert piece.v[4:].tolist() == [0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "import.empty"),
        ("\n\n", "import.empty"),
        ("a,b\n1,2\n3,4\n", "import.no_time"),
        ("t,A,A\n2020-01-01 00:00,1,2\n", "import.doubled"),
        ("t\n2020-01-01 00:00\n", "import.no_values"),
        ("t,A\nsometime,2\n", "import.time_format"),
        ("t,A\n1/2/2020 00:00,2\n", "import.time_order"),
    ],
)
def test_files_that_cannot_be_read(path: Path, content: str, code: str) -> None:
    with pytest.raises(KnownError) as caught:
        reader_of(path, content)
    assert caught.value.code == code


def test_missing_file_and_column(path: Path) -> None:
    with pytest.raises(KnownError, match="can't be read"):
        TableReader(path, UTC)
    with pytest.raises(KnownError, match="Its columns are: t, A"):
        reader_of(path, "t,A\n2020-01-01 00:00,1\n", time_column="ts")


def test_a_file_from_new_to_old(path: Path) -> None:
    rows = "".join(f"2021-10-31 {h:02d}:00,{h}\n" for h in (4, 3, 2, 2, 1))
    piece = whole(reader_of(path, "time,A\n" + rows, ZoneInfo("Europe/Rome")))
    assert np.diff(piece.t).tolist() == [-HOUR] * 4


def test_times_that_cannot_be_right(path: Path) -> None:
    piece = whole(reader_of(path, "t,A\n2020-01-01 00:00,1\n0001-01-01 00:00,2\n2900-01-01 00:00,3\n"))
    assert [(r.line, r.reason) for r in piece.rejects] == [(3, reasons.OUT_OF_RANGE), (4, reasons.OUT_OF_RANGE)]


cells = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=32))
tables = st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=4, max_size=40))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    table=tables,
    delimiter=st.sampled_from([",", ";", "\t"]),
    comma=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp949"]),
    gap=st.sampled_from(["", "NaN", "-"]),
)
def test_a_written_table_comes_back(
    path: Path, table: list[list[float | None]], delimiter: str, comma: bool, encoding: str, gap: str
) -> None:
    comma = comma and delimiter != ","
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(["time", *(f"유량 {i} (m³/h)" for i in range(len(table[0])))])
    for minute, row in enumerate(table):
        shown = [gap if v is None else repr(v).replace(".", ",") if comma else repr(v) for v in row]
        writer.writerow([to_datetime(START + minute * MINUTE).strftime("%Y-%m-%d %H:%M"), *shown])
    decimal = "," if comma else "."
    reader = reader_of(path, buffer.getvalue().encode(encoding), delimiter=delimiter, decimal=decimal)
    piece = whole(reader)
    want = [
        (tag, START + minute * MINUTE, row[tag])
        for tag in range(len(table[0]))
        for minute, row in enumerate(table)
        if row[tag] is not None
    ]
    assert list(zip(piece.tag.tolist(), piece.t.tolist(), piece.v.tolist(), strict=True)) == want
    assert piece.gaps == sum(v is None for row in table for v in row)
    assert not piece.rejects


def test_many_rows_come_in_pieces(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksys_core.sources.tabular.reader.CELLS_PER_PIECE", 20)
    rows = "".join(f"2020-01-01 00:{m:02d},{m}\n" for m in range(60))
    reader = reader_of(path, "t,A\n" + rows)
    pieces = list(reader.pieces())
    assert len(pieces) == 6
    assert np.concatenate([piece.v for piece in pieces]).tolist() == list(range(60))
    assert pieces[-1].position == reader.size
