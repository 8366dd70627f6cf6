"""The Models page on a real database: figures, live progress, training, promotion, rights; by real clicks and keys."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox

from ksys_core.domain.times import HOUR, MINUTE
from ksys_core.services import backfill, forecast, lifecycle, metrics, models, training
from ksys_core.services.models import TrainingPlan
from ksys_core.services.training import TrainingRequest
from ksys_core.services.training_run import run_claimed
from ksys_core.store import training as store
from ksys_core.store.pool import Database
from ksys_core.store.sensors import all_sensors
from ksys_core.store.session import Session
from ksys_hmi.presenters.models import ALGORITHMS
from ksys_hmi.runtime import PageRequest
from ksys_hmi.views.job_dialog import JobDialog
from ksys_hmi.views.main_window import MainWindow
from ksys_hmi.views.models import ModelsPage
from ksys_hmi.views.training_dialog import TrainingDialog
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_with_plant
from tests.integration.forecasting.plant import NOW, history, minutes, put, wave

STEP = 15 * MINUTE
REQUEST = TrainingRequest(("ridge",), interval_s=900, horizon=6, season=96, history_days=5, folds=30)


@dataclass
class Desk:
    window: MainWindow
    page: ModelsPage
    db: Database
    sensors: dict[str, int]
    ids: list[int]


@asynccontextmanager
async def desk(dsn: str) -> AsyncIterator[Desk]:
    """FLOW with a champion, the one before in shadow and a forecast that came true; LEVEL without a model."""
    async with window_with_plant(dsn, "models") as (window, plant):
        page = window.page
        assert isinstance(page, ModelsPage)
        now = time.time_ns() // STEP * STEP - 2 * HOUR
        sensors = await history(plant.db, ["FLOW", "LEVEL"], days=5, now=now)
        executor = ThreadPoolExecutor(1)
        plan = TrainingPlan("naive", interval_s=900, horizon=6, season=1)
        old, new = [
            await models.train_model(plant.db, now_ns=now, executor=executor, sensor_id=sensors["FLOW"], plan=plan)
            for _ in range(2)
        ]
        await plant.db.fetchval("select deploy_model($1)", old)
        await lifecycle.promote(plant.db, model_id=new, reason="trial")
        await forecast.run_cycle(plant.db, now_ns=now, executor=executor)
        t = minutes(now, now + 2 * HOUR)
        for sensor_id in sensors.values():
            await put(plant.db, sensor_id, t, wave(NOW + t - now))
        await backfill.run(plant.db, now_ns=now + 2 * HOUR)
        await metrics.run(plant.db, now_ns=now + 2 * HOUR)
        window.runtime.sensors = {sensor.sensor_id: sensor for sensor in await all_sensors(plant.db)}
        page.presenter.refresh()
        await until(lambda: len(page.models.model().rows) == 2 and page.models.model().rows[0].score is not None)
        yield Desk(window, page, plant.db, sensors, [old, new])


def dialog_of(page: ModelsPage, kind: type[QDialog]) -> QDialog | None:
    return next((each for each in page.findChildren(kind) if each.isVisible()), None)


async def opened(page: ModelsPage, kind: type[QDialog]) -> QDialog:
    await until(lambda: dialog_of(page, kind) is not None)
    found = dialog_of(page, kind)
    assert found is not None
    return found


def press_ok(dialog: QDialog) -> None:
    box = dialog.findChildren(QDialogButtonBox)[0]
    QTest.mouseClick(box.button(QDialogButtonBox.StandardButton.Ok), Qt.MouseButton.LeftButton)


def text(page: ModelsPage, row: int, title: str) -> str:
    model = page.models.model()
    names = [model.headerData(i, Qt.Orientation.Horizontal) for i in range(model.columnCount())]
    return str(model.data(model.index(row, names.index(title))))


def test_what_is_deployed_with_its_figures(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with desk(dsn) as d:
            old, new = d.ids
            assert [line.row.model_id for line in d.page.models.model().rows] == [new, old]
            assert [text(d.page, row, "Runs as") for row in (0, 1)] == ["champion", "challenger"]
            assert text(d.page, 0, "State") == "well"
            score = d.page.models.model().rows[0].score
            assert score is not None
            assert score.n == 6
            assert text(d.page, 0, "MASE 24 h") == f"{score.mase:.2f}"
            assert text(d.page, 0, "Inside 95 %") == f"{100 * score.coverage95:.1f} %"
            await d.db.execute(
                "update deployed_models set last_state = 'stale', last_error = 'The newest values are missing.'"
            )
            d.page.presenter.refresh()
            await until(lambda: text(d.page, 0, "State") == "stale: The newest values are missing.")
            asked: list[PageRequest] = []
            d.window.runtime.events.page_requested.connect(asked.append)
            d.page.models.setFocus()
            d.page.models.go_to(old)
            QTest.keyClick(d.page.models, Qt.Key.Key_Return)
            assert [(one.page_id, one.params["tags"]) for one in asked] == [("trend", ["FLOW"])]

    run(scenario())


def test_an_engineer_rolls_back_with_a_reason(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with desk(dsn) as d:
            old, new = d.ids
            said: list[str] = []
            d.window.runtime.events.message.connect(said.append)
            d.window.actions_table["models.rollback"].trigger()
            assert said == ["Select a model first."]
            d.page.models.go_to(new)
            d.window.actions_table["models.rollback"].trigger()
            dialog = await opened(d.page, QDialog)
            press_ok(dialog)
            assert dialog.isVisible(), "OK waits for a reason"
            QTest.keyClicks(dialog.reason, "worse since noon")  # type: ignore[attr-defined]
            press_ok(dialog)
            await until(lambda: [line.row.model_id for line in d.page.models.model().rows] == [old])
            reason = await d.db.fetchval("select reason from audit_log where action = 'rollback_model'")
            assert reason == "worse since noon"

    run(scenario())


def test_a_job_is_made_followed_looked_at_and_cancelled(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with desk(dsn) as d:
            d.page.models.setFocus()
            d.page.models.go_to(d.ids[0])
            QTest.keyClick(d.page.models, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
            dialog = await opened(d.page, TrainingDialog)
            assert isinstance(dialog, TrainingDialog)
            assert dialog.choice().tags == ("FLOW",)
            assert dialog.choice().algorithms == ("ridge",)
            dialog.interval.setCurrentIndex(3)
            dialog.horizon.setValue(6)
            dialog.days.setValue(5)
            assert dialog.reach.text() == "The forecast reaches 1.5 h ahead."
            await until(lambda: "FLOW: enough data" in dialog.prospect.text())
            assert "season 96" in dialog.prospect.text()
            dialog.horizon.setValue(400)
            await until(lambda: "FLOW: too little data" in dialog.prospect.text())
            dialog.horizon.setValue(6)
            press_ok(dialog)
            await until(lambda: len(d.page.jobs.model().rows) == 1)
            job = d.page.jobs.model().rows[0]
            assert (job.status, job.tags, job.request["horizon"]) == ("queued", ("FLOW",), 6)

            claimed = await store.claim(d.db, "here", now_ns=time.time_ns())
            assert claimed is not None
            await run_claimed(d.db, claimed, "here")
            await until(lambda: d.page.jobs.model().rows[0].status == "done")
            d.page.jobs.setFocus()
            d.page.jobs.go_to(job.job_id)
            QTest.keyClick(d.page.jobs, Qt.Key.Key_Return)
            shown = await opened(d.page, JobDialog)
            assert isinstance(shown, JobDialog)
            assert {step.algorithm for step in shown.steps.model().rows} == {"ridge", "champion"}
            assert "FLOW ridge: folds" in shown.log.toPlainText()
            QTest.keyClick(shown, Qt.Key.Key_Escape)

            waiting = await training.file(d.db, tags=["LEVEL"], request=REQUEST)
            await until(lambda: any(row.job_id == waiting for row in d.page.jobs.model().rows))
            d.page.jobs.go_to(waiting)
            d.window.actions_table["models.cancel"].trigger()
            dialog2 = await opened(d.page, QDialog)
            press_ok(dialog2)
            await until(lambda: d.page.jobs.model().rows[0].status == "cancelled")

    run(scenario())


def test_the_dialog_says_which_engine_learns_from_all_tags_together(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with desk(dsn) as d:
            d.window.actions_table["models.train"].trigger()
            dialog = await opened(d.page, TrainingDialog)
            assert isinstance(dialog, TrainingDialog)
            assert dialog.together.text() == ""
            names = [name for name, _title in ALGORITHMS]
            pooled = dialog.algorithms.item(names.index("xgboost_global"))
            pooled.setCheckState(Qt.CheckState.Checked)
            said = "one model learns from all chosen tags together; each tag is judged for itself."
            assert dialog.together.text() == f"XGBoost over several tags: {said}"
            pooled.setCheckState(Qt.CheckState.Unchecked)
            assert dialog.together.text() == ""
            dialog.reject()

    run(scenario())


def test_operators_see_and_do_not_act(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with desk(dsn) as d:
            d.window.runtime.session = Session("op", frozenset({"viewer", "operator"}))
            d.window.actions_table.update_enabled()
            for name in ("train", "promote", "rollback", "retire", "cancel"):
                action = d.window.actions_table[f"models.{name}"]
                assert not action.isEnabled()
                assert "engineer" in action.toolTip()
            assert d.window.actions_table["models.details"].isEnabled()
            assert len(d.page.models.model().rows) == 2

    run(scenario())


@pytest.mark.parametrize("field", ["tags", "algorithms"])
def test_the_dialog_says_what_is_missing(qapp: QApplication, field: str) -> None:
    dialog = TrainingDialog(None, ["A", "B"], ["A"], [("ridge", "Ridge")])  # type: ignore[arg-type]
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert ok.isEnabled()
    getattr(dialog, field).item(0).setCheckState(Qt.CheckState.Unchecked)
    assert not ok.isEnabled()
    assert dialog.prospect.text().startswith("Choose at least one")
    dialog.search.setText("b")
    assert [dialog.tags.item(i).isHidden() for i in range(2)] == [True, False]
    dialog.deleteLater()
