"""The master alarm table on a database: changes and who is first, history, derived priorities, limits, the file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ksys_core.domain.alarms.master import MasterRecord
from ksys_core.domain.alarms.matrix import SEVERITIES, PriorityMatrix
from ksys_core.domain.alarms.reasons import reason_words
from ksys_core.errors import DeniedError, KnownError
from ksys_core.services import alarms_master as master
from ksys_core.services.alarms import JournalFilter, journal, journal_breaks
from ksys_core.services.alarms_master import MasterTable
from ksys_core.store import alarms_master as store
from ksys_core.store.pool import Database
from ksys_core.store.sensors import limits_between, limits_in_force, set_limits
from tests.integration.alarms_plant import build_plant

WHOLE = {
    "severity": "major", "response_s": 700.0, "cause_en": "leak", "consequence_ko": "정지", "action_en": "close valve",
    "rationalised": True, "owner": "kim", "review_date": date(2027, 1, 31), "test_interval_days": 90,
    "escalation_ko": "당직 책임자에게 연락", "suppression": "while the pump is off",
}  # fmt: skip


async def save(db: Database, table: MasterTable, *records: MasterRecord, moc: str = "") -> int:
    return await master.save(db, table, records, station="desk 1", reason="trial", moc=moc)


def of(table: MasterTable, tag: str, kind: str) -> MasterRecord:
    return table.records[tag, kind, ""]


async def test_all_fields_are_stored_and_the_priority_follows(database: Database) -> None:
    await build_plant(database)
    table = await master.load_table(database)
    record = replace(of(table, "PT-1", "H"), **WHOLE, limit=11.5, dead_band=0.5, on_delay_s=5.0, group="pumps")  # type: ignore[arg-type]
    assert await save(database, table, record) == 1
    again = await master.load_table(database)
    assert of(again, "PT-1", "H") == record
    stored = next(alarm for alarm in again.alarms if alarm.record == record)
    assert (stored.priority, stored.version) == (3, 2)
    assert await save(database, again, record) == 0, "what is so already changes nothing"
    await save(database, again, replace(record, response_s=200.0))
    assert [a.priority for a in (await master.load_table(database)).alarms if a.record.key == record.key] == [2]


async def test_the_database_derives_as_the_domain_does(database: Database) -> None:
    matrix = PriorityMatrix()
    for severity in SEVERITIES:
        for seconds in (1801.0, 1800.0, 600.0, 599.0, 180.0, 179.0):
            found = await database.fetchval("select alarm_derived_priority($1, $2)", severity, seconds)
            assert found == matrix.priority(severity, seconds), (severity, seconds)
    assert await database.fetchval("select alarm_derived_priority(null, 5.0)") is None
    assert master.matrix_of(json.loads(await database.fetchval("select alarm_matrix()"))) == matrix


async def test_another_matrix_changes_the_priorities_that_follow_from_it(database: Database) -> None:
    await build_plant(database)
    table = await master.load_table(database)
    await save(database, table, replace(of(table, "PT-1", "H"), **WHOLE))  # type: ignore[arg-type]
    matrix = replace(table.matrix, major=(3, 2, 2, 1))
    assert await master.set_matrix(database, matrix, station="desk 1", reason="site rule") == 1
    again = await master.load_table(database)
    assert again.matrix == matrix
    assert {a.record.key[:2]: a.priority for a in again.alarms}["PT-1", "H"] == 2
    assert await master.set_matrix(database, matrix, station="desk 1", reason="again") == 0
    with pytest.raises(KnownError, match="lower priority"):
        await master.set_matrix(database, replace(matrix, severe=(4, 4, 4, 4)), station="", reason="wrong")
    with pytest.raises(KnownError, match="give a reason"):
        await master.set_matrix(database, PriorityMatrix(), station="", reason=" ")


async def test_who_comes_second_is_told_who_was_first(database: Database) -> None:
    await build_plant(database)
    mine, theirs = await master.load_table(database), await master.load_table(database)
    await save(database, theirs, replace(of(theirs, "PT-2", "H"), owner="lee"))
    both = (replace(of(mine, "PT-1", "H"), owner="me"), replace(of(mine, "PT-2", "H"), owner="me"))
    who = await database.fetchval("select session_user::text")
    with pytest.raises(KnownError, match=f"PT-2 H: {who} was first") as refused:
        await save(database, mine, *both)
    assert refused.value.code == "alarm.changed_meanwhile"
    again = await master.load_table(database)
    assert [of(again, tag, "H").owner for tag in ("PT-1", "PT-2")] == ["", "lee"], "all or nothing"


async def test_a_limit_changed_at_the_faceplate_meanwhile_is_not_overwritten(database: Database) -> None:
    plant = await build_plant(database)
    table = await master.load_table(database)
    await set_limits(database, plant.sensors[0], {"H": 12.0})
    with pytest.raises(KnownError, match="has changed limit H meanwhile"):
        await save(database, table, replace(of(table, "PT-1", "H"), limit=9.0))
    assert (await limits_in_force(database))[plant.sensors[0]]["H"] == 12.0
    await save(database, table, replace(of(table, "PT-1", "H"), owner="kim"))


async def test_an_alarm_that_two_add_exists_once(database: Database) -> None:
    await build_plant(database)
    table = await master.load_table(database)
    new = MasterRecord("PT-1", "HH", limit=15.0, dead_band=1.0)
    assert await save(database, table, new) == 1
    with pytest.raises(KnownError, match="PT-1 HH exists already"):
        await save(database, table, new)
    twice = MasterRecord("PT-2", "HH", limit=15.0)
    with pytest.raises(KnownError, match="PT-2 HH exists already"):
        await save(database, table, replace(of(table, "PT-2", "H"), owner="x"), twice, twice)
    again = await master.load_table(database)
    assert of(again, "PT-1", "HH") == new
    assert await database.fetchval("select count(*) from alarms") == 5


async def test_setting_a_limit_writes_history_and_the_journal(database: Database) -> None:
    plant = await build_plant(database)
    table = await master.load_table(database)
    await save(database, table, replace(of(table, "PT-1", "H"), limit=14.0), moc="M-7")
    spans = [s for s in await limits_between(database, plant.sensors[:1], 0, 2**62) if s.kind == "H"]
    assert [s.value for s in spans] == [10.0, 14.0]
    assert spans[0].stop_ns == spans[1].start_ns
    assert await database.fetchval("select moc_id from sensor_limits where value = 14.0") == "M-7"
    entries = (await journal(database, None, 20, JournalFilter(kinds=["ATTR"]))).entries
    assert [(e.tag, e.alarm_kind, e.station) for e in entries] == [("PT-1", "H", "desk 1")] * 2
    assert {reason_words(e.reason) for e in entries} == {"Limit: 10 → 14 (trial)", "MOC number: - → M-7 (trial)"}
    assert await journal_breaks(database) == []


async def test_limits_of_a_tag_move_together(database: Database) -> None:
    plant = await build_plant(database)
    table = await master.load_table(database)
    await save(
        database, table, replace(of(table, "PT-1", "H"), limit=30.0), replace(of(table, "PT-1", "L"), limit=20.0)
    )
    assert (await limits_in_force(database))[plant.sensors[0]] == {"H": 30.0, "L": 20.0}
    again = await master.load_table(database)
    await save(database, again, replace(of(again, "PT-1", "H"), limit=None))
    assert (await limits_in_force(database))[plant.sensors[0]] == {"L": 20.0}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"limit": -1.0}, "must rise in the order"),
        ({"dead_band": 10.0}, "leave no room"),
        ({"on_delay_s": -1.0}, "on-delay must lie"),
        ({"rationalised": True}, "Missing: fill it in"),
    ],
)
async def test_what_is_wrong_is_refused_and_nothing_is_stored(
    database: Database, wrong: dict[str, object], said: str
) -> None:
    await build_plant(database)
    table = await master.load_table(database)
    bad = replace(of(table, "PT-1", "H"), **wrong)  # type: ignore[arg-type]
    with pytest.raises(KnownError, match=said):
        await save(database, table, replace(of(table, "PT-2", "H"), owner="kim"), bad)
    assert (await master.load_table(database)).records == table.records


async def test_history_shows_who_what_and_when_and_an_earlier_value_comes_back(database: Database) -> None:
    await build_plant(database)
    table = await master.load_table(database)
    first = of(table, "PT-1", "H")
    await save(database, table, replace(first, **WHOLE), moc="M-1")  # type: ignore[arg-type]
    again = await master.load_table(database)
    second = of(again, "PT-1", "H")
    await save(database, again, replace(second, cause_en="wear", limit=12.0, review_date=None))
    alarm = next(a for a in again.alarms if a.record.key == first.key)
    entries = await master.history(database, alarm.alarm_id)
    limit, changed, whole, _created, _first_limit = entries
    assert (limit.before, limit.after) == ({"limit": 10.0}, {"limit": 12.0})
    assert changed.before["cause"] == {"en": "leak"}
    assert changed.after["cause"] == {"en": "wear"}
    assert (changed.station, changed.reason, changed.moc, whole.moc) == ("desk 1", "trial", "", "M-1")
    assert changed.actor == await database.fetchval("select session_user::text")
    now = of(await master.load_table(database), "PT-1", "H")
    assert master.earlier(now, changed) == replace(second, limit=12.0)
    assert master.earlier(now, limit).limit == 10.0
    assert master.earlier(second, whole) == replace(first, moc_id="")


async def test_changes_without_a_number_of_change_management_are_counted(database: Database) -> None:
    await build_plant(database)
    table = await master.load_table(database)
    await save(database, table, replace(of(table, "PT-1", "H"), owner="kim"), moc="M-1")
    assert await master.unauthorised_changes(database) == 0
    await save(database, await master.load_table(database), replace(of(table, "PT-2", "H"), owner="kim", limit=11.0))
    assert await master.unauthorised_changes(database) == 2, "the record and its limit"


async def test_a_limit_that_is_cleared_stands_in_the_journal_and_is_counted(database: Database) -> None:
    plant = await build_plant(database)
    for moc, counted in (("M-1", 0), (None, 1)):
        await set_limits(database, plant.sensors[0], {"H": None}, moc_id=moc, reason="no probe")
        (entry,) = (await journal(database, None, 1, JournalFilter(kinds=["ATTR"]))).entries
        assert (entry.tag, entry.alarm_kind, reason_words(entry.reason)) == (
            "PT-1",
            "H",
            "Limit: 10 → - (no probe)",
        )
        assert await master.unauthorised_changes(database) == counted
        await set_limits(database, plant.sensors[0], {"H": 10.0}, moc_id="M-2")
    assert await journal_breaks(database) == []


async def test_each_of_many_changes_has_its_own_words_in_journal_and_history(database: Database) -> None:
    await build_plant(database)
    table = await master.load_table(database)
    await save(
        database,
        table,
        replace(of(table, "PT-1", "H"), owner="kim", limit=12.0),
        replace(of(table, "PT-1", "L"), moc_id="M-5", limit=1.0),
        replace(of(table, "PT-2", "H"), enabled=False),
        MasterRecord("PT-2", "HH", limit=15.0),
    )
    entries = (await journal(database, None, 20, JournalFilter(kinds=["ATTR"]))).entries
    assert sorted((e.tag, e.alarm_kind, reason_words(e.reason)) for e in entries) == [
        ("PT-1", "H", "Limit: 10 → 12 (trial)"),
        ("PT-1", "H", "Owner: - → kim (trial)"),
        ("PT-1", "L", "Limit: 0 → 1 (trial)"),
        ("PT-1", "L", "MOC number: - → M-5 (trial)"),
        ("PT-2", "H", "In use: yes → no (trial)"),
        ("PT-2", "HH", "Limit: - → 15 (trial)"),
    ]
    assert {e.station for e in entries} == {"desk 1"}
    for words, kinds in (
        ("owner", ["H"]),
        ("담당", ["H"]),
        ("사용", ["H"]),
        ("limit", ["H", "HH", "L"]),
        ("kim", ["H"]),
    ):
        found = (await journal(database, None, 20, JournalFilter(text=words))).entries
        assert sorted(e.alarm_kind for e in found if e.kind == "ATTR") == kinds, words
    low = next(a for a in table.alarms if a.record.key == ("PT-1", "L", ""))
    limit, changed, *_ = await master.history(database, low.alarm_id)
    assert (changed.before, changed.after, changed.moc) == ({"moc_id": None}, {"moc_id": "M-5"}, "M-5")
    assert (limit.after, limit.moc) == ({"limit": 1.0}, "M-5")
    assert await master.unauthorised_changes(database) == 2, "of the records; M-5 authorises the limits of its tag"
    assert await journal_breaks(database) == []


async def test_who_waits_is_told_how_far_it_is_and_can_cancel(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_AT_ONCE", 2)
    await build_plant(database, tags=3)
    table = await master.load_table(database)
    wanted = [replace(record, owner="kim", limit=(record.limit or 0) + 0.5) for record in table.records.values()]
    told: list[float] = []

    def cancel(share: float) -> None:
        told.append(share)
        work.cancel()

    work = asyncio.create_task(master.save(database, table, wanted, station="d", reason="trial", progress=cancel))
    with pytest.raises(asyncio.CancelledError):
        await work
    assert 0 < told[0] < 1
    assert (await master.load_table(database)).records == table.records
    told.clear()
    assert await master.save(database, table, wanted, station="d", reason="trial", progress=told.append) == 6
    assert told == sorted(told)
    assert (len(told), told[-1]) == (5, 1.0)
    assert set((await master.load_table(database)).records.values()) == set(wanted)


@pytest.mark.parametrize("text", ["'; drop table alarms; --", "<b>x</b>", '{"en": 1}', "$1", "\\x00", "압력"])
async def test_hostile_texts_are_stored_as_they_are(database: Database, text: str) -> None:
    await build_plant(database)
    table = await master.load_table(database)
    record = replace(of(table, "PT-1", "H"), cause_en=text, owner=text, suppression=text, basis=text)
    await save(database, table, record)
    assert of(await master.load_table(database), "PT-1", "H") == record


@pytest.mark.parametrize("name", ["alarms.csv", "alarms.xlsx"])
async def test_export_then_import_is_empty_and_edits_come_through(
    database: Database, tmp_path: Path, name: str
) -> None:
    await build_plant(database, 20)
    table = await master.load_table(database)
    await save(database, table, replace(of(table, "PT-1", "H"), **WHOLE, basis="=1+1"))  # type: ignore[arg-type]
    table = await master.load_table(database)
    assert await master.export_table(tmp_path / name, table) == 40
    found = await master.read_changes(tmp_path / name, table)
    assert found.count("unchanged") == 40
    assert found.wanted == ()
    (tmp_path / "edit.csv").write_text("tag,kind,limit,owner\nPT-1,H,12,lee\nPT-2,HH,15,\nPT-3,L,1,<i>\n", "utf-8")
    found = await master.read_changes(tmp_path / "edit.csv", table)
    assert [row.status for row in found.rows] == ["changed", "added", "changed"]
    assert found.untouched == 38
    assert (await master.load_table(database)).records == table.records, "a dry run"
    assert await master.save(database, table, found.wanted, station="d", reason="import", moc="M-9") == 3
    again = await master.load_table(database)
    assert of(again, "PT-1", "H").limit == 12.0
    assert {r.moc_id for r in found.wanted} == {""}
    assert of(again, "PT-3", "L").moc_id == "M-9"
    assert (await master.read_changes(tmp_path / "edit.csv", again)).count("unchanged") == 3


@pytest.fixture
def logins(login_dsn: Callable[[str], str]) -> dict[str, str]:
    return {group: login_dsn(group) for group in ("ksys_viewer", "ksys_operator", "ksys_engineer")}


async def test_engineers_change_by_the_function_only_and_viewers_look(
    database: Database, logins: dict[str, str]
) -> None:
    await build_plant(database)
    for group, dsn in logins.items():
        may = group == "ksys_engineer"
        db = await Database.connect(dsn, pool_max=2)
        try:
            table = await master.load_table(db)
            assert await master.history(db, table.alarms[0].alarm_id)
            record = replace(of(table, "PT-1", "H"), owner=group, limit=11.0 + may)
            if may:
                assert await save(db, table, record) == 1
            else:
                with pytest.raises(DeniedError):
                    await save(db, table, record)
            with pytest.raises(DeniedError):
                await db.execute("update alarm_definitions set owner = 'x'")
        finally:
            await db.close()
    table = await master.load_table(database)
    assert {a.changed_by for a in table.alarms if a.record.owner} == {"test_ksys_engineer"}
