"""The alarms page on a real database, by real keys."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from ksys_core.domain.times import SECOND
from ksys_core.services import alarms
from ksys_hmi.runtime import PageRequest
from ksys_hmi.views.alarm_dialogs import NameDialog, ReasonDialog, ServiceDialog, ShelveDialog
from ksys_hmi.views.alarms import AlarmsPage
from ksys_hmi.views.main_window import MainWindow
from tests.gui.conftest import Run
from tests.gui.plant_window import alarm_rows, until, window_with_plant
from tests.integration.alarms_plant import Plant

Scenario = Callable[[MainWindow, AlarmsPage, Plant], Coroutine[Any, Any, None]]
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def on_page(run: Run, dsn: str) -> Callable[[Scenario], None]:
    """Runs a scenario on a shown alarms page with three active alarms of priorities 1, 2 and 3."""

    async def with_page(scenario: Scenario) -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            page = window.page
            assert isinstance(page, AlarmsPage)
            await scenario(window, page, plant)

    return lambda scenario: run(with_page(scenario))


def shown(page: AlarmsPage) -> list[tuple[int, str]]:
    return [(row.priority, row.isa) for row in alarm_rows(page.list)]


def test_the_list_is_sorted_by_priority_and_shows_guidance_as_typed(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        assert shown(page) == [(1, "UNACK"), (2, "UNACK"), (3, "UNACK")]
        page.list.table.go_to(plant.high[0])
        assert "<b>Fouling</b>" in page.list.guidance.toPlainText()

    on_page(scenario)


def test_ctrl_k_acknowledges_the_selected_alarm_and_no_other(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        page.list.table.setFocus()
        page.list.table.go_to(plant.high[1])
        QTest.keyClick(page.list.table, Qt.Key.Key_K, CTRL)
        await until(lambda: (2, "ACKED") in shown(page))
        assert shown(page) == [(1, "UNACK"), (2, "ACKED"), (3, "UNACK")]
        current = page.list.table.current_alarm
        assert current is not None
        assert current.priority == 2, "the selection stays with its alarm"
        assert "1 alarm acknowledged." in window.status.message.text()

    on_page(scenario)


def test_the_visible_page_is_acknowledged_by_one_key(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        page.list.table.setFocus()
        QTest.keyClick(page.list.table, Qt.Key.Key_K, CTRL | SHIFT)
        await until(lambda: {isa for _, isa in shown(page)} == {"ACKED"})
        assert await plant.states() == ["ACKED"] * 3

    on_page(scenario)


def test_a_race_lost_is_told(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        page.presenter.stop()  # the page has not heard of it yet
        row = alarm_rows(page.list)[0]
        await alarms.acknowledge(plant.db, [row.key], "another desk")
        page.list.table.setFocus()
        page.list.table.go_to(plant.high[0])
        QTest.keyClick(page.list.table, Qt.Key.Key_K, CTRL)
        await until(lambda: "was first" in window.status.message.text())

    on_page(scenario)


def test_a_filter_hides_but_never_an_unseen_urgent_alarm(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        search = page.list.findChildren(QLineEdit)[0]
        QTest.keyClicks(search, "no such tag")
        assert shown(page) == [(1, "UNACK")]
        QTest.keyClick(search, Qt.Key.Key_A, CTRL)
        QTest.keyClick(search, Qt.Key.Key_Delete)
        assert len(shown(page)) == 3

    on_page(scenario)


def test_the_journal_shows_what_was_done(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        row = alarm_rows(page.list)[0]
        await alarms.acknowledge(plant.db, [row.key], "desk 7")
        page.open(journal=True)
        page.journal.filter.span.setCurrentIndex(5)
        model = page.journal.table.model()
        await until(lambda: bool(model.rows))
        assert (model.rows[0].kind, model.rows[0].station) == ("ACK", "desk 7")

    on_page(scenario)


async def shelving(page: AlarmsPage) -> ShelveDialog:
    """The dialog that Ctrl+H opens for what is selected."""
    QTest.keyClick(page.list.table, Qt.Key.Key_H, CTRL)
    await until(lambda: page.findChild(ShelveDialog) is not None)
    (dialog,) = page.findChildren(ShelveDialog)
    await until(dialog.isActiveWindow)
    return dialog


def test_ctrl_h_and_a_digit_shelve_with_a_reason(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        page.list.table.setFocus()
        page.list.table.go_to(plant.high[2])
        dialog = await shelving(page)
        QTest.keyClick(dialog.times, Qt.Key.Key_3)
        await until(lambda: [p for p, _ in shown(page)] == [1, 2])
        page.open()
        page.show_list(1)
        await until(lambda: len(alarm_rows(page.lists[1])) == 1)
        (row,) = alarm_rows(page.lists[1])
        assert row.shelved_reason == "Nuisance alarm, cause known"
        assert row.shelved_until is not None
        assert 0 < (row.shelved_until - window.runtime.now_ns()) / SECOND <= 3600
        page.lists[1].table.go_to(row.alarm_id)
        window.actions_table["alarm.unshelve"].trigger()
        await until(lambda: not alarm_rows(page.lists[1]))

    on_page(scenario)


def test_only_what_its_definition_allows_is_offered_to_be_shelved(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        change = "update alarm_definitions set shelvable = $2, max_shelve_s = 3600 where alarm_id = $1"
        await plant.db.execute(change, plant.high[0], False)
        await plant.db.execute(change, plant.high[1], True)
        await until(lambda: [row.max_shelve_s for row in alarm_rows(page.list)][:2] == [None, 3600])
        page.list.table.setFocus()
        await until(page.list.table.hasFocus)
        page.list.table.go_to(plant.high[0])
        QTest.keyClick(page.list.table, Qt.Key.Key_H, CTRL)
        await until(lambda: window.status.message.text() == "Its definition does not allow to shelve: PT-1")
        assert page.findChild(ShelveDialog) is None
        page.list.table.go_to(plant.high[1])
        dialog = await shelving(page)
        assert dialog.times.item(6).text() == "7  Until it returns to normal (at most 1 h 00 min)"
        QTest.keyClick(dialog.times, Qt.Key.Key_4)
        assert dialog.isVisible(), "four hours are too long"
        QTest.keyClick(dialog.times, Qt.Key.Key_3)
        await until(lambda: [p for p, _ in shown(page)] == [1, 3])

    on_page(scenario)


def test_a_comment_is_kept_and_a_missing_one_asked_for_where_it_is_typed(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        page.list.table.setFocus()
        page.list.table.go_to(plant.high[0])
        QTest.keyClick(page.list.table, Qt.Key.Key_M, CTRL)
        await until(lambda: page.findChild(ReasonDialog) is not None)
        (dialog,) = page.findChildren(ReasonDialog)
        await until(dialog.isActiveWindow)
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        QTest.keyClick(dialog.reason, Qt.Key.Key_Return)
        assert dialog.isVisible()
        assert (dialog.ok.isEnabled(), dialog.lacking.text()) == (False, "Please give a reason.")
        QTest.keyClicks(dialog.reason, "pump <b>checked</b>")
        assert not dialog.lacking.isVisible()
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        await until(lambda: window.status.message.text() == "Done for 1 alarm.")
        await until(lambda: page.findChild(ReasonDialog) is None)
        await until(lambda: "pump <b>checked</b>" in page.list.guidance.toPlainText())

    on_page(scenario)


def test_out_of_service_waits_for_the_permit_and_keeps_what_was_typed(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        page.list.table.setFocus()
        page.list.table.go_to(plant.high[0])
        window.actions_table["alarm.out_of_service"].trigger()
        await until(lambda: page.findChild(ServiceDialog) is not None)
        (dialog,) = page.findChildren(ServiceDialog)
        await until(dialog.isActiveWindow)
        QTest.keyClick(dialog.permit, Qt.Key.Key_Return)
        assert dialog.isVisible()
        assert (dialog.ok.isEnabled(), dialog.lacking.text()) == (False, "Please give the number of the work permit.")
        QTest.keyClicks(dialog.permit, "P-17")
        dialog.reason.clear()
        assert (dialog.ok.isEnabled(), dialog.lacking.text()) == (False, "Please give a reason.")
        QTest.keyClick(dialog.permit, Qt.Key.Key_Return)
        assert (dialog.isVisible(), dialog.permit.text()) == (True, "P-17")
        QTest.keyClick(dialog.quick, Qt.Key.Key_2)
        QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
        await until(lambda: [p for p, _ in shown(page)] == [2, 3])
        assert await plant.db.fetchval("select oos_permit from alarms where out_of_service") == "P-17"

    on_page(scenario)


def test_on_the_other_tabs_no_key_changes_a_list_that_nobody_sees(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        page.list.filter.search.setText("PT-2")
        page.list.table.go_to(plant.high[0])
        opened: list[PageRequest] = []
        window.runtime.events.page_requested.connect(opened.append)
        page.open(journal=True)
        page.journal.table.setFocus()
        await until(page.journal.table.hasFocus)
        QTest.keyClick(page.journal.table, Qt.Key.Key_Slash)
        await until(page.journal.filter.search.hasFocus)
        QTest.keyClicks(page.journal.filter.search, "nothing")
        QTest.keyClick(page.journal.filter.search, Qt.Key.Key_Return)
        page.journal.table.setFocus()
        await until(page.journal.table.hasFocus)
        QTest.keyClick(page.journal.table, Qt.Key.Key_Backspace, CTRL)
        assert page.journal.filter.search.text() == ""
        for key, modifier in ((Qt.Key.Key_S, CTRL), (Qt.Key.Key_G, NONE), (Qt.Key.Key_O, CTRL), (Qt.Key.Key_L, CTRL)):
            window.status.show_message("")
            QTest.keyClick(page.journal.table, key, modifier)
            assert window.status.message.text() == "Choose the tab of a list of alarms first."
        QTest.keyClick(page.journal.table, Qt.Key.Key_T)
        page.open(analytics=True)
        for action in ("alarms.search", "alarms.clear_filter", "alarms.trend", "alarms.faceplate"):
            window.actions_table[action].trigger()
        assert opened == []
        assert page.findChild(NameDialog) is None
        assert page.list.filter.wanted.text == "PT-2"
        assert not page.list.alarms.state.grouped

    on_page(scenario)


def test_an_alarm_whose_class_needs_a_note_says_so_and_takes_it(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        await alarms.set_note_classes(plant.db, ["process"], "shift order 12", "desk 1")
        page.list.table.setFocus()
        page.list.table.go_to(plant.high[0])
        QTest.keyClick(page.list.table, Qt.Key.Key_K, CTRL)
        await until(lambda: window.status.message.text() == "PT-1: Its class needs a note: Ctrl+J.")
        assert (1, "UNACK") in shown(page)
        QTest.keyClick(page.list.table, Qt.Key.Key_J, CTRL)
        await until(lambda: page.findChild(ReasonDialog) is not None)
        (dialog,) = page.findChildren(ReasonDialog)
        await until(dialog.isActiveWindow)
        assert dialog.ok.isEnabled(), "a note is optional where no class needs it"
        QTest.keyClick(dialog.quick, Qt.Key.Key_2)
        await until(lambda: (1, "ACKED") in shown(page))

    on_page(scenario)
