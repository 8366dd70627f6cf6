"""The journal's tab on thousands of entries, by real keys: pages, every filter, empty states, export."""

from __future__ import annotations

import csv
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QToolButton

from ksys_core.domain.times import SECOND
from ksys_hmi.views.alarm_journal import AlarmJournal
from ksys_hmi.views.alarms import AlarmsPage
from ksys_hmi.views.main_window import MainWindow
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_with_plant
from tests.integration.alarms_plant import START, Plant
from tests.integration.test_alarms_journal import COUNT, FILL

Scenario = Callable[[MainWindow, AlarmJournal, Plant], Coroutine[Any, Any, None]]
ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
ALL = 5


@pytest.fixture
def on_journal(run: Run, dsn: str) -> Callable[[Scenario], None]:
    """Runs a scenario on the journal with three entries of a plant and thousands from before."""

    async def with_page(scenario: Scenario) -> None:
        async with window_with_plant(dsn, "alarms") as (window, plant):
            await plant.db.execute(FILL, COUNT, START / SECOND - 10_000)
            page = window.page
            assert isinstance(page, AlarmsPage)
            page.open(journal=True)
            journal = page.journal
            journal.filter.span.setCurrentIndex(ALL)
            await until(lambda: len(journal.table.model().rows) == 20)
            journal.table.setFocus()
            await scenario(window, journal, plant)

    return lambda scenario: run(with_page(scenario))


def at(journal: AlarmJournal, text: str) -> bool:
    return journal.position.text() == text


def on_page(journal: AlarmJournal, number: int) -> bool:
    return journal.position.text().startswith(f"Page {number} ")


def shown(journal: AlarmJournal) -> list[int]:
    return [entry.event_id for entry in journal.table.model().rows]


async def whole(plant: Plant, condition: str = "true") -> list[int]:
    query = f"select event_id from alarm_events where {condition} order by source_ts desc, event_id desc"
    return [row["event_id"] for row in await plant.db.fetch(query)]


def test_page_fifty_shows_rows_981_to_1000(on_journal: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, journal: AlarmJournal, plant: Plant) -> None:
        expected = await whole(plant)
        assert shown(journal) == expected[:20]
        assert journal.position.text() == "Page 1 · rows 1–20"
        QTest.keyClick(journal.table, Qt.Key.Key_G, CTRL)
        QTest.keyClicks(journal.number, "50")
        QTest.keyClick(journal.number, Qt.Key.Key_Return)
        await until(lambda: journal.position.text() == "Page 50 · rows 981–1000")
        assert shown(journal) == expected[980:1000]

    on_journal(scenario)


def test_keys_turn_the_pages(on_journal: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, journal: AlarmJournal, plant: Plant) -> None:
        expected = await whole(plant)
        count, last = len(expected), -(-len(expected) // 20)
        steps = (
            (Qt.Key.Key_PageDown, "Page 2 · rows 21–40", 20),
            (Qt.Key.Key_PageDown, "Page 3 · rows 41–60", 40),
            (Qt.Key.Key_PageUp, "Page 2 · rows 21–40", 20),
            (Qt.Key.Key_End, f"Page {last} · rows {20 * last - 19}–{count}", 20 * last - 20),
            (Qt.Key.Key_PageUp, f"Page {last - 1} · rows {20 * last - 39}–{20 * last - 20}", 20 * last - 40),
            (Qt.Key.Key_Home, "Page 1 · rows 1–20", 0),
        )
        for key, text, first in steps:
            QTest.keyClick(journal.table, key, ALT)
            await until(partial(at, journal, text))
            assert shown(journal) == expected[first : first + 20]

    on_journal(scenario)


def test_a_later_page_stays_when_something_new_happens(on_journal: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, journal: AlarmJournal, plant: Plant) -> None:
        QTest.keyClick(journal.table, Qt.Key.Key_PageDown, ALT)
        await until(lambda: journal.position.text().startswith("Page 2"))
        before = shown(journal)
        await plant.db.execute(FILL, 1, START / SECOND + 10)
        window.runtime.events.changed.emit("alarms", [])
        QTest.keyClick(journal.table, Qt.Key.Key_PageDown, ALT)
        await until(lambda: journal.position.text().startswith("Page 3"))
        QTest.keyClick(journal.table, Qt.Key.Key_PageUp, ALT)
        await until(lambda: journal.position.text().startswith("Page 2"))
        assert shown(journal) == before
        QTest.keyClick(journal.table, Qt.Key.Key_Home, ALT)
        await until(lambda: journal.position.text().startswith("Page 1 "))
        assert shown(journal) == (await whole(plant))[:20]

    on_journal(scenario)


def test_the_last_page_is_found_though_the_plant_goes_on_writing(on_journal: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, journal: AlarmJournal, plant: Plant) -> None:
        expected = await whole(plant)
        last = -(-len(expected) // 20)
        for number in (2, 3):
            QTest.keyClick(journal.table, Qt.Key.Key_PageDown, ALT)
            await until(partial(at, journal, f"Page {number} · rows {20 * number - 19}–{20 * number}"))
        await plant.db.execute(FILL, 20, START / SECOND + 10)
        for key, number in ((Qt.Key.Key_End, last), (Qt.Key.Key_PageUp, last - 1)):
            QTest.keyClick(journal.table, key, ALT)
            await until(partial(on_page, journal, number))
            assert shown(journal) == expected[20 * number - 20 : 20 * number]

    on_journal(scenario)


def test_the_last_page_of_a_filter_that_was_just_chosen(on_journal: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, journal: AlarmJournal, plant: Plant) -> None:
        journal.filter.actor.setCurrentIndex(journal.filter.actor.findText("kim"))
        QTest.keyClick(journal.table, Qt.Key.Key_End, ALT)
        await until(lambda: journal.position.text() == "Page 2 · rows 21–30")
        assert shown(journal) == (await whole(plant, "actor = 'kim'"))[20:]

    on_journal(scenario)


def test_what_is_marked_has_room(on_journal: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, journal: AlarmJournal, plant: Plant) -> None:
        before = journal.table.sizeHintForColumn(0)
        await plant.db.execute(FILL, 3, START / SECOND + 1e9)
        window.runtime.events.changed.emit("alarms", [])
        await until(lambda: journal.table.model().rows[0].clocks_disagree)
        assert before < journal.table.sizeHintForColumn(0) <= journal.table.columnWidth(0)

    on_journal(scenario)


def test_each_filter_is_reached_and_cleared(on_journal: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, journal: AlarmJournal, plant: Plant) -> None:
        bar = journal.filter
        await until(lambda: bar.actor.count() == 4)

        async def shows(condition: str) -> None:
            expected = (await whole(plant, condition))[:20]
            assert expected
            await until(lambda: shown(journal) == expected)

        bar.search.setFocus()
        QTest.keyClicks(bar.search, "desk 7")
        QTest.keyClick(bar.search, Qt.Key.Key_Return)
        await shows("station = 'desk 7'")
        bar.priorities[1].click()
        await shows("station = 'desk 7' and priority = 1")
        QTest.mouseClick(bar.clear, Qt.MouseButton.LeftButton)
        await shows("true")
        bar.actor.setCurrentIndex(bar.actor.findText("kim"))
        await shows("actor = 'kim'")
        bar.event_kind.setCurrentIndex(2)
        await shows("actor = 'kim' and kind = 'ACK'")
        bar.reset()
        bar.alarm_kind.setCurrentIndex(bar.alarm_kind.findData("LL"))
        await shows("alarm_kind = 'LL'")
        bar.reset()
        typed = bar.tag.lineEdit()
        assert typed is not None
        typed.setText("PT-2")  # keys would open the list, which the offscreen display cannot
        QTest.keyClick(typed, Qt.Key.Key_Return)
        await shows("tag = 'PT-2'")

    on_journal(scenario)


def test_a_typed_period_and_what_is_wrong_with_one(on_journal: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, journal: AlarmJournal, plant: Plant) -> None:
        bar = journal.filter
        assert bar.start.isHidden()
        bar.span.setCurrentIndex(6)
        assert bar.start.hasFocus()
        QTest.keyClicks(bar.start, "yesterday")
        QTest.keyClick(bar.start, Qt.Key.Key_Return)
        await until(lambda: "is no date and time" in journal._hint.text())
        bar.start.setText("2026-09-21")
        bar.stop.setText("2026-09-23")
        QTest.keyClick(bar.stop, Qt.Key.Key_Return)
        await until(lambda: len(shown(journal)) == 20)
        assert journal._hint.text() == ""

    on_journal(scenario)


def test_a_filter_that_finds_nothing_says_so(on_journal: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, journal: AlarmJournal, plant: Plant) -> None:
        bar = journal.filter
        QTest.keyClicks(bar.search, "' or 1=1 -- <b>")
        QTest.keyClick(bar.search, Qt.Key.Key_Return)
        await until(lambda: journal._hint.text() == "No entry matches the filter.")
        assert journal.position.text() == ""
        bar.reset()
        bar.span.setCurrentIndex(6)
        bar.start.setText("2001-01-01")
        bar.stop.setText("2001-01-02")
        QTest.keyClick(bar.stop, Qt.Key.Key_Return)
        await until(lambda: journal._hint.text() == "No entries in this period.")

    on_journal(scenario)


def test_what_is_filtered_is_exported(on_journal: Callable[[Scenario], None], tmp_path: Path) -> None:
    async def scenario(window: MainWindow, journal: AlarmJournal, plant: Plant) -> None:
        journal.filter.actor.setCurrentIndex(journal.filter.actor.findText("kim"))
        await until(lambda: len(shown(journal)) == 20)
        buttons = {button.accessibleName(): button for button in journal.findChildren(QToolButton)}
        QTest.mouseClick(buttons["Export the journal …"], Qt.MouseButton.LeftButton)
        (dialog,) = journal.findChildren(QFileDialog)
        path = tmp_path / "acks.csv"
        dialog.fileSelected.emit(str(path))
        dialog.close()
        await until(lambda: journal.strip.label.text() == "30 rows written to acks.csv")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0][:2] == ["Time (UTC)", "Time (Asia/Seoul)"]
        assert [int(row[-1]) for row in rows[1:]] == await whole(plant, "actor = 'kim'")

    on_journal(scenario)
