"""Records of the master alarm table: typed fields, checks, differences, and the round trip through a file."""

from __future__ import annotations

import asyncio
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksys_core.domain.alarms.master import BY_NAME, FIELDS, Key, MasterRecord, parsed, written
from ksys_core.domain.alarms.master_check import TagScale, check, check_changes
from ksys_core.domain.alarms.master_diff import COLUMNS, MasterDiff, compare
from ksys_core.domain.alarms.matrix import PriorityMatrix
from ksys_core.errors import KnownError
from ksys_core.services.alarms_master import rows_of
from ksys_core.services.table_cells import guarded, unguarded
from ksys_core.services.table_files import new_table
from ksys_core.services.table_reading import read_table
from ksys_core.store.alarms_master import MasterAlarm

MATRIX = PriorityMatrix()
TAGS = {f"PT-{n}": TagScale(n, "bar", 20.0, {}) for n in range(1, 4)}
FULL = MasterRecord(
    "PT-1", "H", limit=10.0, severity="major", response_s=700.0, cause_en="leak", consequence_ko="정지",
    action_en="close", rationalised=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("limit", "ten", "Limit: “ten” is no number. Write it like 12.5."),
        ("limit", "1,5", "is no number"),
        ("limit", "nan", "is no number"),
        ("limit", "inf", "is no number"),
        ("dead_band", "", "Dead band is missing."),
        ("count", "2.5", "is no whole number"),
        ("severity", "terrible", "is none of minor, major, severe"),
        ("latching", "perhaps", "write true or false"),
        ("review_date", "23.11.2026", "is no date. Write it like 2026-11-23."),
        ("cause_en", "x" * 10_000, "the text has 10000 characters; at most 2000 are kept"),
        ("label", "x" * 65, "at most 64"),
        ("owner", "a\0b", "a character that cannot be stored"),
        ("label", "a\nb", "a character that cannot be stored"),
        ("tag", "  ", "Tag is missing."),
    ],
)
def test_what_cannot_be_read_names_field_and_remedy(name: str, text: str, said: str) -> None:
    with pytest.raises(KnownError) as refused:
        parsed(BY_NAME[name], text)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["'; drop table alarms; --", "<img src=x>", "=1+1", "{limit}", "%s", "압력 상승"])
def test_markup_and_statements_are_plain_text(text: str) -> None:
    assert parsed(BY_NAME["cause_en"], text) == text


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"tag": "NONE"}, "tag", "There is no tag NONE"),
        ({"reference_tag": "NONE"}, "reference_tag", "There is no tag NONE"),
        ({"kind": "DEV"}, "reference_tag", "needs the tag of its set-point"),
        ({"kind": "RATE", "limit": None}, "limit", "needs a setting"),
        ({"kind": "FLAT", "limit": -5.0}, "limit", "must be above 0"),
        ({"kind": "RATE", "limit": 2.0, "dead_band": 5.0}, "dead_band", "smaller than its setting"),
        ({"kind": "RATE", "limit": 2.0, "dead_band": 10.0, "dead_band_unit": "span"}, "dead_band", "than its setting"),
        ({"on_delay_s": -1.0}, "on_delay_s", "The on-delay must lie between"),
        ({"off_delay_s": 90_000.0}, "off_delay_s", "The off-delay must lie between"),
        ({"dead_band": -0.1}, "dead_band", "not negative"),
        ({"dead_band": 100.0, "dead_band_unit": "span"}, "dead_band", "smaller than the span"),
        ({"count": 17}, "count", "between 0 and 16"),
        ({"count": 2}, "on_delay_s", "A count needs an on-delay"),
        ({"response_s": -5.0}, "response_s", "between 1 and"),
        ({"realarm_s": 5.0}, "realarm_s", "between 60 and"),
        ({"max_shelve_s": 5.0}, "max_shelve_s", "between 60 and"),
        ({"test_interval_days": 0}, "test_interval_days", "between 1 and"),
        ({"severity": ""}, "severity", "Missing: fill it in"),
        ({"response_s": None}, "response_s", "Missing: fill it in"),
        ({"action_en": ""}, "action_en", "Missing: fill it in"),
        ({"response_s": 60.0}, "rationalised", "an interlock, not an alarm"),
        ({"severity": "minor", "response_s": 7200.0}, "rationalised", "an event, not an alarm"),
    ],
)
def test_a_record_that_cannot_stand_is_told_by_its_field(wrong: dict[str, Any], field: str, said: str) -> None:
    found = check(replace(FULL, **wrong), TAGS, MATRIX)
    assert any(problem.field == field and said in str(problem.error) for problem in found), found


def test_a_whole_record_stands() -> None:
    assert check(FULL, TAGS, MATRIX) == []
    assert check(MasterRecord("PT-1", "L"), TAGS, MATRIX) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ([MasterRecord("PT-1", "L", limit=11.0)], "must rise in the order"),
        ([MasterRecord("PT-1", "HH", limit=9.0)], "must rise in the order"),
        ([MasterRecord("PT-1", "L", limit=4.0, dead_band=6.0)], "leave no room"),
        ([replace(FULL, dead_band=25.0)], "smaller than the span"),
        ([MasterRecord("PT-1", "L", limit=4.0, dead_band=50.0, dead_band_unit="span")], "leave no room"),
    ],
)
def test_alarms_of_a_tag_must_fit_together(changed: list[MasterRecord], said: str) -> None:
    found = check_changes(changed, [FULL], TAGS, MATRIX)
    assert set(found) == {record.key for record in changed}
    assert all(said in str(problems[0].error) for problems in found.values())


def test_limits_may_change_places_in_one_step() -> None:
    present = [MasterRecord("PT-1", "H", limit=5.0), MasterRecord("PT-1", "L", limit=1.0)]
    wanted = [MasterRecord("PT-1", "H", limit=15.0), MasterRecord("PT-1", "L", limit=9.0)]
    assert check_changes(wanted, present, TAGS, MATRIX) == {}


# --- differences -----------------------------------------------------------------------------------------------------

STORED = {record.key: record for record in (FULL, MasterRecord("PT-2", "H", limit=3.0), MasterRecord("PT-2", "L"))}


def diff(head: list[str], *rows: list[str]) -> MasterDiff:
    return compare(head, list(enumerate(rows, start=2)), STORED, TAGS, MATRIX)


def test_each_row_is_added_changed_unchanged_or_wrong() -> None:
    found = diff(
        ["tag", "kind", "limit", "cause_en"],
        ["PT-1", "H", "10", "leak"],
        ["PT-2", "H", "4.5", ""],
        ["PT-3", "L", "1", "new"],
        ["PT-9", "L", "1", "unknown"],
        ["PT-2", "H", "5", "again"],
        ["PT-2", "X", "5", ""],
        ["PT-3", "H", "much", ""],
    )
    assert [row.status for row in found.rows] == [
        "unchanged", "changed", "added", "wrong", "wrong", "wrong", "wrong",
    ]  # fmt: skip
    (change,) = found.rows[1].changes
    assert (change.field, change.was, change.becomes) == ("limit", "3", "4.5")
    said = [str(row.problems[0].error) for row in found.rows[3:]]
    assert "There is no tag PT-9" in said[0]
    assert "Row 3 is about the same alarm" in said[1]
    assert "“X” is none of HH, H" in said[2]
    assert "“much” is no number" in said[3]
    assert found.rows[6].row == 8
    assert found.untouched == 1
    assert {record.key for record in found.wanted} == {("PT-2", "H", ""), ("PT-3", "L", "")}


def test_columns_that_are_missing_stay_and_blank_ones_are_emptied() -> None:
    (row,) = diff(["tag", "kind", "cause_en", "response_s", "rationalised"], ["PT-1", "H", "", "", "no"]).rows
    assert row.becomes == replace(FULL, cause_en="", response_s=None, rationalised=False)


def test_another_unit_is_refused_and_a_priority_is_not_taken() -> None:
    wrong, fine = diff(
        ["tag", "kind", "unit", "priority"], ["PT-1", "H", "psi", "1"], ["PT-2", "H", "bar", "1"]
    ).rows  # fmt: skip
    assert "unit is “bar”, not “psi”" in str(wrong.problems[0].error)
    assert fine.status == "unchanged"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (["tag", "kind", "colour"], "no column “colour”"),
        (["tag", "kind", "kind"], "stands there twice"),
        (["kind"], "the column tag is missing"),
        ([], "the column tag is missing"),
    ],
)
def test_a_wrong_head_is_refused_whole(head: list[str], said: str) -> None:
    with pytest.raises(KnownError, match=said):
        diff(head)


# --- round trip ------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.just("\n"), max_size=30).map(str.strip)
SPECIAL = st.sampled_from(
    ["=1+1", "'=x", "''=x", "-5", "+a", "@b", "'tis", '"quoted"', "a,b;c\td", "한글", "_x000D_", "true", "1e5"]
)
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), max_size=8)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def value_of(name: str) -> st.SearchStrategy[Any]:
    field = BY_NAME[name]
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "name": NAMES | SPECIAL.map(lambda text: text.replace("\t", " ")),
        "text": TEXTS | SPECIAL,
        "long": TEXTS | SPECIAL,
        "number": FLOATS,
        "integer": st.integers(0, 1000),
        "choice": st.sampled_from([value for value, _word in field.choices]),
        "flag": st.booleans(),
        "date": st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    }
    optional = field.optional and field.kind in ("number", "integer", "date")
    return kinds[field.kind] | st.none() if optional else kinds[field.kind]


RECORDS = st.builds(
    MasterRecord,
    **{field.name: value_of(field.name) for field in FIELDS if field.name not in ("tag", "label")},
    tag=NAMES.filter(bool) | SPECIAL,
    label=NAMES.map(lambda text: text[:64]) | SPECIAL,
).map(lambda r: replace(r, tag=r.tag.replace("\t", " ").strip(), label=r.label.replace("\t", " ")))  # fmt: skip


def as_stored(record: MasterRecord, number: int) -> MasterAlarm:
    return MasterAlarm(number, 1, number, 3, "kim", 0, "", "bar", {}, 2, record)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records=st.lists(RECORDS, max_size=4, unique_by=lambda r: r.key), suffix=st.sampled_from([".csv", ".xlsx"]))
def test_export_then_import_changes_nothing(records: list[MasterRecord], suffix: str) -> None:
    tags = {record.tag: TagScale(1, "bar", None, {}) for record in records}
    stored: dict[Key, MasterRecord] = {record.key: record for record in records}

    async def write(path: Path) -> None:
        async with new_table(path, COLUMNS, "Alarms") as table:
            await table.write(rows_of([as_stored(record, i) for i, record in enumerate(records)], tags))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"alarms{suffix}"
        asyncio.run(write(path))
        (_, head), *rows = read_table(path)
    found = compare(head, rows, stored, tags, MATRIX)
    assert [(row.status, row.changes, row.problems) for row in found.rows] == [("unchanged", (), ())] * len(records)
    assert found.untouched == 0


@given(st.text())
def test_what_is_guarded_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(RECORDS)
def test_every_value_survives_its_text(record: MasterRecord) -> None:
    for field in fields(MasterRecord):
        value = getattr(record, field.name)
        if value == "" and not BY_NAME[field.name].optional:
            continue
        assert parsed(BY_NAME[field.name], written(BY_NAME[field.name], value)) == value


# --- hostile files ---------------------------------------------------------------------------------------------------


def workbook(path: Path, *rows: list[object]) -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


def bomb(path: Path) -> None:
    workbook(path, ["tag", "kind"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed, packed.open("xl/big.xml", "w") as member:
        for _ in range(310):
            member.write(b"0" * 1_000_000)


def entities(path: Path) -> None:
    workbook(path, ["tag", "kind"])
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    members["xl/worksheets/sheet1.xml"] = (
        f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY l0 "lol">{lol}]><worksheet><sheetData><row r="1">'
        f'<c r="A1" t="inlineStr"><is><t>&l9;</t></is></c></row></sheetData></worksheet>'
    ).encode()
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)


def far_row(path: Path) -> None:
    workbook(path, ["tag", "kind"])
    book = openpyxl.load_workbook(path)
    book.active.cell(1_000_000, 1, "PT-1")
    book.save(path)


HOSTILE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "not a workbook": ("a.xlsx", lambda p: p.write_bytes(b"MZ\0\0 not a zip"), "is no Excel workbook"),
    "a bomb": ("a.xlsx", bomb, "is too large"),
    "entities": ("a.xlsx", entities, "is no Excel workbook"),
    "a formula": ("a.xlsx", lambda p: workbook(p, ["tag"], ["=HYPERLINK(1)"]), "cell A2 has a formula"),
    "a far row": ("a.xlsx", far_row, "is too large"),
    "too wide": ("a.xlsx", lambda p: workbook(p, ["x"] * 300), "is too large"),
    "another code": ("a.csv", lambda p: p.write_bytes("tag\n압력".encode("cp949")), "is not in UTF-8"),
    "an open quote": ("a.csv", lambda p: p.write_text('tag\n"PT'), "is no whole CSV file"),
    "a huge cell": ("a.csv", lambda p: p.write_text("tag\n" + "x" * 40_000), "has 40000 characters"),
    "another kind": ("a.ods", lambda p: p.write_text("x"), "must end in"),
    "nothing there": ("gone.csv", lambda p: None, "can't be read"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_or_broken_file_is_refused_by_name(case: str, tmp_path: Path) -> None:
    name, make, said = HOSTILE[case]
    make(tmp_path / name)
    with pytest.raises(KnownError) as refused:
        read_table(tmp_path / name)
    assert said in str(refused.value)
    assert name in str(refused.value)


def test_semicolons_and_blank_rows_are_taken(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('\ufefftag;kind;limit\r\n;;\r\nPT-1;H;"1;5"\r\n', "utf-8")
    assert read_table(tmp_path / "a.csv") == [(1, ["tag", "kind", "limit"]), (3, ["PT-1", "H", "1;5"])]


def test_a_cell_of_ten_thousand_characters_is_an_error_of_its_row(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", ["tag", "kind", "cause_en"], ["PT-1", "H", "x" * 10_000])
    (_, head), *rows = read_table(tmp_path / "a.xlsx")
    (row,) = compare(head, rows, STORED, TAGS, MATRIX).rows
    assert row.status == "wrong"
    assert "10000 characters" in str(row.problems[0].error)
