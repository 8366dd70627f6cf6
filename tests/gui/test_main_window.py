"""The frame without a database: what is there during the start, and that everything can be reached and read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QLineEdit,
    QTextBrowser,
    QWidget,
)

from ksys_core.i18n import tr
from ksys_core.settings import Settings
from ksys_hmi import display, theme
from ksys_hmi.presenters.banner import BannerState
from ksys_hmi.progress import Progress
from ksys_hmi.runtime import ConnectionState, Runtime
from ksys_hmi.views.main_window import MainWindow
from ksys_hmi.widgets.overlay import Overlay
from tests.gui.conftest import Run

Scenario = Callable[[MainWindow], Coroutine[Any, Any, None]]
NAMED = (QAbstractButton, QAbstractItemView, QLineEdit, QTextBrowser)


@pytest.fixture
def in_window(run: Run, qapp: QApplication) -> Iterator[Callable[[Scenario], None]]:
    """Runs a scenario with a shown main window that has no database yet."""

    async def with_window(scenario: Scenario) -> None:
        async with asyncio.TaskGroup() as group:
            runtime = Runtime(Settings(), group)
            window = MainWindow(runtime, Progress(("Connect to the database",)), "help")
            window.show()
            window.activateWindow()
            await active(window)
            try:
                await scenario(window)
            finally:
                runtime.cancel_all()
                window.hide()
                window.deleteLater()

    def start(scenario: Scenario) -> None:
        run(with_window(scenario))

    tr.language = "en"
    display.switch_theme(qapp, "day")
    yield start
    tr.language = "en"
    display.switch_theme(qapp, "day")


async def active(window: QWidget) -> None:
    """Wait until `window` has the keyboard."""
    while not window.isActiveWindow():  # noqa: ASYNC110 - Qt has no event to wait for from a coroutine
        await asyncio.sleep(0.005)


def unnamed_controls(window: QWidget) -> list[str]:
    return [
        f"{type(each).__name__} in {type(each.parent()).__name__} {each.toolTip()}"
        for each in window.findChildren(QWidget)
        if isinstance(each, NAMED)
        and not isinstance(each, QHeaderView)  # named by its table
        and type(each.parent()).__name__ != "QFrame"  # the list that a combo box opens
        and not isinstance(each.parent(), QLineEdit)  # Qt's own button that empties the field
        and not each.objectName().startswith("qt_")
        and not (each.accessibleName() or (isinstance(each, QAbstractButton) and each.text()))
    ]


def test_the_start_is_shown_until_a_page_can_be(in_window: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow) -> None:
        assert window.stack.currentWidget() is window.start_up
        window.runtime.open_page("help")
        assert window.page is window.pages["help"]
        window.runtime.open_page("service")
        assert "service" not in window.pages, "pages with data wait for the database"

    in_window(scenario)


def test_every_control_has_a_name_in_both_languages(in_window: Callable[[Scenario], None], qapp: QApplication) -> None:
    async def scenario(window: MainWindow) -> None:
        window.runtime.open_page("help")
        for language in ("ko", "en"):
            display.switch_language(qapp, language)
            assert unnamed_controls(window) == []

    in_window(scenario)


def test_language_switches_live(in_window: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow) -> None:
        assert window.navigation.buttons["alarms"].text().startswith("Alarms")
        window.status.language.click()
        assert window.navigation.buttons["alarms"].text().startswith("알람")
        assert window.actions_table["help.keys"].text() == "단축키"
        window.status.language.click()
        assert window.navigation.buttons["alarms"].text().startswith("Alarms")

    in_window(scenario)


def test_theme_switches_live(in_window: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow) -> None:
        before = window.grab().toImage().pixelColor(500, 1000)
        QTest.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        assert theme.current().name == "night"
        assert window.grab().toImage().pixelColor(500, 1000) != before

    in_window(scenario)


def test_keys_open_and_close_only_the_topmost(in_window: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow) -> None:
        window.runtime.open_page("help")
        QTest.keyClick(window, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
        assert window.commands.keys.isVisible()
        QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        assert window.commands.palette.isVisible()
        QTest.keyClick(window.commands.palette.field, Qt.Key.Key_Escape)
        assert [each.isVisible() for each in (window.commands.palette, window.commands.keys)] == [False, True]
        QTest.keyClick(window, Qt.Key.Key_Escape)
        assert not any(each.isVisible() for each in window.findChildren(Overlay))
        assert window.isVisible()

    in_window(scenario)


def test_f6_walks_the_panes_in_reading_order(in_window: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow) -> None:
        window.runtime.open_page("help")
        window.setFocus()
        seen = []
        for _ in range(4):
            QTest.keyClick(window, Qt.Key.Key_F6)
            focus = window.focusWidget()
            seen.append([pane.isAncestorOf(focus) for pane in window.keyboard_panes()].index(True))
        assert seen == [0, 1, 2, 3]

    in_window(scenario)


def test_palette_runs_an_action_by_its_name(in_window: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow) -> None:
        window.commands.show_palette()
        QTest.keyClicks(window.commands.palette.field, "korean")
        QTest.keyClick(window.commands.palette.field, Qt.Key.Key_Return)
        assert tr.language == "ko"
        assert not window.commands.palette.isVisible()

    in_window(scenario)


def test_what_is_not_known_is_not_shown_as_none(in_window: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow) -> None:
        urgent = window.banner.counts[1]
        assert urgent.accessibleName() == "Priority 1 urgent: – unacknowledged, – active"
        window.banner.show_state(BannerState(loading=False))
        assert urgent.accessibleName() == "Priority 1 urgent: 0 unacknowledged, 0 active"

    in_window(scenario)


def test_a_lost_database_is_told_and_commands_say_why_not(in_window: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow) -> None:
        runtime = window.runtime
        runtime.set_connection(ConnectionState(connected=True, ever=True, since_ns=0))
        action = window.actions_table.bind("alarm.ack", lambda: None)
        assert "right" in action.toolTip(), "nobody is logged in"
        runtime.set_connection(ConnectionState(connected=False, ever=True, since_ns=0))
        assert window.lost.isVisible()
        assert window.lost.text == "DATABASE LOST 09:00:00, view frozen"
        assert not action.isEnabled()
        assert "lost" in action.toolTip()
        runtime.set_connection(ConnectionState(connected=True, ever=True, since_ns=1))
        assert not window.lost.isVisible()

    in_window(scenario)


def test_a_bug_in_a_task_is_shown_and_ends_nothing(
    in_window: Callable[[Scenario], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(window: MainWindow) -> None:
        async def bug() -> None:
            raise LookupError("page 7")

        await window.runtime.spawn(bug(), "test page")
        assert window.crash.isVisible()
        assert "test page: LookupError: page 7" in window.crash.text
        window.crash.findChildren(QAbstractButton)[0].click()
        assert not window.crash.isVisible()

    in_window(scenario)
    assert "bug in test page" in caplog.text


def test_closing_the_window_asks_for_the_end(in_window: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow) -> None:
        asked: list[bool] = []
        window.runtime.events.quit_requested.connect(lambda: asked.append(True))
        window.close()
        assert asked == [True]
        assert window.isVisible()

    in_window(scenario)
