"""The daily alarm report: once a day, of the day before, in the language of the plant; old ones go, failures show."""

from __future__ import annotations

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND, to_datetime, to_ns
from ksys_core.i18n import tr
from ksys_core.services.alarms_evaluator import evaluate_once
from ksys_core.services.alarms_report_daily import DailyReports, write_daily
from ksys_core.services.jobs import load_service_state
from ksys_core.settings import Settings
from ksys_core.store import scheduler
from ksys_core.store.pool import Database
from scheduler_service.jobs import Job, job_table
from scheduler_service.runner import Runner
from tests.integration.alarms_plant import START, Plant, build_plant

SEOUL = ZoneInfo("Asia/Seoul")
DAY_OF_START = to_datetime(START).astimezone(SEOUL).date()
MIDNIGHT = to_ns(datetime.combine(DAY_OF_START, datetime.min.time(), SEOUL)) + DAY
NAME = f"alarms_{DAY_OF_START:%Y%m%d}"


@pytest.fixture
async def plant(database: Database) -> Plant:
    made = await build_plant(database)
    await made.reads(0, 12.0, 5.0)
    await evaluate_once(database, made.clock)
    return made


@pytest.fixture
def reports(tmp_path: Path) -> DailyReports:
    return DailyReports(tmp_path / "data" / "reports", "html", "ko", 30)


async def written(plant: Plant, reports: DailyReports, now: int) -> int:
    return await write_daily(plant.db, reports, clock=lambda: now, zone=SEOUL)


async def test_it_is_written_once_when_the_day_is_over(plant: Plant, reports: DailyReports) -> None:
    assert await written(plant, reports, MIDNIGHT - SECOND) == 0, "the journal had not begun the day before"
    await plant.db.fetch("select alarm_shelve($1, '', 'Pump work', now() + interval '2 hours')", plant.high[:1])
    await plant.db.execute(
        "select alarm_remove_from_service($1, '', 'Broken', 'P-1', now() + interval '1 hour')", plant.high[1:]
    )
    await plant.db.execute("update alarms set oos_review = '2020-01-01' where out_of_service")
    assert await written(plant, reports, MIDNIGHT + 5 * MINUTE) == 1
    page = (reports.folder / f"{NAME}.html").read_text("utf-8")
    day = f"{DAY_OF_START:%Y-%m-%d}"
    assert f"{day} 00:00" in page
    for text in ("주요 지표", "Pump work", "Broken", "기한 초과"):
        assert text in page
    assert tr.language == "en", "only the report speaks the language of the plant"
    before = (reports.folder / f"{NAME}.html").stat()
    assert await written(plant, reports, MIDNIGHT + 65 * MINUTE) == 0
    assert (reports.folder / f"{NAME}.html").stat() == before
    assert os.listdir(reports.folder) == [f"{NAME}.html"]


async def test_it_is_the_report_that_a_person_can_make(plant: Plant, reports: DailyReports) -> None:
    assert await written(plant, replace(reports, kind="xlsx", language="en"), MIDNIGHT + HOUR) == 1
    book = load_workbook(reports.folder / f"{NAME}.xlsx")
    assert [row[1].value for row in book["Most frequent alarms"].iter_rows(min_row=2)] == ["PT-1 H"]


async def test_old_reports_are_deleted_and_nothing_else(plant: Plant, reports: DailyReports) -> None:
    folder, first = reports.folder, f"{NAME}.html"
    assert await written(plant, reports, MIDNIGHT + HOUR) == 1
    (folder / "alarms_20200101.xlsx").touch()
    for name in ("alarms_20200101.html.txt", "alarms.html", "mine.html"):
        (folder / name).touch()
    assert await written(plant, reports, MIDNIGHT + 29 * DAY + HOUR) == 2, "one is new, the workbook of 2020 is gone"
    assert (folder / first).exists()
    assert await written(plant, reports, MIDNIGHT + 30 * DAY + HOUR) == 2
    left = {*os.listdir(folder)}
    assert first not in left
    assert {"alarms_20200101.html.txt", "alarms.html", "mine.html"} < left
    assert len(left) == 5


async def test_without_a_journal_there_is_nothing_to_report(database: Database, reports: DailyReports) -> None:
    assert await write_daily(database, reports, clock=lambda: MIDNIGHT, zone=SEOUL) == 0
    assert os.listdir(reports.folder) == []


def job_of(settings: Settings, db: Database) -> Job:
    return next(job for job in job_table(settings, db) if job.name == "alarm_report")


async def test_the_service_page_tells_when_it_runs_and_why_it_failed(plant: Plant, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("in the way")
    settings = Settings(data_dir=tmp_path)
    job = job_of(settings, plant.db)
    await scheduler.define_jobs(plant.db, [job.definition()])
    runner = Runner(plant.db, settings, uuid.uuid4(), lambda: ThreadPoolExecutor(1))
    failed = await runner.run(job, job.slot(MIDNIGHT))
    assert failed is not None
    assert failed.status == "failed"
    assert "can't be written" in failed.message
    (shown,) = (await load_service_state(plant.db)).jobs
    assert (shown.title, shown.last_error) == ("Alarm report of the day before", failed.message)
    (tmp_path / "reports").unlink()
    again = await runner.run(job, job.slot(MIDNIGHT + HOUR))
    assert again is not None
    assert again.status == "succeeded", again.message
    assert (tmp_path / "reports").is_dir()
