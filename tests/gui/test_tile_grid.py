"""The tile grid by mouse and keyboard, and what it paints."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from ksys_core.domain import quality
from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import SECOND
from ksys_hmi import theme
from ksys_hmi.presenters.tiles import AlarmMark, Reading, TileInput, TileState, tile_state
from ksys_hmi.widgets.tile_grid import TileGrid

NOW = 1_800_000_000 * SECOND


def tile(sensor_id: int, area: str = "RO", **context: object) -> TileState:
    sensor = Sensor(sensor_id, f"TAG_{sensor_id}", "bar", area, span_low=0.0, span_high=10.0)
    return tile_state(TileInput(sensor, Reading(NOW, 5.0, quality.GOOD), 10.0, **context), NOW)  # type: ignore[arg-type]


@pytest.fixture
def grid(qtbot: QtBot) -> TileGrid:
    made = TileGrid()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.set_tiles([tile(i) for i in range(1, 7)] + [tile(i, "UF") for i in range(7, 9)])
    made.show()
    made.setFocus()
    return made


def test_arrows_move_over_tiles_and_sections(grid: TileGrid, qtbot: QtBot) -> None:
    assert grid.current is not None
    assert grid.current.sensor_id == 1
    for key, expected in [
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Down, 6),
        (Qt.Key.Key_Down, 8),
        (Qt.Key.Key_Up, 6),
        (Qt.Key.Key_Home, 1),
        (Qt.Key.Key_Left, 1),
        (Qt.Key.Key_End, 8),
    ]:
        qtbot.keyClick(grid, key)
        assert grid.current.sensor_id == expected


def test_enter_and_double_click_choose(grid: TileGrid, qtbot: QtBot) -> None:
    with qtbot.waitSignal(grid.chosen) as chosen:
        qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert chosen.args == [1]
    spot = grid.tile_rect(7).center()
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=spot)
    with qtbot.waitSignal(grid.chosen) as chosen:
        qtbot.mouseDClick(grid, Qt.MouseButton.LeftButton, pos=spot)
    assert chosen.args == [7]


def test_the_selection_stays_with_its_tag(grid: TileGrid) -> None:
    grid.select(4)
    grid.set_tiles([tile(i) for i in (2, 4, 6)])
    assert grid.current is not None
    assert grid.current.sensor_id == 4
    assert "TAG_4" in grid.accessibleDescription()


def colours_in(image: QImage, grid: TileGrid, sensor_id: int) -> set[int]:
    rect = grid.tile_rect(sensor_id)
    return {
        image.pixel(QPoint(x, y)) for x in range(rect.left(), rect.right()) for y in range(rect.top(), rect.bottom())
    }


def test_colour_is_for_alarms_alone(grid: TileGrid) -> None:
    urgent = theme.current().priorities[1].fill.rgb()
    assert urgent not in colours_in(grid.grab().toImage(), grid, 1)
    grid.set_tiles([tile(1, limits={"H": 4.0}, alarm=AlarmMark(1, "ACKED")), *grid.tiles[1:]])
    assert urgent in colours_in(grid.grab().toImage(), grid, 1)


def test_a_broken_limit_without_an_alarm_stays_grey(grid: TileGrid) -> None:
    grid.set_tiles([tile(1, limits={"H": 4.0}), *grid.tiles[1:]])
    image = grid.grab().toImage()
    assert not {c.fill.rgb() for c in theme.current().priorities.values()} & colours_in(image, grid, 1)


def test_only_what_changed_is_painted_again(grid: TileGrid, qtbot: QtBot) -> None:
    with qtbot.waitExposed(grid):
        grid.show()
    before = grid.tiles
    painted: list[int] = []
    original = grid._painter.paint

    def spy(*args: object, **options: object) -> None:
        painted.append(args[2].sensor_id)  # type: ignore[attr-defined]
        original(*args, **options)  # type: ignore[arg-type]

    grid.repaint()
    grid._painter.paint = spy  # type: ignore[method-assign]
    grid.set_tiles([*before[:2], replace(before[2], value_text="9.99"), *before[3:]])
    qtbot.waitUntil(lambda: painted == [3])
