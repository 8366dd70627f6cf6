"""What the Trend page writes: exports and pen sets."""

from __future__ import annotations

import csv
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ksys_core.domain.times import HOUR
from tests.gui.trend_plant import Plant, click, show, until

Scenario = Callable[[Plant], Coroutine[Any, Any, None]]
In = Callable[[Scenario], None]
CONTROL = Qt.KeyboardModifier.ControlModifier


def has_files(folder: Path, pattern: str) -> bool:
    return any(folder.glob(pattern))


def test_export_writes_every_reading_with_bom_and_zone(on_trend: In, tmp_path: Path) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW", "FEED_PRESSURE")
        plant.presenter.open(at=plant.stop_ns - 3 * HOUR, span_s=3600)
        for drawn, name in ((False, "raw.csv"), (True, "drawn.csv")):
            path = tmp_path / name
            plant.page.export.start(plant.presenter.state.scene, path, drawn=drawn)
            await until(lambda: plant.page.export.state.share is None)
            assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        with (tmp_path / "raw.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0][:3] == ["time (Asia/Seoul)", "FEED_FLOW [m³/h]", "FEED_FLOW quality"]
        assert len(rows) == 1 + 360
        assert rows[1][0].endswith("+09:00")
        assert [row[3] for row in rows if row[3] == ""], "the gap has no value"
        assert not has_files(tmp_path, "*.part")

    on_trend(scenario)


def test_a_cancelled_export_leaves_no_file(on_trend: In, tmp_path: Path) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        plant.presenter.open(at=plant.stop_ns, span_s=400 * 24 * 3600)
        plant.page.export.start(plant.presenter.state.scene, tmp_path / "big.csv", drawn=False)
        await until(lambda: (plant.page.export.state.share or 0) > 0)
        plant.page.export.cancel()
        await until(lambda: not has_files(tmp_path, "big*"))
        assert plant.page.export.state.message

    on_trend(scenario)


def test_pens_come_back_and_sets_are_kept(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW", "PUMP_STATE")
        sheet = plant.page.pen_sets
        plant.press(Qt.Key.Key_S, CONTROL)
        QTest.keyClicks(sheet.name, "pumps")
        click(sheet.save_button)
        assert sheet.list.item(0).text() == "pumps"
        QTest.keyClick(sheet, Qt.Key.Key_Escape)
        await show(plant, "FEED_PRESSURE")
        plant.press(Qt.Key.Key_S, CONTROL)
        click(sheet.load_button)
        assert plant.presenter.tags() == ["FEED_FLOW", "PUMP_STATE"]
        plant.runtime.open_page("help")
        assert plant.window.pages["trend"].presenter.pen_sets.tags() == ["FEED_FLOW", "PUMP_STATE"]  # type: ignore[attr-defined]

    on_trend(scenario)


def test_undo_brings_removed_and_replaced_pens_back(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW", "PUMP_STATE")
        plant.press(Qt.Key.Key_Delete)
        assert plant.presenter.tags() == ["FEED_FLOW"]
        plant.press(Qt.Key.Key_Z, CONTROL)
        assert plant.presenter.tags() == ["FEED_FLOW", "PUMP_STATE"]
        await show(plant, "FEED_PRESSURE")
        plant.press(Qt.Key.Key_Z, CONTROL)
        plant.press(Qt.Key.Key_Z, CONTROL)
        assert plant.presenter.tags() == ["FEED_FLOW", "PUMP_STATE"]
        plant.press(Qt.Key.Key_Y, CONTROL)
        assert plant.presenter.tags() == ["FEED_PRESSURE"]

    on_trend(scenario)


def test_a_folder_that_takes_no_file_is_told_and_nothing_breaks(on_trend: In, tmp_path: Path) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        blocked = tmp_path / "pen_sets.json"
        blocked.unlink(missing_ok=True)
        blocked.mkdir()
        told: list[str] = []
        plant.runtime.events.message.connect(told.append)
        plant.runtime.open_page("help")
        assert len(told) == 1
        assert "pen_sets.json" in told[0]

    on_trend(scenario)
