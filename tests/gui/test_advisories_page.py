"""Advisories and comparison pages on a real database, by real keys."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QWidget

from ksys_core.domain.crossing import Crossing
from ksys_core.domain.times import HOUR, MINUTE, to_datetime
from ksys_core.i18n import tr
from ksys_core.services import models
from ksys_core.services.models import TrainingPlan
from ksys_core.store import advisories, drift_advisories
from ksys_core.store.advisories import NewAdvisory
from ksys_hmi import display, theme
from ksys_hmi.runtime import PageRequest
from ksys_hmi.views.advisories import AdvisoriesPage
from ksys_hmi.views.comparison import ComparisonPage, LabelDialog
from ksys_hmi.views.faceplate import Faceplate
from ksys_hmi.views.models import ModelsPage
from ksys_hmi.views.question_dialog import QuestionDialog
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_with_plant
from tests.integration.alarms_plant import Plant
from tests.integration.forecasting.plant import minutes, put


async def foretold(plant: Plant, minutes: int = 34, source: str = "model") -> None:
    now = time.time_ns()
    found = Crossing(0.82, now + minutes * MINUTE, now + 21 * MINUTE, now + 70 * MINUTE)
    made = NewAdvisory(plant.sensors[1], "HH", 16.0, 1, source, now, found, now + 3 * HOUR)  # type: ignore[arg-type]
    await advisories.save(plant.db, opened=[made], updated=[], closed=[], now=now)


def test_an_advisory_is_shown_seen_and_leads_to_the_trend(run: Run, dsn: str, qapp: QApplication) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "advisories") as (window, plant):
            page = window.page
            assert isinstance(page, AdvisoriesPage)
            assert page.hint.text().startswith("No forecast crosses a limit within its horizon")
            entries = await plant.db.fetchval("select count(*) from alarm_events")
            await foretold(plant)
            window.runtime.events.changed.emit("advisories", ())
            await until(lambda: bool(page.current.model().rows))
            model = page.current.model()
            texts = [model.data(model.index(0, i)) for i in range(10)]
            assert (texts[0], texts[2]) == ("PT-2", "limit ahead")
            assert texts[4] in ("HH in 34 min (80 %: 21–70)", "HH in 33 min (80 %: 20–69)")
            assert (texts[5], texts[9]) == ("82 %", "")
            page.current.setFocus()
            page.current.go_to(1)
            asked: list[PageRequest] = []
            window.runtime.events.page_requested.connect(asked.append)
            QTest.keyClick(page.current, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: model.rows[0].seen_by is not None)
            assert await plant.db.fetchval("select count(*) from alarm_events") == entries, "no alarm"
            for name in ("night", "day"):
                display.switch_theme(qapp, name)
                assert theme.current().forecast.name() in page.current.styleSheet()
            QTest.keyClick(page.current, Qt.Key.Key_T)
            await until(lambda: bool(asked))
            assert (asked[0].page_id, asked[0].params["tags"]) == ("trend", ["PT-2"])

    run(scenario())


async def drifted(plant: Plant, kind: str, *, cleared: bool = False) -> int:
    """PT-1's champion shows a change that led to a training job, as the service's jobs write it; the job's number."""
    db, sensor = plant.db, plant.sensors[0]
    if cleared:
        await db.execute("update drift_findings set cleared_at = now()")
    else:
        values = "values (array[$1::int], array['ridge'], 'drift') returning job_id"
        job: int = await db.fetchval(f"insert into training_jobs (sensor_ids, algorithms, origin) {values}", sensor)
        with ThreadPoolExecutor(1) as executor:
            now = time.time_ns()
            t = minutes(now - HOUR, now)
            await put(db, sensor, t, np.sin(t / HOUR))
            await models.deploy(db, now_ns=now, executor=executor, tag="PT-1", plan=TrainingPlan("naive"))
        await db.execute(
            """
            insert into drift_findings (model_id, sensor_id, kind, severity, statistic, threshold, effect, job_id)
            select model_id, sensor_id, $1, 'act', 2.345, 1.5, 'retraining', $2 from deployed_models where is_active
            """,
            kind,
            job,
        )
    await drift_advisories.follow(db, time.time_ns())
    told: int = await db.fetchval("select max(job_id) from drift_findings")
    return told


def test_drift_stands_in_the_same_list_as_a_kind_of_its_own_and_leads_to_the_model(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "advisories") as (window, plant):
            page = window.page
            assert isinstance(page, AdvisoriesPage)
            await foretold(plant)
            job = await drifted(plant, "concept")
            window.runtime.events.changed.emit("advisories", ())
            model = page.current.model()
            await until(lambda: len(model.rows) == 2)
            assert [model.data(model.index(row, 2)) for row in (0, 1)] == ["limit ahead", "no longer fits"]
            texts = [model.data(model.index(1, i)) for i in range(10)]
            told = f"larger errors 2.35 > 1.5; retraining: job {job}, queued"
            assert texts[4] == told
            whole = model.data(model.index(1, 4), Qt.ItemDataRole.ToolTipRole)
            assert whole == f"The forecast of PT-1 no longer fits: {told}"
            assert (texts[0], texts[3], texts[5], texts[6]) == ("PT-1", "", "", "Last value")
            await focused(page.current)
            page.current.go_to(model.rows[1].advisory_id)
            QTest.keyClick(page.current, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: model.rows[1].seen_by is not None)
            assert model.rows[0].seen_by is None

            for key in (Qt.Key.Key_Return, Qt.Key.Key_M):
                QTest.keyClick(page.current, key)
                await until(lambda: isinstance(window.page, ModelsPage) and window.page.models.current is not None)
                there = window.page
                assert isinstance(there, ModelsPage)
                assert there.models.current is not None
                assert there.models.current.row.model_id == model.rows[1].model_id
                window.runtime.open_page("advisories")
                await until(lambda: window.page is page)
                await focused(page.current)
            await drifted(plant, "concept", cleared=True)
            window.runtime.events.changed.emit("advisories", ())
            past = page.past.model()
            await until(lambda: len(model.rows) == 1 and len(past.rows) == 1)
            assert [past.data(past.index(0, i)) for i in (0, 1, 5, 6)] == [
                "PT-1", "no longer fits", "fits again", "larger errors 2.35 > 1.5",
            ]  # fmt: skip

    run(scenario())


def test_the_faceplate_says_what_is_expected_and_that_a_fallback_says_it(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "dashboard") as (window, plant):
            await foretold(plant, source="fallback")
            plate = Faceplate(window.runtime, window.runtime.sensors[plant.sensors[1]], window)
            plate.show()
            await until(lambda: "fallback forecast" in plate.expected.text())
            assert plate.expected.text().startswith("HH in 3")
            assert plate.expected.isVisible()
            plate.close()

    run(scenario())


def questions(page: QWidget) -> list[QuestionDialog]:
    return [each for each in page.findChildren(QuestionDialog) if each.isVisible()]


async def focused(widget: QWidget) -> None:
    """Give `widget` the keys once its window has them: without a window manager a closed dialog keeps them."""
    widget.window().activateWindow()
    await until(widget.isActiveWindow)
    widget.setFocus()


def dialogs() -> list[LabelDialog]:
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, LabelDialog) and each.isVisible()]


def test_an_event_is_labelled_and_judged(run: Run, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time_ns() - HOUR
    monkeypatch.setattr("tests.integration.alarms_plant.START", start)

    async def scenario() -> None:
        async with window_with_plant(dsn, "comparison") as (window, plant):
            page = window.page
            assert isinstance(page, ComparisonPage)
            assert page.hint.text() == "No labelled event in this period: label one below."
            zone = window.runtime.zone
            times = [f"{to_datetime(start + k * MINUTE).astimezone(zone):%Y-%m-%d %H:%M:%S}" for k in (-1, 5)]
            for end, problem in ((times[0], "ends before"), (times[1], "")):
                await focused(page.labels)
                QTest.keyClick(page.labels, Qt.Key.Key_Insert)
                await until(lambda: bool(dialogs()))
                (dialog,) = dialogs()
                dialog.tag.setCurrentText("PT-1")
                for name, text in (("from", times[0]), ("to", end), ("text", "Fouling")):
                    dialog.fields[name].setText(text)
                box = dialog.findChild(QDialogButtonBox)
                assert box is not None
                QTest.mouseClick(box.button(QDialogButtonBox.StandardButton.Ok), Qt.MouseButton.LeftButton)
                await until(lambda: not dialogs())
                await until(lambda: bool(page.problem.text()) or bool(page.labels.model().rows))
                assert problem in page.problem.text()
            await until(lambda: bool(page.scores.model().rows))
            rows = {(row.name, row.who): row.score for row in page.scores.model().rows}
            assert (rows["PT-1", "Rule alarms"].recall, rows["PT-1", "Advisories"].recall) == (1.0, 0.0)
            await focused(page.labels)
            page.labels.go_to(page.labels.model().rows[0].event_id)
            for yes in (False, True):
                QTest.keyClick(page.labels, Qt.Key.Key_Delete)
                await until(lambda: bool(questions(page)))
                (question,) = questions(page)
                QTest.mouseClick(question.yes if yes else question.no, Qt.MouseButton.LeftButton)
                await until(lambda: not questions(page))
                assert yes or page.labels.model().rows, "whoever cancels keeps it"
                await focused(page.labels)
            await until(lambda: not page.labels.model().rows)
            assert plant.db is window.runtime.db

    tr.language = "en"
    run(scenario())


def test_a_file_is_compared_and_a_wrong_one_named(run: Run, dsn: str, tmp_path: Path) -> None:
    v = 10 + np.sin(np.arange(1200) / 9.0) + np.random.default_rng(3).normal(0, 0.1, 1200)
    v[900:950] = 30.0
    moments = [to_datetime(k * MINUTE).isoformat() for k in range(1200)]
    table, labels = tmp_path / "t.csv", tmp_path / "l.csv"
    table.write_text("\n".join(["time,FLOW", *(f"{t},{x:.4f}" for t, x in zip(moments, v, strict=True))]), "utf-8")
    labels.write_text(f"from,to\n{moments[900]},{moments[950]}\n", "utf-8")

    async def scenario() -> None:
        async with window_with_plant(dsn, "comparison") as (window, _plant):
            page = window.page
            assert isinstance(page, ComparisonPage)
            presenter = page.presenter
            presenter.compare(table, labels)  # type: ignore[attr-defined]
            assert page.progress.isVisible()
            await until(lambda: not presenter.state.running)
            assert [(row.who, row.score.recall) for row in page.file_scores.model().rows] == [
                ("Rule alarms", 1.0), ("Model", 1.0),
            ]  # fmt: skip
            assert page.file_hint.text() == "t.csv"
            presenter.compare(table, tmp_path / "none.csv")  # type: ignore[attr-defined]
            await until(lambda: "can't be read" in page.problem.text())

    run(scenario())
