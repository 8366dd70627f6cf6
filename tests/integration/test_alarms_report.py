"""The report of a journal that the evaluator wrote: page, workbook, command; and figures from the register."""

from __future__ import annotations

import asyncio
import io
import json
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from ksys_core.cli.alarms_report import instant
from ksys_core.domain.times import DAY, HOUR, to_datetime, to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import tr
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.services.alarms_kpis import alarm_kpis
from ksys_core.services.alarms_report import AlarmReport, actions, alarm_report
from ksys_core.services.alarms_report_file import write_report
from ksys_core.services.alarms_report_html import render as html
from ksys_core.services.alarms_report_xlsx import render as xlsx
from ksys_core.store.pool import Database
from ksys_core.store.sensors import set_limits
from tests.integration.alarms_plant import START, Plant, build_plant
from tests.integration.test_alarms_kpis import ksys

SEOUL = ZoneInfo("Asia/Seoul")
TAKE_OUT = "select alarm_remove_from_service($1, '', 'Broken', 'P-1', now() + interval '7 days')"


async def chattering_plant(database: Database) -> Plant:
    """PT-1 chatters: twelve times in two minutes; PT-2 comes along six times."""
    plant = await build_plant(database, 2, response_s=600.0)
    evaluator = AlarmEvaluator(database, plant.clock)
    for k in range(24):
        await evaluator.on_batch(
            await plant.reads(5 * k, *([12.0, 12.0 if k < 12 else 5.0] if k % 2 == 0 else [5.0, 5.0]))
        )
    return plant


async def report_of(plant: Plant) -> AlarmReport:
    return await alarm_report(plant.db, start=START - HOUR, stop=START + HOUR, area=None, zone=SEOUL, now=plant.now)


async def test_the_page_holds_figures_targets_and_actions(database: Database) -> None:
    report = await report_of(await chattering_plant(database))
    assert report.kpis.rates.count == 18
    page = html(report).decode()
    assert "<svg" in page
    assert "http" not in page
    for text in ("Annunciations a day", "≤ 150", "PT-1 H", "66.7", "Too little data for means", "Asia/Seoul"):
        assert text in page
    assert actions(report)[0] == "PT-1 H: it chatters: try a wider dead band or an off-delay (what-if)."


async def test_a_name_cannot_break_the_page(database: Database) -> None:
    plant = await chattering_plant(database)
    await database.execute("update sensors set tag = '<b>=1' where sensor_id = $1", plant.sensors[0])
    report = await report_of(plant)
    assert "<b>" not in html(report).decode()
    assert "&lt;b&gt;=1 H" in html(report).decode()


async def test_the_workbook_holds_numbers_as_numbers_and_names_as_text(database: Database) -> None:
    plant = await chattering_plant(database)
    await database.execute("update sensors set tag = '=1+1' where sensor_id = $1", plant.sensors[0])
    book = load_workbook(io.BytesIO(xlsx(await report_of(plant))))
    figures = {row[0].value: row[1].value for row in book["Key figures"].iter_rows(min_row=2)}
    assert figures["Annunciations a day"] == pytest.approx(432.0), "the journal has half of the two hours"
    top = list(next(book["Most frequent alarms"].iter_rows(min_row=2)))
    assert ([cell.value for cell in top], top[1].data_type) == ([1, "=1+1 H", 12, pytest.approx(200 / 3)], "s")
    assert sum(row[1].value for row in book["Annunciations in time"].iter_rows(min_row=2)) == 18


async def test_it_is_written_whole_in_the_language_of_the_person_or_refused(database: Database, tmp_path: Path) -> None:
    report = await report_of(await chattering_plant(database))
    tr.language = "ko"
    try:
        for name in ("report.html", "report.xlsx"):
            await write_report(report, tmp_path / name)
    finally:
        tr.language = "en"
    assert "주요 지표" in (tmp_path / "report.html").read_text("utf-8")
    assert "주요 지표" in load_workbook(tmp_path / "report.xlsx").sheetnames
    for path, code in ((tmp_path / "report.pdf", "report.suffix"), (tmp_path / "none" / "report.html", "report.file")):
        with pytest.raises(KnownError) as refused:
            await write_report(report, path)
        assert refused.value.code == code
    assert sorted(os.listdir(tmp_path)) == ["report.html", "report.xlsx"]


async def test_the_command_writes_it(database: Database, dsn: str, tmp_path: Path) -> None:
    plant = await chattering_plant(database)
    day = f"{to_datetime(plant.now).astimezone(SEOUL):%Y-%m-%d}"
    words = ("report", str(tmp_path / "r.html"), "--from", day, "--to", day, "--json")
    told = await asyncio.to_thread(ksys, dsn, *words)
    assert json.loads(told.stdout)["annunciations"] == 18, told.stderr
    assert (tmp_path / "r.html").exists()
    spoken = await asyncio.to_thread(ksys, dsn, "report", str(tmp_path / "r.pdf"))
    assert (spoken.returncode, "one of these endings" in spoken.stderr) == (2, True)


def test_a_day_as_the_end_counts_whole() -> None:
    day = datetime(2026, 5, 1)
    begin = to_ns(datetime(2026, 5, 1, tzinfo=SEOUL))
    assert instant(day, SEOUL, whole_day=False) == begin
    assert instant(day, SEOUL, whole_day=True) == begin + DAY
    assert instant(datetime(2026, 5, 1, 6), SEOUL, whole_day=True) == begin + 6 * HOUR


async def test_changes_and_suppressions_without_leave_are_counted(database: Database) -> None:
    plant = await build_plant(database, 2, response_s=600.0)
    change = "update alarm_definitions set {} where alarm_id = $1"
    await database.execute("update sensors set area = 'RO/Stage 1' where sensor_id = $1", plant.sensors[0])
    await database.execute(change.format("on_delay_s = 5, moc_id = 'MOC-1'"), plant.high[0])
    await database.execute(change.format("on_delay_s = 7, owner = '; moc_id - > MOC-1'"), plant.high[0])
    await database.execute(change.format("enabled = false"), plant.high[1])
    await set_limits(database, plant.sensors[0], {"H": 11.0}, moc_id="MOC-2")
    await set_limits(database, plant.sensors[0], {"H": 11.5})
    await database.fetch(TAKE_OUT, [plant.high[0]])
    await database.execute("update alarms set oos_permit = ''")  # as before a permit was demanded
    now = to_ns(await database.fetchval("select now()"))
    found = await alarm_kpis(database, start=now - HOUR, stop=now + HOUR)
    assert (found.unauthorised.suppressions, found.unauthorised.changes) == (2, 2)
    assert (await alarm_kpis(database, start=now + HOUR, stop=now + 2 * HOUR)).unauthorised.changes == 0
    part = (await alarm_kpis(database, start=now - HOUR, stop=now + HOUR, area="RO")).unauthorised
    assert (part.suppressions, part.changes) == (1, 2), "the alarm that was disabled is elsewhere"
    assert found.configured_mix[3] == 100.0


async def test_the_time_to_acknowledge_is_held_against_the_time_to_respond(database: Database) -> None:
    plant = await build_plant(database, 1, response_s=600.0)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 12.0))
    key = await database.fetchrow("select alarm_id, occurrence from alarms where alarm_id = $1", plant.high[0])
    await database.fetch("select alarm_acknowledge(array[$1::int], array[$2::int], '')", *(key or ()))
    now = to_ns(await database.fetchval("select now()"))
    found = await alarm_kpis(database, start=min(now, START) - HOUR, stop=max(now, START) + HOUR)
    seconds = found.to_acknowledge[3].p50
    assert found.to_acknowledge[3].n == 1
    assert seconds is not None
    assert found.ack_share[3].p95 == pytest.approx(100 * seconds / 600)


async def test_what_is_hidden_now_is_listed_and_what_is_hidden_too_long_is_an_action(database: Database) -> None:
    plant = await build_plant(database, 2)
    await database.fetch("select alarm_shelve($1, '', 'Work', now() + interval '2 hours')", [plant.high[0]])
    await database.fetch(TAKE_OUT, [plant.high[1]])
    await database.execute("update alarms set oos_review = now() - interval '1 hour' where out_of_service")
    now = to_ns(await database.fetchval("select clock_timestamp()"))
    report = await alarm_report(database, start=now - HOUR, stop=now, area=None, zone=SEOUL, now=now)
    assert [(each.state, each.reason, each.too_old) for each in report.hidden] == [
        ("SHLVD", "Work", False),
        ("OOSRV", "Broken", True),
    ]
    assert "PT-2 H has been hidden for too long: Out of service. Review it." in actions(report)
    later = await alarm_report(database, start=now - HOUR, stop=now, area=None, zone=SEOUL, now=now + 2 * DAY)
    assert [each.too_old for each in later.hidden] == [True, True]
    assert "Broken" in html(report).decode()
    rows = list(load_workbook(io.BytesIO(xlsx(report)))["Hidden now"].iter_rows(min_row=2, values_only=True))
    assert [row[6] for row in rows] == [None, "too old"]
