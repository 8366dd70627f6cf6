"""The page of suppression by design on a real database, by real keys."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox

from ksys_core.services import alarms_modes, alarms_rules
from ksys_core.store.sensors import all_sensors
from ksys_core.store.session import Session
from ksys_hmi.views.alarm_dialogs import ReasonDialog
from ksys_hmi.views.main_window import MainWindow
from ksys_hmi.views.rule_dialogs import MaintenanceDialog, RuleDialog
from ksys_hmi.views.rules import RulesPage
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_with_plant
from tests.integration.alarms_plant import Plant

Scenario = Callable[[MainWindow, RulesPage, Plant], Coroutine[Any, Any, None]]
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def on_page(run: Run, dsn: str) -> Callable[[Scenario], None]:
    """Runs a scenario on the shown page; the plant's tags lie in area RO."""

    async def with_page(scenario: Scenario) -> None:
        async with window_with_plant(dsn, "rules") as (window, plant):
            await plant.db.execute("update sensors set area = 'RO'")
            page = window.page
            assert isinstance(page, RulesPage)
            page.runtime.sensors = {sensor.sensor_id: sensor for sensor in await all_sensors(plant.db)}
            page.presenter.refresh()
            await until(lambda: page.presenter.state.areas == ("RO",))
            page.rules.setFocus()
            await scenario(window, page, plant)

    return lambda scenario: run(with_page(scenario))


async def dialog_of(page: RulesPage, kind: type[Any]) -> Any:
    await until(lambda: any(dialog.isVisible() for dialog in page.findChildren(kind)))
    return next(dialog for dialog in page.findChildren(kind) if dialog.isVisible())


async def back_on(window: MainWindow, page: RulesPage) -> None:
    """The window has the keys again after a dialog."""
    window.activateWindow()
    await until(window.isActiveWindow)
    page.rules.go_to(page.rules.model().rows[0].rule_id)
    page.rules.setFocus()
    await until(lambda: len(page.alarms.model().rows) == 2)


async def new_rule(page: RulesPage) -> None:
    """Typed by keys, stored with Enter."""
    QTest.keyClick(page.rules, Qt.Key.Key_Insert)
    dialog: RuleDialog = await dialog_of(page, RuleDialog)
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    for name, text in (("title_en", "Stopped"), ("condition", "PT-1 > 5"), ("alarms", "PT-2 H; PT-3 H")):
        QTest.keyClicks(dialog.fields[name], text)
    await until(lambda: "can't" in dialog.verdict.text() or "Position" in dialog.verdict.text() or ok.isEnabled())
    dialog.fields["condition"].setText("[PT-1] > 5")
    await until(ok.isEnabled)
    assert [alarm.tag for alarm in dialog.alarms.model().rows] == ["PT-2", "PT-3"]
    QTest.mouseClick(ok, Qt.MouseButton.LeftButton)
    await until(lambda: len(page.rules.model().rows) == 1)


def test_a_rule_is_written_approved_and_switched_off_by_keys(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: RulesPage, plant: Plant) -> None:
        await new_rule(page)
        await back_on(window, page)
        QTest.keyClick(page.rules, Qt.Key.Key_P, CTRL)
        await until(lambda: "another engineer has to approve it" in window.status.message.text())
        assert not page.rules.model().rows[0].acts
        await alarms_rules.permit_own_approval(plant.db, True, "one person", "")
        QTest.keyClick(page.rules, Qt.Key.Key_P, CTRL)
        await until(lambda: page.rules.model().rows[0].acts)
        row = page.rules.model()
        texts = [row.index(0, column).data() for column in range(row.columnCount())]
        assert any(str(text).endswith(" (own rule)") for text in texts)
        QTest.keyClick(page.rules, Qt.Key.Key_D, CTRL)
        dialog: ReasonDialog = await dialog_of(page, ReasonDialog)
        dialog.reason.setText("trial")
        dialog.accept()
        await until(lambda: not page.rules.model().rows[0].enabled)
        assert await plant.db.fetchval("select reason from audit_log where action = 'rule.disable'") == "trial"

    on_page(scenario)


def test_a_rule_is_changed_with_what_it_says_and_loses_its_approval(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: RulesPage, plant: Plant) -> None:
        await alarms_rules.permit_own_approval(plant.db, True, "one person", "")
        await new_rule(page)
        await back_on(window, page)
        QTest.keyClick(page.rules, Qt.Key.Key_P, CTRL)
        await until(lambda: page.rules.model().rows[0].acts)
        QTest.keyClick(page.rules, Qt.Key.Key_E, CTRL)
        dialog: RuleDialog = await dialog_of(page, RuleDialog)
        assert dialog.fields["alarms"].text() == "PT-2 H; PT-3 H"
        dialog.hold_off.setValue(300)
        ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
        await until(ok.isEnabled)
        QTest.mouseClick(ok, Qt.MouseButton.LeftButton)
        await until(lambda: page.rules.model().rows[0].version == 2)
        (rule,) = await alarms_rules.all_rules(plant.db)
        assert (rule.approved_by, rule.content.hold_off_s) == (None, 300.0)

    on_page(scenario)


def test_a_rule_that_somebody_else_has_changed_keeps_what_was_typed(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: RulesPage, plant: Plant) -> None:
        await new_rule(page)
        await back_on(window, page)
        QTest.keyClick(page.rules, Qt.Key.Key_E, CTRL)
        dialog: RuleDialog = await dialog_of(page, RuleDialog)
        dialog.fields["owner"].setText("Kim")
        (rule,) = await alarms_rules.all_rules(plant.db)
        theirs = replace(rule.content, hold_off_s=5.0)
        await alarms_rules.save(plant.db, theirs, "desk 2", rule_id=rule.rule_id, version=rule.version)
        ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
        await until(ok.isEnabled)
        QTest.mouseClick(ok, Qt.MouseButton.LeftButton)
        await until(lambda: "has been changed by" in dialog.verdict.text())
        assert (dialog.isVisible(), dialog.fields["owner"].text()) == (True, "Kim")
        QTest.keyClick(dialog, Qt.Key.Key_Escape)

    on_page(scenario)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("condition", "NOSUCH > 1", "NOSUCH"),
        ("condition", "mean([PT-1], 60) > 1", "present values"),
        ("alarms", "PT-9 H", "PT-9 H"),
        ("areas", "' or drop table --", "' or drop table --"),
        ("tags", "<b>x</b>", "<b>x</b>"),
    ],
)
def test_what_cannot_be_a_rule_is_not_offered(
    on_page: Callable[[Scenario], None], field: str, text: str, said: str
) -> None:
    async def scenario(window: MainWindow, page: RulesPage, plant: Plant) -> None:
        QTest.keyClick(page.rules, Qt.Key.Key_Insert)
        dialog: RuleDialog = await dialog_of(page, RuleDialog)
        for name, typed in {"title_en": "x", "condition": "[PT-1] > 5", "areas": "RO", field: text}.items():
            dialog.fields[name].setText(typed)
        await until(lambda: said in dialog.verdict.text())
        assert dialog.verdict.textFormat() == Qt.TextFormat.PlainText
        assert not dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)

    on_page(scenario)


def test_maintenance_is_started_and_ended_by_keys(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: RulesPage, plant: Plant) -> None:
        QTest.keyClick(page.rules, Qt.Key.Key_M, CTRL)
        dialog: MaintenanceDialog = await dialog_of(page, MaintenanceDialog)
        dialog.reason.setText("new modem")
        dialog.accept()
        await until(lambda: len(page.maintenance.model().rows) == 1)
        window.activateWindow()
        await until(window.isActiveWindow)
        page.rules.setFocus()
        (under,) = await alarms_modes.maintenance(plant.db)
        assert (under.area, under.reason) == ("RO", "new modem")
        QTest.keyClick(page.rules, Qt.Key.Key_M, CTRL | SHIFT)
        await until(lambda: window.status.message.text() == "Select one area under maintenance first.")
        page.maintenance.setFocus()
        page.maintenance.go_to(under.maintenance_id)
        QTest.keyClick(page.maintenance, Qt.Key.Key_M, CTRL | SHIFT)
        ending: ReasonDialog = await dialog_of(page, ReasonDialog)
        assert ending.windowTitle() == "End maintenance of RO"
        assert len(await alarms_modes.maintenance(plant.db)) == 1, "nothing has ended yet"
        QTest.keyClicks(ending.reason, "modem works")
        QTest.keyClick(ending.reason, Qt.Key.Key_Return)
        await until(lambda: not page.maintenance.model().rows)
        assert await alarms_modes.maintenance(plant.db) == ()
        assert await plant.db.fetchval("select reason from audit_log where action = 'maintenance.end'") == "modem works"

    on_page(scenario)


def test_actions_mirror_the_rights(on_page: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, page: RulesPage, plant: Plant) -> None:
        page.runtime.session = replace(page.runtime.session, rights=frozenset({"viewer", "operator"}))
        assert isinstance(page.runtime.session, Session)
        window.actions_table.update_enabled()
        enabled = {
            spec.id: action.isEnabled() for spec, action in window.actions_table.bound() if spec.scope == "rules"
        }
        assert enabled == {
            "rules.add": False,
            "rules.edit": False,
            "rules.approve": False,
            "rules.enable": False,
            "rules.maintain": True,
            "rules.end_maintenance": True,
        }

    on_page(scenario)
