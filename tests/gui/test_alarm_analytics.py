"""The Analytics tab on a real database, by real keys."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ksys_core.domain.times import DAY, HOUR, SECOND
from ksys_core.i18n import tr
from ksys_core.services import alarms
from ksys_core.services.alarms_evaluator import evaluate_once
from ksys_hmi.runtime import PageRequest
from ksys_hmi.views.alarm_dialogs import ShelveDialog
from ksys_hmi.views.alarms import AlarmsPage
from tests.gui.conftest import Run
from tests.gui.plant_window import alarm_rows, until, window_with_plant

CTRL = Qt.KeyboardModifier.ControlModifier


def test_a_day_of_alarms_against_the_targets(run: Run, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time_ns() // SECOND * SECOND - HOUR
    monkeypatch.setattr("tests.integration.alarms_plant.START", start)

    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            page = window.page
            assert isinstance(page, AlarmsPage)
            await alarms.acknowledge(plant.db, [row.key for row in alarm_rows(page.list)[:1]], "desk 7")
            for k in range(1, 11):  # ten times within ten minutes: a flood that PT-1 begins
                await plant.reads(20 * k, 12.0 if k % 2 == 0 else 8.0, 12.0, 12.0)
            for k in range(11, 15):
                await plant.reads(20 * k, 8.0 if k % 2 else 12.0, 8.0 if k % 2 else 12.0, 12.0)
            await evaluate_once(plant.db, plant.clock)
            page.open(analytics=True)
            tab = page.analytics
            await until(lambda: tab.loaded and bool(tab.figures.model().rows))
            figures = {row.title: row for row in tab.figures.model().rows}
            a_day = figures["Annunciations a day"]
            hour = tab.presenter.state.stop - start  # all that the journal has
            assert a_day.value == pytest.approx(12 * DAY / hour)
            assert a_day.verdict == "manageable"
            assert (figures["Most in 10 minutes"].value, figures["Most in 10 minutes"].verdict) == (12.0, "above")
            assert figures["Floods"].value == 1.0
            assert [(row.tag, row.count) for row in tab.actors.model().rows] == [("PT-1", 8), ("PT-2", 3), ("PT-3", 1)]
            assert tab.actors.model().rows[-1].summed == pytest.approx(100.0)
            (flood,) = tab.floods.model().rows
            assert (flood.first_out, flood.top) == ("PT-1 H", "PT-1 H ×8, PT-2 H ×3, PT-3 H ×1")
            acknowledged = [row.priority for row in tab.priorities.model().rows if row.ack_median is not None]
            assert acknowledged == [1]
            tab.span.setFocus()
            QTest.keyClick(tab.span, Qt.Key.Key_Down)
            await until(lambda: tab.loaded and tab.presenter.state.span_s == 7 * 86_400)
            hour = tab.presenter.state.stop - start
            assert tab.figures.model().rows[0].value == pytest.approx(12 * DAY / hour)
            assert tab.hint.text() == "Too little data for means: 0.0 days of at least 30."
            assert sum(bar.count for bar in tab.presenter.state.bars) == 12
            assert [tab.tabs.tabText(i) for i in range(2)] == ["Floods (1)", "Nuisance alarms (0)"]
            asked: list[PageRequest] = []
            window.runtime.events.page_requested.connect(asked.append)
            tab.actors.setFocus()
            tab.actors.go_to(plant.high[1])
            QTest.keyClick(tab.actors, Qt.Key.Key_Return)
            assert [(one.page_id, one.params["tags"]) for one in asked] == [("trend", ["PT-2"])]

    run(scenario())


def test_a_nuisance_is_shelved_where_it_is_found(run: Run, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time_ns() // SECOND * SECOND - HOUR
    monkeypatch.setattr("tests.integration.alarms_plant.START", start)

    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            page = window.page
            assert isinstance(page, AlarmsPage)
            for k in range(1, 9):
                await plant.reads(5 * k, 12.0, 12.0 if k % 2 else 8.0, 12.0)
            await evaluate_once(plant.db, plant.clock)
            page.open(analytics=True)
            tab = page.analytics
            await until(lambda: tab.loaded and bool(tab.nuisances.model().rows))
            assert tr(tab.nuisances.model().rows[0].what) == "Chattering"
            tab.tabs.setCurrentWidget(tab.nuisances)
            tab.nuisances.setFocus()
            await until(tab.nuisances.hasFocus)
            tab.nuisances.setCurrentIndex(tab.nuisances.model().index(0, 0))
            (row,) = (row for row in tab.nuisances.model().rows if row.tag == "PT-2")
            assert row.max_shelve_s == 8 * 3600
            QTest.keyClick(tab.nuisances, Qt.Key.Key_H, CTRL)
            await until(lambda: page.findChild(ShelveDialog) is not None)
            (dialog,) = page.findChildren(ShelveDialog)
            await until(dialog.isActiveWindow)
            QTest.keyClick(dialog.times, Qt.Key.Key_2)
            await until(lambda: "PT-2: Done." in window.status.message.text())
            assert await plant.states() == ["UNACK", "SHLVD", "UNACK"]

    run(scenario())


def test_keys_do_nothing_to_alarms_that_are_out_of_sight(run: Run, dsn: str) -> None:
    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            page = window.page
            assert isinstance(page, AlarmsPage)
            page.list.table.selectAll()
            page.open(journal=True)
            page.journal.table.setFocus()
            await until(page.journal.table.hasFocus)
            for modifiers in (CTRL, CTRL | Qt.KeyboardModifier.ShiftModifier):
                window.status.message.setText("")
                QTest.keyClick(page.journal.table, Qt.Key.Key_K, modifiers)
                await until(lambda: "nothing to acknowledge" in window.status.message.text())
            assert await plant.states() == ["UNACK", "UNACK", "UNACK"]

    run(scenario())


def test_without_alarms_it_says_so_in_the_language_of_the_person(run: Run, dsn: str) -> None:
    """The plant's alarms are older than the day that is shown first."""

    async def scenario() -> None:
        async with window_with_plant(dsn, "alarms") as (window, _plant):
            page = window.page
            assert isinstance(page, AlarmsPage)
            page.open(analytics=True)
            await until(lambda: page.analytics.loaded)
            assert page.analytics.hint.text() == "No alarms in this period."
            tr.language = "ko"
            try:
                page.analytics.retranslate()
                page.analytics.render_state(page.analytics.presenter.state)
                assert page.analytics.hint.text() == "이 기간에 알람이 없습니다."
            finally:
                tr.language = "en"

    run(scenario())
