"""The what-if dialog and the report on a real database, by real keys."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.domain.times import HOUR, SECOND
from ksys_core.i18n import tr
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.sensors import limits_in_force, set_limits
from ksys_hmi.views.alarms import AlarmsPage
from ksys_hmi.views.what_if import WhatIfDialog
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_with_plant


def dialogs() -> list[WhatIfDialog]:
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, WhatIfDialog) and each.isVisible()]


def test_another_dead_band_is_tried_suggested_and_put_in_force(
    run: Run, dsn: str, monkeypatch: pytest.MonkeyPatch, qapp: QApplication
) -> None:
    start = time.time_ns() // SECOND * SECOND - HOUR
    monkeypatch.setattr("tests.integration.alarms_plant.START", start)

    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            for k in range(1, 40):
                await plant.reads(10 * k, 9.9 if k % 2 else 10.1)
            for k in range(40, 60):
                await plant.reads(10 * k, 5.0)
            page = window.page
            assert isinstance(page, AlarmsPage)
            await until(lambda: page.list.table.go_to(plant.high[0]))
            window.activateWindow()
            page.list.table.setFocus()
            await until(lambda: window.isActiveWindow() and page.list.table.hasFocus())
            QTest.keyClick(page.list.table, Qt.Key.Key_W)
            await until(lambda: bool(dialogs()))
            (dialog,) = dialogs()
            presenter = dialog.presenter
            await until(lambda: presenter.state.share is None and bool(presenter.state.verdict))
            assert [dialog.alarm.itemText(i) for i in range(2)] == ["PT-1 H High ", "PT-1 L Low "]
            assert dialog.fields["limit"].text() == "10"
            assert dialog.cells[0][1].text() == "20"
            assert not dialog.apply.isEnabled()
            dialog.fields["dead_band"].setText("zero")
            QTest.keyClick(dialog.fields["dead_band"], Qt.Key.Key_Return)
            await until(lambda: "“zero”" in dialog.problem.text())
            dialog.fields["dead_band"].setText("0.5")
            QTest.keyClick(dialog.fields["dead_band"], Qt.Key.Key_Return)
            await until(lambda: presenter.state.tried is not None)
            assert dialog.verdict.text().startswith("Would remove 19 of 20 annunciations (95 %)")
            image = dialog.canvas.grab().toImage()
            assert not image.isNull()
            QTest.mouseClick(dialog.suggest, Qt.MouseButton.LeftButton)
            await until(lambda: presenter.state.share is None and presenter.state.filled == 2)
            assert dialog.problem.text() == ""
            dialog.reason.setText("Chatters")
            dialog.moc.setText("MOC-7")
            await until(dialog.apply.isEnabled)
            QTest.mouseClick(dialog.apply, Qt.MouseButton.LeftButton)
            await until(lambda: "in force" in dialog.problem.text())
            moc = await plant.db.fetchval("select moc_id from alarm_definitions where alarm_id = $1", plant.high[0])
            assert moc == "MOC-7"
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
            await until(lambda: not dialogs())

    run(scenario())


def test_what_nobody_has_typed_over_stays_exactly_as_it_is(run: Run, dsn: str) -> None:
    limit, share = 10.123456789012345, 100 / 3 / 20

    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            await set_limits(plant.db, plant.sensors[0], {"H": limit})
            exact = NewAlarmDefinition(plant.sensors[0], "H", dead_band=share, dead_band_unit="span")
            await upsert_definitions(plant.db, [exact])
            page = window.page
            assert isinstance(page, AlarmsPage)
            await until(lambda: page.list.table.go_to(plant.high[0]))
            page.handlers()["alarm.what_if"]()
            await until(lambda: bool(dialogs()))
            (dialog,) = dialogs()
            presenter = dialog.presenter
            await until(lambda: presenter.state.share is None and bool(presenter.state.verdict))
            assert [field.text() for field in dialog.fields.values()] == ["10.12345679", "0.3333333333", "0", "0"]
            dialog.reason.setText("Slower")
            QTest.mouseClick(dialog.compute, Qt.MouseButton.LeftButton)
            assert presenter.state.share is not None
            await until(lambda: presenter.state.share is None)
            assert presenter.state.problem == ""
            assert not dialog.apply.isEnabled(), "nothing was touched"
            dialog.fields["on_delay_s"].setText("7")
            QTest.keyClick(dialog.fields["on_delay_s"], Qt.Key.Key_Return)
            await until(dialog.apply.isEnabled)
            dialog.fields["off_delay_s"].setText("9")
            assert not dialog.apply.isEnabled(), "what stands there was not computed"
            dialog.fields["off_delay_s"].setText("0")
            await until(dialog.apply.isEnabled)
            QTest.mouseClick(dialog.apply, Qt.MouseButton.LeftButton)
            await until(lambda: "in force" in dialog.problem.text())
            assert (await limits_in_force(plant.db))[plant.sensors[0]]["H"] == limit
            found = await plant.db.fetchrow(
                "select on_delay_s, dead_band, dead_band_unit from alarm_definitions where alarm_id = $1", plant.high[0]
            )
            assert tuple(found or ()) == (7.0, share, "span")
            dialog.close()

    run(scenario())


def test_a_replay_is_stopped_and_the_dialog_stays(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            page = window.page
            assert isinstance(page, AlarmsPage)
            await until(lambda: page.list.table.go_to(plant.high[0]))
            page.handlers()["alarm.what_if"]()
            await until(lambda: bool(dialogs()))
            (dialog,) = dialogs()
            await until(dialog.isActiveWindow)
            dialog.presenter.suggest()
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
            assert dialog.presenter.state.share is None
            assert dialog.problem.text() == "Stopped."
            assert dialog.isVisible()
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
            await until(lambda: not dialogs())

    run(scenario())


def test_the_report_is_written_by_the_button(run: Run, dsn: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, _plant):
            page = window.page
            assert isinstance(page, AlarmsPage)
            page.open(analytics=True)
            tab = page.analytics
            await until(lambda: tab.presenter.state.stop > 0)
            QTest.mouseClick(tab.buttons[3], Qt.MouseButton.LeftButton)
            tab.write_report(tmp_path / "r.html")
            await until(lambda: tab.report.state.share is None)
            assert tab.report.state.message == "Report written to r.html"
            assert "PT-1 H has been active for more than a day" in (tmp_path / "r.html").read_text("utf-8")
            tab.write_report(tmp_path / "r.txt")
            await until(lambda: tab.report.state.message.startswith("Export failed: A report is written as"))

    tr.language = "en"
    run(scenario())
