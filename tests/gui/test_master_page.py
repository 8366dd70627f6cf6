"""The master alarm table on a real database, by real keys: filter, edit, conflict, history, import, matrix."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFileDialog, QLineEdit, QPlainTextEdit

from ksys_core.services import alarms_master
from ksys_hmi.views.main_window import MainWindow
from ksys_hmi.views.master import MasterPage
from ksys_hmi.views.master_dialog import MasterDialog
from ksys_hmi.views.master_sheets import HistoryDialog, ImportDialog, MatrixDialog
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_with_plant
from tests.integration.alarms_plant import Plant

Scenario = Callable[[MainWindow, MasterPage, Plant], Coroutine[Any, Any, None]]
DialogT = TypeVar("DialogT", bound=QDialog)
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def on_page(run: Run, dsn: str) -> Callable[[Scenario], None]:
    """Runs a scenario on the page with an H and an L alarm of each of three tags."""

    async def with_page(scenario: Scenario) -> None:
        async with window_with_plant(dsn, "master") as (window, plant):
            page = window.page
            assert isinstance(page, MasterPage)
            crashes: list[str] = []
            window.runtime.events.crashed.connect(crashes.append)
            page.table.setFocus()
            await scenario(window, page, plant)
            assert crashes == []

    return lambda scenario: run(with_page(scenario))


def shown(page: MasterPage) -> list[tuple[str, str]]:
    return [(row.record.tag, row.record.kind) for row in page.table.model().rows]


def line(dialog: MasterDialog, name: str) -> QLineEdit:
    field = dialog.fields[name]
    assert isinstance(field, QLineEdit)
    return field


async def opened(page: MasterPage, kind: type[DialogT]) -> DialogT:
    await until(lambda: any(each.isVisible() for each in page.findChildren(kind)))
    return next(each for each in page.findChildren(kind) if each.isVisible())


async def editing(page: MasterPage, row: int = 0) -> MasterDialog:
    """The edit dialog of a row, opened by Enter."""
    page.table.setCurrentIndex(page.table.model().index(row, 0))
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    return await opened(page, MasterDialog)


def test_the_table_says_what_is_unfinished_and_a_word_finds_an_alarm(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: MasterPage, plant: Plant) -> None:
        assert shown(page) == [(f"PT-{n}", kind) for n in (1, 2, 3) for kind in ("H", "L")]
        assert page.counts.text().startswith(
            "6 alarms · 6 not rationalised · 0 reviews overdue · 6 changes without MOC"
        )
        assert "Not rationalised" in page.pane.toPlainText()
        assert "<b>Fouling</b>" in page.pane.toPlainText(), "as it was typed"
        QTest.keyClicks(page.search, "pt-2")
        assert shown(page) == [("PT-2", "H"), ("PT-2", "L")]
        QTest.keyClicks(page.search, " nothing")
        assert page.hint.text() == "No alarm matches the filter."
        page.search.clear()
        page.overdue_only.click()
        assert shown(page) == []

    on_page(scenario)


def test_a_record_is_edited_and_its_priority_follows(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: MasterPage, plant: Plant) -> None:
        dialog = await editing(page)
        assert "not derived yet" in dialog.priority.text()
        severity, rationalised = dialog.fields["severity"], dialog.fields["rationalised"]
        consequence, action = dialog.fields["consequence_en"], dialog.fields["action_en"]
        assert isinstance(severity, QComboBox)
        assert isinstance(rationalised, QCheckBox)
        assert isinstance(consequence, QPlainTextEdit)
        assert isinstance(action, QPlainTextEdit)
        severity.setCurrentIndex(severity.findData("severe"))
        QTest.keyClicks(line(dialog, "response_s"), "60")
        assert dialog.priority.text().startswith("P1: severe consequence, time to respond below 3 min")
        assert "an interlock, not an alarm" in dialog.priority.text()
        line(dialog, "response_s").setText("700")
        action.setPlainText("close the valve")
        assert dialog.priority.text() == "P2: severe consequence, time to respond 10 to 30 min"
        consequence.setPlainText("loss of product")
        rationalised.setChecked(True)
        line(dialog, "limit").setText("11.5")
        QTest.keyClicks(dialog.reason, "review 2026")
        QTest.keyClicks(dialog.moc, "M-12")
        await until(dialog.isActiveWindow)
        QTest.keyClick(dialog.moc, Qt.Key.Key_Return, CTRL)
        await until(lambda: page.table.model().rows[0].record.rationalised)
        row = page.table.model().rows[0]
        assert (row.alarm.priority, row.record.limit, row.record.moc_id) == (2, 11.5, "M-12")
        assert "PT-1 H changed." in window.status.message.text()
        page.open_only.click()
        assert len(shown(page)) == 5

    on_page(scenario)


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: MasterPage, plant: Plant) -> None:
        dialog = await editing(page)
        typed = {"limit": "ten", "dead_band": "", "on_delay_s": "-5", "realarm_s": "1", "owner": "x" * 3000}
        for name, text in typed.items():
            line(dialog, name).setText(text)
        dialog.apply.click()
        await until(lambda: dialog.problem.text() == "5 fields are not right yet.")
        assert "“ten” is no number" in dialog.wrong["limit"].text()
        assert "Dead band is missing" in dialog.wrong["dead_band"].text()
        assert "3000 characters" in dialog.wrong["owner"].text()
        line(dialog, "limit").setText("-3")
        line(dialog, "dead_band").setText("1")
        line(dialog, "owner").setText("kim")
        dialog.apply.click()
        await until(lambda: "must rise in the order" in dialog.wrong["limit"].text())
        assert "on-delay must lie" in dialog.wrong["on_delay_s"].text()
        assert "between 60 and" in dialog.wrong["realarm_s"].text()
        assert dialog.texts()["on_delay_s"] == "-5"
        for name, text in {"limit": "12", "on_delay_s": "5", "realarm_s": ""}.items():
            line(dialog, name).setText(text)
        dialog.apply.click()
        await until(lambda: dialog.problem.text() == "Please give a reason.")
        assert dialog.isVisible()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert "Press Esc again" in dialog.problem.text()
        assert dialog.isVisible()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        await until(lambda: not page.findChildren(MasterDialog))

    on_page(scenario)


def test_who_comes_second_reads_who_was_first_and_keeps_the_text(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: MasterPage, plant: Plant) -> None:
        dialog = await editing(page)
        line(dialog, "owner").setText("me")
        dialog.reason.setText("mine")
        table = await alarms_master.load_table(plant.db)
        other = replace(table.records["PT-1", "H", ""], owner="lee")
        await alarms_master.save(plant.db, table, [other], station="desk 2", reason="theirs")
        dialog.apply.click()
        await until(lambda: "was first" in dialog.problem.text())
        assert dialog.texts()["owner"] == "me"
        assert (await alarms_master.load_table(plant.db)).records["PT-1", "H", ""].owner == "lee"

    on_page(scenario)


def test_an_alarm_is_added(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: MasterPage, plant: Plant) -> None:
        QTest.keyClick(page.table, Qt.Key.Key_N, CTRL)
        dialog = await opened(page, MasterDialog)
        kind = dialog.fields["kind"]
        assert isinstance(kind, QComboBox)
        dialog.reason.setText("new")
        line(dialog, "tag").setText("NONE")
        dialog.apply.click()
        await until(lambda: "There is no tag NONE" in dialog.wrong["tag"].text())
        line(dialog, "tag").setText("PT-3")
        kind.setCurrentIndex(kind.findData("HH"))
        line(dialog, "limit").setText("15")
        dialog.apply.click()
        await until(lambda: ("PT-3", "HH") in shown(page))

    on_page(scenario)


def test_an_earlier_value_is_restored_through_the_edit_dialog(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: MasterPage, plant: Plant) -> None:
        table = await alarms_master.load_table(plant.db)
        record = table.records["PT-1", "H", ""]
        await alarms_master.save(plant.db, table, [replace(record, owner="lee")], station="d", reason="trial")
        window.runtime.events.changed.emit("limits", [])
        await until(lambda: page.table.model().rows[0].record.owner == "lee")
        page.table.setCurrentIndex(page.table.model().index(0, 0))
        QTest.keyClick(page.table, Qt.Key.Key_H)
        history = await opened(page, HistoryDialog)
        entry, _record = history.table.model().rows[0]
        assert (entry.reason, entry.after) == ("trial", {"owner": "lee"})
        history.restore.click()
        dialog = await opened(page, MasterDialog)
        assert dialog.texts()["owner"] == ""
        dialog.reason.setText("back")
        dialog.apply.click()
        await until(lambda: page.table.model().rows[0].record.owner == "")

    on_page(scenario)


def test_a_file_is_compared_then_applied_as_a_whole(on_page: Callable[[Scenario], None], tmp_path: Path) -> None:
    async def scenario(window: MainWindow, page: MasterPage, plant: Plant) -> None:
        path = tmp_path / "edit.csv"
        path.write_text("tag,kind,limit\nPT-1,H,12\nPT-2,H,ten\n", "utf-8")
        page.master.compare(path)
        dialog = await opened(page, ImportDialog)
        assert [row.status for row in dialog.table.model().rows] == ["changed", "wrong"]
        assert "Nothing is applied while rows are wrong" in dialog.problem.text()
        assert not dialog.apply.isEnabled()
        dialog.reject()
        path.write_text("tag,kind,limit\nPT-1,H,12\nPT-2,H,13\nPT-3,H,10\n", "utf-8")
        page.master.compare(path)
        dialog = await opened(page, ImportDialog)
        assert dialog.summary.text() == "0 added, 2 changed, 1 unchanged, 0 wrong; 3 not in the file stay"
        dialog.moc.setText("M-3")
        told: list[int] = []
        dialog.progress.valueChanged.connect(told.append)
        dialog.apply.click()
        await until(
            lambda: [r.record.limit for r in page.table.model().rows if r.record.kind == "H"] == [12.0, 13.0, 10.0]
        )
        assert told == sorted(told)
        assert (len(told) > 1, told[-1]) == (True, 100)
        path.write_text("nonsense", "utf-8")
        page.master.compare(path)
        await until(lambda: "no column “nonsense”" in page.reading.label.text())
        assert page.reading.label.text().startswith("Import failed")

    on_page(scenario)


def test_the_table_is_exported_by_its_key(on_page: Callable[[Scenario], None], tmp_path: Path) -> None:
    async def scenario(window: MainWindow, page: MasterPage, plant: Plant) -> None:
        QTest.keyClick(page.table, Qt.Key.Key_E, CTRL | Qt.KeyboardModifier.ShiftModifier)
        (chooser,) = page.findChildren(QFileDialog)
        chooser.fileSelected.emit(str(tmp_path / "all.xlsx"))
        chooser.close()
        await until(lambda: page.strip.label.text() == "6 rows written to all.xlsx")
        diff = await alarms_master.read_changes(tmp_path / "all.xlsx", await alarms_master.load_table(plant.db))
        assert diff.count("unchanged") == 6

    on_page(scenario)


def test_the_matrix_is_checked_before_it_is_put_in_force(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: MasterPage, plant: Plant) -> None:
        QTest.keyClick(page.table, Qt.Key.Key_M, CTRL)
        dialog = await opened(page, MatrixDialog)
        dialog.reason.setText("site rule")
        dialog.minutes[0].setText("2")
        dialog.apply.click()
        await until(lambda: "must be above zero and fall" in dialog.problem.text())
        dialog.minutes[0].setText("60")
        dialog.apply.click()
        await until(lambda: page.master.table is not None and page.master.table.matrix.bounds_s[0] == 3600.0)

    on_page(scenario)
