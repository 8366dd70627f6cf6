"""The journal's pages over thousands of entries: numbering, every filter, the file."""

# ruff: noqa: ASYNC240 - small files of a test

from __future__ import annotations

import asyncio
import csv
import re
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from ksys_core.domain.alarms.reasons import DISABLED, ByMaintenance, ByRule, written
from ksys_core.domain.times import HOUR, SECOND
from ksys_core.errors import KnownError
from ksys_core.services import alarms_journal
from ksys_core.services.alarms_journal import JournalEntry, JournalFilter, Key
from ksys_core.store import alarms_journal_pages as pages
from ksys_core.store.pool import Database
from ksys_core.store.sensors import NewSensor, upsert_sensors

SEOUL = ZoneInfo("Asia/Seoul")
START = 1_790_000_000 * SECOND
COUNT = 3000
FILL = """
insert into alarm_events (alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, actor, station,
                          reason, value, priority, occurrence, isa_from, isa_to, regions)
select i % 50, i % 50, 'TAG-' || i % 50,
       case i % 5 when 0 then 'RO/Train 1' when 1 then 'RO' when 2 then 'ROX' else 'Intake' end,
       (array['H', 'HH', 'L', 'LL'])[1 + i % 4], k.kind, t.ts, t.ts,
       case when k.kind = 'ACK' then 'kim' else 'service' end, case when k.kind = 'ACK' then 'desk 7' else '' end,
       case when i % 1000 = 0 then '=cmd|x <b>pump</b> 펌프' else '' end, i, 1 + i % 4, 1, 'NORM', 'NORM', 4
  from generate_series(0, $1::int - 1) i
 cross join lateral (select case when i % 100 = 0 then 'ACK' when i % 2 = 0 then 'ACT' else 'RTN' end as kind) k
 cross join lateral (select to_timestamp($2::float8 + i / 3) as ts) t
"""  # three entries share each instant: only the key's second part tells them apart


@pytest.fixture
async def journal_db(database: Database) -> Database:
    await upsert_sensors(
        database,
        [
            NewSensor(f"TAG-{n}", unit="bar", description={"en": f"Pump number {n}", "ko": f"{n}번 펌프"})
            for n in range(3)
        ],
    )
    await database.execute(FILL, COUNT, START / SECOND)
    return database


async def all_entries(db: Database) -> list[JournalEntry]:
    return list((await alarms_journal.journal(db, None, COUNT)).entries)


async def walk(db: Database, only: JournalFilter, size: int) -> list[JournalEntry]:
    """Every page in turn."""
    key: Key | None = None
    found: list[JournalEntry] = []
    while True:
        page = await alarms_journal.journal(db, key, size, only)
        found += page.entries
        key = page.after
        if key is None:
            return found


async def test_page_fifty_shows_rows_981_to_1000(journal_db: Database) -> None:
    whole = await all_entries(journal_db)
    assert [(e.source, e.event_id) for e in whole] == sorted(((e.source, e.event_id) for e in whole), reverse=True)
    number, key = await alarms_journal.find_page(journal_db, {0: None}, 49, 20, JournalFilter())
    page = await alarms_journal.journal(journal_db, key, 20)
    assert number == 49
    assert list(page.entries) == whole[980:1000]


async def test_a_page_is_found_from_the_nearest_known_one_and_the_last_where_there_are_fewer(
    journal_db: Database,
) -> None:
    whole = await all_entries(journal_db)
    _, tenth = await alarms_journal.find_page(journal_db, {0: None}, 10, 20, JournalFilter())
    assert await alarms_journal.find_page(journal_db, {0: None, 10: tenth}, 10, 20, JournalFilter()) == (10, tenth)
    number, key = await alarms_journal.find_page(journal_db, {0: None, 10: tenth}, 12, 20, JournalFilter())
    assert list((await alarms_journal.journal(journal_db, key, 20)).entries) == whole[240:260]
    for wanted in (None, 150, 99_999):
        number, key = await alarms_journal.find_page(journal_db, {0: None, 10: tenth}, wanted, 20, JournalFilter())
        last = await alarms_journal.journal(journal_db, key, 20)
        assert number == 149
        assert list(last.entries) == whole[2980:]
        assert last.after is None
    empty = JournalFilter(tags=["none"])
    assert await alarms_journal.find_page(journal_db, {0: None}, 7, 20, empty) == (0, None)


async def write(db: Database, rows: int, at: float) -> None:
    """Entries of a plant that goes on; `at`: second of the first from `START` on."""
    await db.execute(FILL, rows, START / SECOND + at)


async def test_pages_stay_while_the_plant_goes_on_writing(journal_db: Database) -> None:
    everything, whole = JournalFilter(), await all_entries(journal_db)
    first = await alarms_journal.journal(journal_db, None, 20)
    starts: dict[int, Key | None] = {0: first.top, 1: first.after}
    await write(journal_db, 7, 2000)
    number, key = await alarms_journal.find_page(journal_db, starts, 49, 20, everything)
    assert number == 49
    assert list((await alarms_journal.journal(journal_db, key, 20)).entries) == whole[980:1000]
    number, key = await alarms_journal.find_page(journal_db, {0: first.top}, 1, 20, everything)
    assert list((await alarms_journal.journal(journal_db, key, 20)).entries) == whole[20:40]


@pytest.mark.parametrize("only", [JournalFilter(), JournalFilter(area="RO"), JournalFilter(text="tag-4")])
@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("at", [2000.0, 995.0], ids=["new", "late"])
async def test_the_last_page_of_a_plant_that_goes_on_writing_has_the_last_rows(
    journal_db: Database, only: JournalFilter, pinned: bool, at: float
) -> None:
    starts: dict[int, Key | None] = {
        0: (await alarms_journal.journal(journal_db, None, 20, only)).top if pinned else None
    }
    for number in range(3):
        starts[number + 1] = (await alarms_journal.journal(journal_db, starts[number], 20, only)).after
    whole = await walk(journal_db, only, 100)
    for wanted in (None, 99_999):
        await write(journal_db, 25, at)
        number, key = await alarms_journal.find_page(journal_db, starts, wanted, 20, only)
        last = await alarms_journal.journal(journal_db, key, 20, only)
        assert last.after is None
        assert number == (len(whole) - 1) // 20
        assert list(last.entries) == whole[20 * number :]


async def test_an_entry_that_comes_while_the_last_page_is_looked_for_takes_none_of_its_rows(
    journal_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, counted = await all_entries(journal_db), pages.count

    async def count(db: Database, before: Key | None, only: JournalFilter) -> int:
        n = await counted(db, before, only)
        await write(db, 1, 2000)
        return n

    monkeypatch.setattr(pages, "count", count)
    _, key = await alarms_journal.find_page(journal_db, {0: None}, None, 20, JournalFilter())
    assert list((await alarms_journal.journal(journal_db, key, 20)).entries) == whole[2980:]


FILTERS: list[tuple[JournalFilter, Callable[[JournalEntry], bool]]] = [
    (JournalFilter(start=START + 100 * SECOND, stop=START + 300 * SECOND),
     lambda e: 100 <= (e.source - START) // SECOND < 300),
    (JournalFilter(alarm_ids=[3, 7]), lambda e: e.alarm_id in (3, 7)),
    (JournalFilter(tags=["TAG-3", "TAG-44"]), lambda e: e.tag in ("TAG-3", "TAG-44")),
    (JournalFilter(area="RO"), lambda e: e.area in ("RO", "RO/Train 1")),
    (JournalFilter(priorities=[1, 4]), lambda e: e.priority in (1, 4)),
    (JournalFilter(kinds=["ACK"]), lambda e: e.kind == "ACK"),
    (JournalFilter(alarm_kinds=["LL"]), lambda e: e.alarm_kind == "LL"),
    (JournalFilter(actor="kim"), lambda e: e.actor == "kim"),
    (JournalFilter(text="PUMP NUMBER 2"), lambda e: e.tag == "TAG-2"),
    (JournalFilter(text="1번"), lambda e: e.tag == "TAG-1"),
    (JournalFilter(text="desk 7"), lambda e: e.station == "desk 7"),
    (JournalFilter(text="</b>"), lambda e: "<b>" in e.reason),
    (JournalFilter(text="펌프"), lambda e: "펌프" in e.reason or e.tag in ("TAG-0", "TAG-1", "TAG-2")),
    (JournalFilter(text="kim"), lambda e: e.actor == "kim"),
    (JournalFilter(text="tag-4"), lambda e: e.tag == "TAG-4" or e.tag.startswith("TAG-4")),
    (
        JournalFilter(area="RO", kinds=["ACK", "ACT"], priorities=[1], text="desk", start=START + 10 * SECOND),
        lambda e: e.area.startswith("RO") and e.area != "ROX" and e.priority == 1 and e.station == "desk 7"
        and e.source >= START + 10 * SECOND,
    ),
    (JournalFilter(tags=["TAG-0"], text="pump"), lambda e: e.tag == "TAG-0"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(FILTERS)))
async def test_a_filter_finds_what_it_says_page_by_page(journal_db: Database, number: int) -> None:
    only, keeps = FILTERS[number]
    expected = [entry for entry in await all_entries(journal_db) if keeps(entry)]
    assert 0 < len(expected) < COUNT
    assert await walk(journal_db, only, 7 if len(expected) < 300 else 160) == expected


@pytest.mark.parametrize("text", ["%", "_", "' or 1=1 --", "\\", "no such word", "{x}", "x" * 10_000])
async def test_words_are_taken_as_they_are_typed(journal_db: Database, text: str) -> None:
    assert await walk(journal_db, JournalFilter(text=text), 20) == []


REASONS = {
    "dead band": '{"changed" : { "dead_band" : [1, 2] }, "reason" : "noise"}',
    "class": '{"changed" : { "class" : ["process", "safety"], "owner" : ["", "\\"lab\\": 100%"] }, "reason" : ""}',
    "flag": '{"changed" : { "shelvable" : [true, false] }, "reason" : "dead_band here"}',
    "limit": '{"changed" : {"limit" : [10, 14]}, "reason" : "trial"}',
    "rule": written([ByRule("R3", {"en": "Cleaning", "ko": "세정"}, "CIP == 1")]),
    "hold-off": written([ByRule("R4", {"en": "Flushing"}, "FLUSH > 2", 30.0)]),
    "maintenance": written([ByMaintenance("M2", "RO/Stage 1", "line down", "kim")]),
    "over": written([ByRule("R3", {"en": "Cleaning"}, "CIP == 1")], over=True),
    "not in use": DISABLED,
    "typed": '{"changed" a {rule} of mine',
}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("DEAD BAND", {"dead band"}),
        ("불감대", {"dead band"}),
        ("dead_band", {"flag"}),
        ("noise", {"dead band"}),
        ("안전", {"class"}),
        ("Safety", {"class"}),
        ("공정", {"class"}),
        ('"lab": 1', {"class"}),
        ("100%", {"class"}),
        ("아니요", {"flag"}),
        ("한계", {"limit"}),
        ("14", {"limit"}),
        ("CHANGED", {"typed"}),
        ("hidden", set()),
        ("rule", {"typed"}),
        ("reason", set()),
        ("세정", {"rule"}),
        ("cleaning", {"rule", "over"}),
        ("flush >", {"hold-off"}),
        ("hold-off", {"hold-off"}),
        ("해제 지연", {"hold-off"}),
        ("maintenance of", {"maintenance"}),
        ("정비", {"maintenance"}),
        ("RO / 1단", {"maintenance"}),
        ("line down", {"maintenance"}),
        ("waits to return", {"over"}),
        ("억제 종료", {"over"}),
        ("not in use", {"not in use"}),
        ("더 이상 사용", {"not in use"}),
        ("post 4", set(REASONS)),
    ],
)
async def test_words_are_found_as_the_column_of_reasons_shows_them(
    database: Database, typed: str, found: set[str]
) -> None:
    await database.execute(
        """insert into alarm_events (alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, actor,
                                     station, reason, priority, occurrence, isa_from, isa_to, regions)
           select 1, 1, 'X', 'RO/Stage 1/A', 'H', 'ATTR', now(), now(), 'x', 'post 4', r, 1, 1, 'NORM', 'NORM', 4
             from unnest($1::text[]) r""",
        list(REASONS.values()),
    )
    entries = await walk(database, JournalFilter(text=typed), 20)
    assert {name for name, reason in REASONS.items() if reason in {entry.reason for entry in entries}} == found
    assert await pages.count(database, None, JournalFilter(text=typed, tags=["X"])) == len(found)


async def test_everyone_in_the_journal_is_named_once(journal_db: Database) -> None:
    assert await alarms_journal.actors(journal_db) == ["kim", "service"]


async def exported(db: Database, path: Path, only: JournalFilter) -> list[list[str]]:
    shares: list[float] = []
    rows = await alarms_journal.export(db, only=only, path=path, zone=SEOUL, progress=shares.append)
    assert shares[-1] == 1.0
    if path.suffix == ".csv":
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.reader(file))
    else:
        book = openpyxl.load_workbook(path, read_only=True)
        found = [["" if v is None else str(v) for v in row] for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    assert len(found) == rows + 1
    return found


@pytest.mark.parametrize("name", ["journal.csv", "journal.xlsx"])
async def test_the_file_has_every_entry_in_utc_and_plant_time(journal_db: Database, tmp_path: Path, name: str) -> None:
    head, *rows = await exported(journal_db, tmp_path / name, JournalFilter())
    assert head[:2] == ["Time (UTC)", "Time (Asia/Seoul)"]
    whole = await all_entries(journal_db)
    assert [int(row[-1]) for row in rows] == [entry.event_id for entry in whole]
    utc, local = rows[-1][:2]
    assert (utc[-6:], local[-6:]) == ("+00:00", "+09:00")
    (written,) = {row[-2] for row in rows if row[-2]}
    assert written.lstrip("'") == "=cmd|x <b>pump</b> 펌프"
    assert written.startswith("'") == name.endswith("csv"), "no spreadsheet computes it"
    assert list(tmp_path.iterdir()) == [tmp_path / name]


async def test_the_file_holds_what_the_filter_lets_through(journal_db: Database, tmp_path: Path) -> None:
    _, *rows = await exported(journal_db, tmp_path / "acks.csv", JournalFilter(actor="kim"))
    assert len(rows) == 30
    assert {row[15] for row in rows} == {"kim"}
    assert await exported(journal_db, tmp_path / "none.xlsx", JournalFilter(tags=["none"])) != []


async def test_a_cancelled_export_leaves_no_file(journal_db: Database, tmp_path: Path) -> None:
    def cancel(_share: float) -> None:
        task.cancel()

    task = asyncio.ensure_future(
        alarms_journal.export(journal_db, only=JournalFilter(), path=tmp_path / "j.xlsx", zone=SEOUL, progress=cancel)
    )
    await asyncio.wait([task])
    assert task.cancelled()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "said"), [("journal.txt", "must end in"), ("gone/journal.csv", "can't be written")])
async def test_a_file_that_cannot_be_is_refused(journal_db: Database, tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(KnownError, match=said):
        await alarms_journal.export(
            journal_db, only=JournalFilter(), path=tmp_path / name, zone=SEOUL, progress=lambda _share: None
        )


async def plan_of(db: Database, only: JournalFilter) -> str:
    """The statement's plan, as the server makes it for this filter."""
    query = await pages._query(db, None, only)
    most = query.arg(20, "int")
    rows = await db.fetch(f"explain select event_id from {query.first(most)} order by 1 limit {most}", *query.args)
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("only", "index"),
    [
        (JournalFilter(tags=["TAG-3"]), "alarm_events_tag"),
        (JournalFilter(area="RO"), "alarm_events_area"),
        (JournalFilter(actor="kim"), "alarm_events_actor"),
        (JournalFilter(kinds=["SHLV"]), "alarm_events_kind"),
        (JournalFilter(alarm_kinds=["LL"]), "alarm_events_alarm_kind"),
        (JournalFilter(priorities=[1]), "alarm_events_priority"),
        (JournalFilter(text="desk"), "alarm_events_written"),
        (JournalFilter(start=START + HOUR), "alarm_events_ts"),
    ],
)
async def test_each_filter_has_its_index(journal_db: Database, only: JournalFilter, index: str) -> None:
    await journal_db.execute("analyze alarm_events")
    assert index in re.findall(r"using (\w+)", await plan_of(journal_db, only))
