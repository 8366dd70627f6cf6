"""The alarm desk at work: a list that stands still, filters and columns of one's own, floods, two operators."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QMenu, QWidget

from ksys_core.services.alarms_evaluator import evaluate_once
from ksys_core.store.own_settings import load_own
from ksys_hmi.models.alarm_book import Heading
from ksys_hmi.models.alarm_filter import AlarmFilter
from ksys_hmi.runtime import ConnectionState
from ksys_hmi.views.alarm_dialogs import NameDialog, ReasonDialog
from ksys_hmi.views.alarms import AlarmsPage
from ksys_hmi.views.faceplate import Faceplate
from ksys_hmi.views.main_window import MainWindow
from ksys_hmi.widgets.column_choice import ColumnsDialog
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_on, window_with_plant
from tests.integration.alarms_plant import Plant

Scenario = Callable[[MainWindow, AlarmsPage, Plant], Coroutine[Any, Any, None]]
OnDesk = Callable[[Scenario, int], None]
DialogT = TypeVar("DialogT", bound=QDialog)
CTRL = Qt.KeyboardModifier.ControlModifier
_FLOOD = """
insert into alarm_floods (started_at, first_alarm_id, peak_count, annunciations)
select min(detected_ts), $1, 12, 12 from alarm_events
"""


@pytest.fixture
def on_desk(run: Run, dsn: str) -> OnDesk:
    """Runs a scenario on the alarm desk of a plant with so many tags, all in alarm."""

    async def with_desk(scenario: Scenario, tags: int) -> None:
        async with window_with_plant(dsn, "alarms", tags) as (window, plant):
            crashes: list[str] = []
            window.runtime.events.crashed.connect(crashes.append)
            await scenario(window, desk(window), plant)
            assert crashes == []

    return lambda scenario, tags: run(with_desk(scenario, tags))


def desk(window: MainWindow) -> AlarmsPage:
    page = window.page
    assert isinstance(page, AlarmsPage)
    page.list.table.setFocus()
    return page


def tags_of(page: AlarmsPage) -> list[str]:
    return [f"# {row.area}" if isinstance(row, Heading) else row.tag for row in page.list.table.model().rows]


def states_of(page: AlarmsPage) -> dict[str, str]:
    return {row.tag: row.isa for row in page.list.table.model().rows if not isinstance(row, Heading)}


async def dialog_of(page: AlarmsPage, kind: type[DialogT]) -> DialogT:
    await until(lambda: page.findChild(kind) is not None)
    (dialog,) = page.findChildren(kind)
    await until(dialog.isActiveWindow)
    return dialog


async def activate(window: MainWindow) -> None:
    window.activateWindow()
    await until(window.isActiveWindow)


def move_pointer(widget: QWidget) -> None:
    QTest.mouseMove(widget, QPoint(20, 20))
    QTest.mouseMove(widget, QPoint(24, 24))


def test_nothing_moves_under_the_pointer(on_desk: OnDesk) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        before = tags_of(page)
        table = page.list.table
        table.go_to(plant.high[1])
        move_pointer(table.viewport())
        await plant.reads(10, 12.0, 5.0, 12.0)  # PT-2 returns
        QTest.keyClick(table, Qt.Key.Key_K, CTRL)
        await until(lambda: states_of(page)["PT-2"] == "ACKED")
        await evaluate_once(plant.db, plant.clock)
        await until(lambda: states_of(page)["PT-2"] == "NORM")
        assert tags_of(page) == before, "it has left the list and says so where it stood"
        await plant.reads(20, 12.0, -1.0, 12.0)  # its low alarm, a new row
        await evaluate_once(plant.db, plant.clock)
        await until(page.list.new.isVisible)
        assert page.list.new.accessibleName() == "1 new alarm, highest priority 4"
        assert tags_of(page) == before
        move_pointer(window.status)
        await until(lambda: tags_of(page) == ["PT-1", "PT-3", "PT-2"])
        assert not page.list.new.isVisible()

    on_desk(scenario, 3)


def test_a_highly_managed_alarm_is_acknowledged_by_itself(on_desk: OnDesk) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        await plant.db.execute("update alarm_definitions set class = 'hma' where alarm_id = $1", plant.high[1])
        table = page.list.table
        QTest.keyClick(table, Qt.Key.Key_A, CTRL)
        QTest.keyClick(table, Qt.Key.Key_K, CTRL)
        await until(lambda: states_of(page) == {"PT-1": "ACKED", "PT-2": "UNACK", "PT-3": "ACKED"})
        assert "PT-2: A highly managed alarm is acknowledged by itself" in window.status.message.text()
        QTest.keyClick(table, Qt.Key.Key_K, CTRL | Qt.KeyboardModifier.ShiftModifier)  # the page has others, too
        await until(lambda: "PT-2" in window.status.message.text())
        table.clearSelection()
        table.go_to(plant.high[1])
        QTest.keyClick(table, Qt.Key.Key_K, CTRL)
        await until(lambda: states_of(page)["PT-2"] == "ACKED")

    on_desk(scenario, 3)


def test_whoever_has_scrolled_away_stays_there_until_the_key_for_new_ones(on_desk: OnDesk) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        table = page.list.table
        await until(lambda: table.verticalScrollBar().maximum() > 0)
        table.go_to(plant.high[59])
        place, before = table.verticalScrollBar().value(), tags_of(page)
        assert place > 0
        await plant.db.execute("update alarm_definitions set priority = 1 where alarm_id = $1", plant.low[0])
        await plant.reads(10, -1.0)
        await evaluate_once(plant.db, plant.clock)
        await until(page.list.new.isVisible)
        assert (table.verticalScrollBar().value(), tags_of(page)) == (place, before)
        QTest.keyClick(table, Qt.Key.Key_N)
        await until(lambda: tags_of(page)[0] == "PT-1" and not page.list.new.isVisible())
        row = table.current_alarm
        assert row is not None
        assert row.alarm_id == plant.high[59], "the selection stays with its alarm"

    on_desk(scenario, 60)


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)  # a menu without a display
def test_a_filter_is_saved_by_name_for_the_person(on_desk: OnDesk) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        bar = page.list.filter
        QTest.keyClick(page.list.table, Qt.Key.Key_Slash)
        assert bar.search.hasFocus()
        QTest.keyClicks(bar.search, "PT-3")
        QTest.mouseClick(bar.priorities[3], Qt.MouseButton.LeftButton)
        assert tags_of(page) == ["PT-1", "PT-3"], "an urgent alarm that nobody has seen is never hidden"
        assert bar.counts.text().startswith("FILTERED 2 of 5")
        QTest.keyClick(page.list.table, Qt.Key.Key_S, CTRL)
        dialog = await dialog_of(page, NameDialog)
        QTest.keyClicks(dialog.name, "mine")
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        await until(lambda: window.status.message.text() == "Filter “mine” saved.")
        await activate(window)
        QTest.keyClick(page.list.table, Qt.Key.Key_Backspace, CTRL)
        assert len(tags_of(page)) == 5
        saved = await load_own(plant.db, "alarms.filters")
        assert AlarmFilter.from_json(saved["mine"]) == AlarmFilter(text="PT-3", priorities=frozenset({3}))
        QTest.mouseClick(bar.saved, Qt.MouseButton.LeftButton)
        (menu,) = bar.findChildren(QMenu)
        await until(menu.isVisible)
        menu.actions()[0].trigger()
        menu.close()
        assert tags_of(page) == ["PT-1", "PT-3"]

    on_desk(scenario, 5)


def test_columns_are_chosen_by_keys_and_kept(on_desk: OnDesk, dsn: str, run: Run) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        QTest.keyClick(page.list.table, Qt.Key.Key_L, CTRL)
        dialog = await dialog_of(page, ColumnsDialog)
        QTest.keyClick(dialog.list, Qt.Key.Key_Space)  # "Since" is hidden
        QTest.keyClick(dialog.list, Qt.Key.Key_Down)
        QTest.keyClick(dialog.list, Qt.Key.Key_Down, CTRL)  # "Age" goes behind "To respond"
        QTest.keyClick(dialog.list, Qt.Key.Key_Return)
        layout = page.list.columns.layout_of_columns
        await until(lambda: "Since" in layout()["hidden"])
        assert layout()["order"][:4] == ["P", "Since", "To respond", "Age"]
        await until(lambda: page.own.columns.get("Active") == layout())
        kept: list[Any] = []
        while not kept:
            found = await load_own(plant.db, "alarms.columns")
            kept += [found] if found else []

    on_desk(scenario, 3)

    async def at_another_desk() -> None:
        async with window_on(dsn, "alarms") as window:
            page = desk(window)
            await until(lambda: page.list.table.isColumnHidden(1))
            assert page.list.columns.layout_of_columns()["order"][:4] == ["P", "Since", "To respond", "Age"]

    run(at_another_desk())


def test_in_a_flood_the_list_is_grouped_and_the_low_priorities_are_folded(on_desk: OnDesk) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        await plant.db.execute(
            "update sensors set area = case when sensor_id % 2 = 0 then 'RO/Stage 1' else 'Feed' end"
        )
        await plant.db.execute(_FLOOD, plant.high[4])
        await plant.db.execute("select ksys_notify('sensors'), ksys_notify('alarm_modes')")
        await until(lambda: "# Feed" in tags_of(page))
        assert tags_of(page) == ["PT-5", "# Feed", "PT-1", "# RO", "PT-2"]
        await until(lambda: bool(window.banner.notice.lines))
        assert window.banner.notice.lines[0].startswith("FLOOD since ")
        heading = page.list.table.model().rows[3]
        assert isinstance(heading, Heading)
        assert (heading.total, heading.folded, heading.priority) == (3, 2, 2)
        page.list.table.go_to("RO")
        QTest.keyClick(page.list.table, Qt.Key.Key_Return)
        assert tags_of(page) == ["PT-5", "# Feed", "PT-1", "# RO", "PT-2", "PT-4", "PT-6"]
        QTest.keyClick(page.list.table, Qt.Key.Key_Return)
        assert tags_of(page) == ["PT-5", "# Feed", "PT-1", "# RO", "PT-2"]
        QTest.keyClick(page.list.table, Qt.Key.Key_G)
        assert tags_of(page) == [f"PT-{n}" for n in range(1, 7)]
        await plant.db.execute("update alarm_floods set ended_at = started_at + interval '1 hour'")
        await plant.db.execute("select ksys_notify('alarm_modes')")
        await until(lambda: not window.banner.notice.lines)
        assert tags_of(page) == [f"PT-{n}" for n in range(1, 7)]

    on_desk(scenario, 6)


def test_f2_goes_from_one_unacknowledged_alarm_to_the_next(on_desk: OnDesk) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        await until(lambda: bool(window.banner_presenter.state.newest))
        visited = []
        for _ in range(4):
            QTest.keyClick(page.list.table, Qt.Key.Key_F2)
            row = page.list.table.current_alarm
            visited.append(row and row.tag)
        assert visited == ["PT-1", "PT-2", "PT-3", "PT-1"]
        QTest.keyClick(page.list.table, Qt.Key.Key_Return)
        assert page.list.guidance.hasFocus()
        QTest.keyClick(page.list.table, Qt.Key.Key_Return, CTRL)
        await until(lambda: page.findChild(Faceplate) is not None)
        page.findChildren(Faceplate)[0].close()

    on_desk(scenario, 3)


def test_a_digit_gives_the_note_of_an_acknowledgement_and_the_action_is_confirmed(on_desk: OnDesk) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        table = page.list.table
        table.go_to(plant.high[0])
        for key, digit, said in (
            (Qt.Key.Key_J, Qt.Key.Key_2, "1 alarm acknowledged."),
            (Qt.Key.Key_I, Qt.Key.Key_4, "Done for 1 alarm."),
        ):
            await activate(window)
            QTest.keyClick(table, key, CTRL)
            dialog = await dialog_of(page, ReasonDialog)
            QTest.keyClick(dialog.quick, digit)
            await until(lambda said=said: window.status.message.text() == said)  # type: ignore[misc]
            await until(lambda: page.findChild(ReasonDialog) is None)
        await until(lambda: "Stated to be taken" in page.list.guidance.toPlainText())
        text = page.list.guidance.toPlainText()
        assert "Field operator is on the way" in text
        row = table.current_alarm
        assert row is not None
        assert (row.comment, row.confirmed, row.acked_by) == ("Field operator is on the way", True, "ksys")

    on_desk(scenario, 3)


def test_of_two_operators_the_second_is_told_who_was_first(
    on_desk: OnDesk, login_dsn: Callable[[str], str], run: Run
) -> None:
    second = login_dsn("ksys_operator")

    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        async with window_on(second, "alarms") as other:
            theirs = desk(other)
            await until(lambda: len(tags_of(theirs)) == 3)
            theirs.list.alarms.stop()  # the message is on its way
            await activate(window)
            page.list.table.go_to(plant.high[0])
            QTest.keyClick(page.list.table, Qt.Key.Key_K, CTRL)
            await until(lambda: states_of(page)["PT-1"] == "ACKED")
            await activate(other)
            theirs.list.table.go_to(plant.high[0])
            QTest.keyClick(theirs.list.table, Qt.Key.Key_K, CTRL)
            await until(lambda: other.status.message.text() == "PT-1: ksys was first.")
            theirs.list.alarms.start()
            await until(lambda: states_of(theirs)["PT-1"] == "ACKED")
            columns = {column.title: column for column in theirs.list.table.model().columns}
            assert columns["Handled by"].text(theirs.list.table.model().rows[0]) == "ksys"
            assert columns["State"].text(theirs.list.table.model().rows[0]) == "Acked, ksys"

    on_desk(scenario, 3)


def test_a_lost_database_freezes_ages_and_greys_commands(on_desk: OnDesk) -> None:
    async def scenario(window: MainWindow, page: AlarmsPage, plant: Plant) -> None:
        runtime, alarms = window.runtime, page.list.alarms
        lost = runtime.now_ns()
        runtime.set_connection(ConnectionState(connected=False, since_ns=lost, ever=True))
        assert alarms.now_ns() == lost
        assert page._hatch.isVisible()
        assert "view frozen at" in page.list.filter.counts.text()
        assert len(tags_of(page)) == 3, "what was known stays readable"
        action = window.actions_table["alarm.ack"]
        assert not action.isEnabled()
        assert "lost" in action.toolTip()
        runtime.set_connection(ConnectionState(connected=True, since_ns=lost + 1, ever=True))
        await until(lambda: alarms.state.stale_since is None)
        assert not page._hatch.isVisible()
        assert action.isEnabled()
        assert "view frozen" not in page.list.filter.counts.text()

    on_desk(scenario, 3)
