"""`ksys alarms journal`, `export` and `import` as a person calls them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import openpyxl
import pytest

from ksys_core.cli.program import run
from ksys_core.domain.times import SECOND
from ksys_core.i18n import tr
from ksys_core.services import alarms_master
from ksys_core.settings_sources import OTHER_VARIABLES
from ksys_core.store.alarms_seals import seal
from ksys_core.store.pool import Database
from tests.integration.alarms_plant import START, build_plant
from tests.integration.test_alarms_journal import COUNT, FILL

T = TypeVar("T")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dsn: str) -> None:
    for name in ("HOME", "APPDATA", "TZ", "APP_ENV", *OTHER_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TS_DSN", dsn)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tr, "language", "en")


def on(dsn: str, work: Callable[[Database], Awaitable[T]]) -> T:
    async def scenario() -> T:
        db = await Database.connect(dsn, pool_max=2)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(scenario())


def limits(dsn: str) -> dict[str, float | None]:
    table = on(dsn, alarms_master.load_table)
    return {f"{r.tag} {r.kind}": r.limit for r in table.records.values()}


def test_the_table_goes_out_and_comes_back_changed(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    on(dsn, build_plant)
    assert run(["alarms", "export", "alarms.xlsx"]) == 0
    assert capsys.readouterr().out == "4 rows written to alarms.xlsx\n"
    assert run(["alarms", "import", "alarms.xlsx", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"rows": [], "unchanged": 4, "untouched": 0, "stored": None}
    book = openpyxl.load_workbook("alarms.xlsx")
    sheet = book.active
    names = [cell.value for cell in next(sheet.iter_rows(max_row=1))]
    sheet.cell(2, names.index("limit") + 1).value = 12.5
    sheet.cell(2, names.index("owner") + 1).value = "[bold]kim[/bold]"
    book.save("alarms.xlsx")
    assert run(["alarms", "import", "alarms.xlsx"]) == 0
    said = capsys.readouterr().out
    assert "limit: 10 -> 12.5" in said
    assert "owner: - -> [bold]kim[/bold]" in said, "texts of people are no markup"
    assert "Nothing is changed yet" in said
    assert limits(dsn)["PT-1 H"] == 10.0
    assert run(["alarms", "import", "alarms.xlsx", "--apply", "--reason", "review", "--moc", "M-1"]) == 0
    assert "1 alarm changed." in capsys.readouterr().out
    assert limits(dsn)["PT-1 H"] == 12.5


def test_nothing_is_applied_while_a_row_is_wrong(dsn: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    on(dsn, build_plant)
    (tmp_path / "a.csv").write_text("tag,kind,limit\nPT-1,H,12\nPT-2,H,ten\nPT-9,H,1\n")
    assert run(["alarms", "import", "a.csv", "--apply", "--reason", "review"]) == 1
    said = capsys.readouterr().out
    assert "“ten” is no number" in said
    assert "There is no tag PT-9" in said
    assert limits(dsn)["PT-1 H"] == 10.0


def test_a_change_needs_a_reason_and_a_file_that_is_one(
    dsn: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    on(dsn, build_plant)
    (tmp_path / "a.csv").write_text("tag,kind,limit\nPT-1,H,12\n")
    assert run(["alarms", "import", "a.csv", "--apply"]) != 0
    assert "give a reason" in capsys.readouterr().err
    assert run(["alarms", "import", "gone.csv"]) != 0
    assert "gone.csv can't be read" in capsys.readouterr().err
    assert limits(dsn)["PT-1 H"] == 10.0


def test_the_journal_is_printed_and_exported(dsn: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    on(dsn, lambda db: db.execute(FILL, COUNT, START / SECOND))
    given = ["alarms", "journal", "--actor", "kim", "--event", "ack", "--area", "RO", "--priority", "1"]
    assert run([*given, "--json", "--limit", "3"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 3
    assert {(row["actor"], row["kind"], row["priority"]) for row in rows} == {("kim", "ACK", 1)}
    assert run([*given, "--export", "acks.csv"]) == 0
    assert capsys.readouterr().out == "30 rows written to acks.csv\n"
    assert len((tmp_path / "acks.csv").read_text("utf-8").splitlines()) == 31
    assert run(["alarms", "journal", "--tag", "NONE"]) == 0
    assert capsys.readouterr().out == "No entry matches the filter.\n"
    assert run(["alarms", "journal", "--text", "<b>pump</b>"]) == 0
    assert "<b>pump</b>" in capsys.readouterr().out
    assert run(["alarms", "journal", "--limit", "0"]) != 0
    assert "Between 1 and 100000" in capsys.readouterr().err


def test_a_forged_journal_is_told(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def write(db: Database) -> None:
        await db.execute(FILL, 10, START / SECOND)
        await seal(db, timedelta(0))

    on(dsn, write)
    assert run(["alarms", "verify"]) == 0
    assert "10 entries under 1 seals are as they were written." in capsys.readouterr().out
    on(dsn, lambda db: db.execute("alter table alarm_events disable trigger alarm_events_fixed"))
    on(dsn, lambda db: db.execute("delete from alarm_events where event_id = 5"))
    assert run(["alarms", "verify"]) == 1
    assert "The journal was changed between the entries 1 and 10" in capsys.readouterr().out


def test_classes_that_need_a_note_are_chosen_and_printed(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str, status: int = 0) -> str:
        assert run(["alarms", "note-classes", *words]) == status
        captured = capsys.readouterr()
        return (captured.out or captured.err).strip()

    assert said() == "Alarms of every class are acknowledged with or without a note."
    assert "Please give a reason." in said("safety", status=2)
    chosen = "Alarms of these classes are acknowledged with a note only: hma, safety"
    assert said("safety", "hma", "--reason", "shift order 12") == chosen
    assert said() == chosen
    assert said("--reason", "trial is over") == "Alarms of every class are acknowledged with or without a note."
    count = "select count(*) from audit_log where action = 'alarm.note_classes'"
    assert on(dsn, lambda db: db.fetchval(count)) == 2
