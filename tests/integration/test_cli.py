"""The command `ksys` as a person calls it, on a real database."""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path

import pytest

from ksys_core.cli.program import run
from ksys_core.i18n import tr
from ksys_core.settings_sources import OTHER_VARIABLES
from ksys_core.store.pool import Database
from ksys_core.store.server_setup import dsn_of
from tests.conftest import run_sql

WIDE = "time,FLOW (m3/h),LEVEL (%)\n" + "".join(f"2026-01-01 00:{m:02d}:00,{m},{50 + m}\n" for m in range(30))


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TS_DSN", "HOME", "APPDATA", "TZ", "APP_ENV", *OTHER_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tr, "language", "en")


@pytest.fixture
def on_database(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TS_DSN", dsn)
    return dsn


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    path = tmp_path / "wide.csv"
    path.write_text(WIDE)
    return path


def test_import_twice_changes_nothing(on_database: str, wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "csv", str(wide), "--create", "--zone", "UTC", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["inserted"], first["created"]) == (60, ["FLOW", "LEVEL"])
    assert first["first"] == "2026-01-01T00:00:00+00:00"
    assert run(["import", "csv", str(wide), "--zone", "UTC", "--json"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert (second["inserted"], second["corrected"], second["unchanged"]) == (0, 0, 60)
    assert second["created"] == []


def test_imported_readings_are_in_the_rollups(on_database: str, wide: Path) -> None:
    run(["import", "csv", str(wide), "--create", "--zone", "UTC"])
    wide.write_text(WIDE.replace("00:07:00,7,", "00:07:00,700,"))
    run(["import", "csv", str(wide), "--zone", "UTC"])

    async def hours() -> list[tuple[str, int, float]]:
        db = await Database.connect(on_database)
        try:
            rows = await db.fetch(
                "select tag, n, max from sensor_readings_1h join sensors using (sensor_id) order by tag"
            )
            late = await db.fetchval("select count(*) from rollup_late")
            assert late == 0 or db.capabilities.timescale  # there the policies do them
            return [(row["tag"], row["n"], row["max"]) for row in rows]
        finally:
            await db.close()

    assert asyncio.run(hours()) == [("FLOW", 30, 700.0), ("LEVEL", 30, 79.0)]


def test_unknown_tags_are_refused_with_the_nearest(
    on_database: str, wide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["import", "csv", str(wide), "--create"])
    typo = tmp_path / "typo.csv"
    typo.write_text(WIDE.replace("FLOW", "FLOWS"))
    capsys.readouterr()
    assert run(["import", "csv", str(typo)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert "FLOWS (~ FLOW)" in output.err


def test_summary_for_people_and_reject_file(
    on_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("ts,A\n2026-01-01 00:00,1\n2026-01-01 00:01,x\nnonsense,3\n2026-01-01 00:03,4\n")
    assert run(["import", "csv", str(path), "--create"]) == 0
    told = capsys.readouterr().out
    assert "2 rejected, see bad.rejects.csv" in told
    rejected = (tmp_path / "bad.rejects.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rejected == ["line,column,value,reason", "3,A,x,not a number", '4,,"nonsense,3",not a time']


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["imprt"], 'Did you mean "import"?'),
        (["import", "csv"], "Name the files"),
        (["import", "csv", "missing.csv", "--create"], "missing.csv can't be read"),
        (["import", "csv", "x.csv", "--zone", "Mars/Olympus"], "no time zone"),
        (["import", "csv", "x.csv", "--rename", "A"], "NAME=TAG"),
        (["replay", "x.csv", "--speed", "90"], "between 1 and 60"),
        (["settings", "shw"], "show"),
        (["db", "status", "--dsn", "postgresql://u:pw@localhost/d"], "password"),
        (["simulate", "--days", "soon"], "days"),
    ],
)
def test_mistakes_give_one_line_and_status_2(
    on_database: str, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    output = capsys.readouterr()
    assert output.err.startswith("ksys: ")
    assert output.err.count("\n") == 1
    assert told in output.err


def test_no_database_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "status", "--data-dir", str(tmp_path / "none")]) == 2
    assert "TS_DSN" in capsys.readouterr().err


def test_production_refuses_simulation_and_replay(
    on_database: str, wide: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    for words in (["simulate"], ["replay", str(wide)]):
        assert run(words) == 2
        assert "production" in capsys.readouterr().err


def test_simulate_fills_and_check_finds_it_in_order(on_database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--days", "0.05", "--no-live"]) == 0
    assert run(["db", "check", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert all(finding["ok"] for finding in findings)
    assert len(findings) == 7
    assert run(["db", "status", "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["tags"] == 44
    assert status["pending"] == []


def test_check_finds_what_is_wrong(on_database: str, wide: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["import", "csv", str(wide), "--create"])
    run_sql(on_database, "update sensor_latest set ts = ts - interval '1 h'")
    capsys.readouterr()
    assert run(["db", "check"]) == 1
    assert "FAIL  Newest values  FLOW, LEVEL" in capsys.readouterr().out


def test_migrate_and_an_empty_database(
    empty_dsn: str, wide: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TS_DSN", empty_dsn)
    assert run(["db", "status"]) == 0
    assert "no schema" in capsys.readouterr().out
    assert run(["import", "csv", str(wide), "--create"]) == 2
    assert "ksys db migrate" in capsys.readouterr().err
    assert run(["db", "migrate"]) == 0
    assert "0001_core" in capsys.readouterr().out
    assert run(["db", "migrate"]) == 0
    assert "up to date" in capsys.readouterr().out


def test_settings_show_hides_the_password(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TS_DSN", "postgresql://u:hunter2@db.example/d")
    assert run(["settings", "show"]) == 0
    told = capsys.readouterr().out
    assert "hunter2" not in told
    assert "environment TS_DSN" in told
    assert run(["settings", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["time_zone"] == {"value": "Asia/Seoul", "origin": "default", "name": ""}


def test_init_prepares_a_server(
    server_dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"t{uuid.uuid4().hex[:10]}"
    monkeypatch.setenv("KSYS_ADMIN_DSN", server_dsn)
    for variable in ("KSYS_SERVICE_PASSWORD", "KSYS_OPERATOR_PASSWORD", "KSYS_OWNER_PASSWORD"):
        monkeypatch.setenv(variable, f"a long one {variable}")
    words = ["db", "init", "--database", name, "--service", f"{name}_s", "--operator", f"{name}_o"]
    words += ["--owner", "ksys_test_owner"]  # stays: it has granted the group roles to one another
    try:
        status = run(words)
        told = capsys.readouterr()
        assert status == 0, told.err
        assert "a long one" not in told.out + told.err
        assert run(words) == 0
        service = dsn_of(server_dsn, f"{name}_s", "a long one KSYS_SERVICE_PASSWORD", name)
        monkeypatch.setenv("TS_DSN", service)
        assert run(["simulate", "--set-up"]) == 0
        assert run(["db", "check"]) == 0
    finally:
        run_sql(server_dsn, f"drop database if exists {name}")
        for role in ("s", "o"):
            run_sql(server_dsn, f"drop role if exists {name}_{role}")


def test_init_refuses_well_known_passwords(
    server_dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KSYS_ADMIN_DSN", server_dsn)
    monkeypatch.setenv("KSYS_OWNER_PASSWORD", "password")
    assert run(["db", "init", "--database", "never"]) == 2
    assert "too short or well known" in capsys.readouterr().err
