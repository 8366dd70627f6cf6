"""The faceplate of a tag: opened by Enter from the dashboard, limits changed by keys in a real database."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ksys_core.store.sensors import limits_in_force
from ksys_hmi.views.faceplate import Faceplate
from ksys_hmi.views.main_window import MainWindow
from ksys_hmi.widgets.tile_grid import TileGrid
from tests.gui.conftest import Run
from tests.gui.plant_window import until, window_with_plant
from tests.integration.alarms_plant import Plant

Scenario = Callable[[MainWindow, Faceplate, Plant], Coroutine[Any, Any, None]]


@pytest.fixture
def on_faceplate(run: Run, dsn: str) -> Callable[[Scenario], None]:
    """Runs a scenario on the faceplate of PT-1, whose H limit of 10 is broken."""

    async def with_faceplate(scenario: Scenario) -> None:
        async with window_with_plant(dsn, "dashboard") as (window, plant):
            assert window.page is not None
            (grid,) = window.page.findChildren(TileGrid)
            grid.select(plant.sensors[0])
            grid.setFocus()
            QTest.keyClick(grid, Qt.Key.Key_Return)
            (faceplate,) = window.page.findChildren(Faceplate)
            await until(lambda: not faceplate.presenter.state.loading)
            await scenario(window, faceplate, plant)

    return lambda scenario: run(with_faceplate(scenario))


def type_into(faceplate: Faceplate, high: str, reason: str) -> None:
    """Replace the H limit and the reason by typing, then press the button."""
    for field, text in ((faceplate.fields["H"], high), (faceplate.reason, reason)):
        field.selectAll()
        QTest.keyClick(field, Qt.Key.Key_Delete)
        QTest.keyClicks(field, text)
    QTest.mouseClick(faceplate.save, Qt.MouseButton.LeftButton)


def test_limits_are_changed_with_a_reason(on_faceplate: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, faceplate: Faceplate, plant: Plant) -> None:
        assert [faceplate.fields[kind].text() for kind in ("HH", "H", "L", "LL")] == ["", "10", "0", ""]
        type_into(faceplate, "14.5", "sensor replaced")
        await until(lambda: "Limits of PT-1 changed." in window.status.message.text())
        assert (await limits_in_force(plant.db))[plant.sensors[0]] == {"H": 14.5, "L": 0.0}
        entry = await plant.db.fetchrow("select actor, reason from audit_log order by audit_id desc limit 1")
        assert entry is not None
        assert entry["reason"] == "sensor replaced"

    on_faceplate(scenario)


def test_a_blank_limit_is_cleared_and_never_zero(on_faceplate: Callable[[Scenario], None]) -> None:
    async def scenario(window: MainWindow, faceplate: Faceplate, plant: Plant) -> None:
        type_into(faceplate, "", "no high limit")
        await until(lambda: "changed" in window.status.message.text())
        assert (await limits_in_force(plant.db))[plant.sensors[0]] == {"L": 0.0}

    on_faceplate(scenario)


@pytest.mark.parametrize(
    ("high", "reason", "said"),
    [("12,5x", "typo", "Limit H: “12,5x” is no number"), ("-1", "below L", "L"), ("12", " ", "reason")],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    on_faceplate: Callable[[Scenario], None], high: str, reason: str, said: str
) -> None:
    async def scenario(window: MainWindow, faceplate: Faceplate, plant: Plant) -> None:
        type_into(faceplate, high, reason)
        await until(lambda: said in faceplate.problem.text())
        assert faceplate.fields["H"].text() == high
        assert (await limits_in_force(plant.db))[plant.sensors[0]] == {"H": 10.0, "L": 0.0}

    on_faceplate(scenario)
