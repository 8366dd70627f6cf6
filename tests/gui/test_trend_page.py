"""The Trend page by mouse and keys, over a real database."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import HOUR, MINUTE, SECOND
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, all_sensors, upsert_sensors
from ksys_hmi import theme
from ksys_hmi.models.tag_list import tags_mime
from ksys_hmi.models.trend_rows import COLUMNS
from ksys_hmi.runtime import ConnectionState
from tests.gui.trend_plant import SPIKE, STEP, Plant, click, show, statuses, until

Scenario = Callable[[Plant], Coroutine[Any, Any, None]]
In = Callable[[Scenario], None]
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def is_live(plant: Plant) -> bool:
    return plant.presenter.view.live


def steps(plant: Plant) -> int:
    """Width of the first pen's buckets, or the distance of its readings; ns."""
    series = plant.presenter.state.scene.pens[0].series
    assert series is not None
    return series.step_ns or STEP


def turn(widget: QWidget, place: QPoint, angle: int) -> None:
    """The mouse wheel at `place`; 120 is one notch."""
    none = Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        QPointF(place), QPointF(widget.mapToGlobal(place)), QPoint(), QPoint(0, angle),
        Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def picture(plant: Plant) -> QImage:
    return plant.page.canvas.grab().toImage()


def inked(image: QImage, colour: QColor, x: int, top: int, bottom: int) -> list[int]:
    return [y for y in range(top, bottom) if image.pixelColor(x, y) == colour]


def test_an_empty_trend_says_what_to_do_and_the_picker_adds_tags(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        assert plant.presenter.state.scene.pens == ()
        plant.press(Qt.Key.Key_Insert)
        picker = plant.page.picker
        assert picker.isVisible()
        QTest.keyClicks(picker.field, "flow")
        assert picker.model.rowCount() == 2
        QTest.keyClick(picker.field, Qt.Key.Key_Down)
        QTest.keyClick(picker.field, Qt.Key.Key_Return)
        await until(lambda: statuses(plant) == ["ok"])
        assert plant.presenter.tags() == ["PRODUCT_FLOW"]
        assert picker.isVisible(), "more tags may follow"
        QTest.keyClick(picker.field, Qt.Key.Key_Escape)
        assert not picker.isVisible()

    on_trend(scenario)


def test_a_spike_of_one_reading_is_visible_at_every_range(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        for span in (HOUR * 8, 24 * HOUR, 7 * 24 * HOUR):
            click(plant.page.bar.ranges[span])
            await until(lambda: statuses(plant) == ["ok"] and not plant.presenter.busy)
            at = plant.page.canvas.geometry_of_plot
            top = round(float(at.mapping(0).y(SPIKE)))
            spike_at = next(
                int(t)
                for pen in plant.presenter.state.scene.pens
                if pen.series is not None
                for t, high in zip(pen.series.t, pen.series.max, strict=True)
                if high == SPIKE
            )
            image, x = picture(plant), round(at.x(spike_at))
            colour = theme.current().pen(0)[0]
            ys = [y for dx in (-1, 0, 1, 2) for y in inked(image, colour, x + dx, at.plot.top(), at.plot.bottom())]
            assert min(ys) <= top + 2, span

    on_trend(scenario)


def test_pan_and_zoom_by_keys_ask_again_and_never_blank(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        presenter = plant.presenter
        before = presenter.view
        plant.press(Qt.Key.Key_Space)
        assert not is_live(plant)
        for _ in range(5):
            plant.press(Qt.Key.Key_Left)
            pen = presenter.state.scene.pens[0]
            assert pen.series is not None, "old pixels stay"
            assert len(pen.series)
        assert presenter.state.scene.pens[0].status == "partial"
        assert presenter.view.window.start < before.window.start
        await until(lambda: statuses(plant) == ["ok"])
        click(plant.page.bar.ranges[24 * HOUR])
        await until(lambda: not presenter.busy and steps(plant) > STEP)
        coarse = steps(plant)
        for _ in range(3):
            plant.press(Qt.Key.Key_Plus)
            assert len(statuses(plant)) == 1
        await until(lambda: steps(plant) < coarse)
        plant.press(Qt.Key.Key_Z, CONTROL)
        plant.press(Qt.Key.Key_Y, CONTROL)
        plant.press(Qt.Key.Key_Home)
        assert is_live(plant)
        assert presenter.view.past == 8 * HOUR

    on_trend(scenario)


def test_undo_and_redo_come_back_to_the_same_windows(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        plant.press(Qt.Key.Key_Space)
        first = plant.presenter.view
        plant.press(Qt.Key.Key_Left)
        second = plant.presenter.view
        plant.press(Qt.Key.Key_Minus)
        plant.press(Qt.Key.Key_Z, CONTROL)
        assert plant.presenter.view == second
        plant.press(Qt.Key.Key_Z, CONTROL)
        assert plant.presenter.view == first
        plant.press(Qt.Key.Key_Y, CONTROL)
        assert plant.presenter.view == second

    on_trend(scenario)


def test_mouse_drag_pans_and_the_wheel_zooms_at_the_pointer(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        canvas, at = plant.page.canvas, plant.page.canvas.geometry_of_plot
        start = plant.presenter.view.window
        left = QPoint(at.plot.left() + 200, at.plot.center().y())
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=left)
        for x in (50, 100, 150):
            QTest.mouseMove(canvas, left + QPoint(x, 0))
            QApplication.processEvents()
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=left + QPoint(150, 0))
        moved = start.start - plant.presenter.view.window.start
        assert moved == pytest.approx(150 / at.px_per_ns, rel=0.05)
        plant.presenter.undo()
        assert plant.presenter.view.live, "a drag is one step of undo"
        plant.press(Qt.Key.Key_Space)
        under = at.time(left.x())
        turn(canvas, left, 120)
        zoomed = plant.page.canvas.geometry_of_plot
        assert zoomed.scene.view.window.span == pytest.approx(0.8 * start.span, rel=0.01)
        assert abs(zoomed.x(under) - left.x()) <= 3
        axis = zoomed.places[0]
        turn(canvas, QPoint(axis.area.center().x(), axis.area.center().y()), 120)
        (held,) = plant.presenter.state.scene.axes
        assert held.fixed
        assert held.high - held.low == pytest.approx(0.8 * (axis.axis.high - axis.axis.low))
        plant.press(Qt.Key.Key_A)
        assert not plant.presenter.state.scene.axes[0].fixed

    on_trend(scenario)


def test_cursors_read_values_and_statistics(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_PRESSURE", "PUMP_STATE")
        plant.press(Qt.Key.Key_C)
        at, canvas = plant.page.canvas.geometry_of_plot, plant.page.canvas
        QTest.mouseMove(canvas, QPoint(at.plot.center().x(), at.plot.center().y()))
        QApplication.processEvents()
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at.plot.center())
        cells = dict(zip(COLUMNS, plant.presenter.state.rows[0].cells, strict=True))
        t = plant.presenter.state.cursors.first
        assert t is not None
        assert abs(t - at.time(at.plot.center().x())) <= 1 / at.px_per_ns
        assert float(cells["At 1"]) == pytest.approx(14 + 2 * np.sin(t / HOUR / 2), abs=0.02)
        assert cells["Quality"] == "GOOD"
        plant.press(Qt.Key.Key_C, SHIFT)
        plant.presenter.set_cursors(plant.presenter.state.cursors)
        cells = dict(zip(COLUMNS, plant.presenter.state.rows[0].cells, strict=True))
        assert cells["At 2"]
        assert cells["Δ"]
        assert float(cells["Min 1–2"]) <= float(cells["Mean 1–2"].split()[0]) <= float(cells["Max 1–2"])
        plant.press(Qt.Key.Key_Escape)
        assert plant.presenter.state.cursors.second is None
        assert plant.presenter.state.cursors.first is not None
        plant.press(Qt.Key.Key_Escape)
        assert plant.presenter.state.cursors.first is None

    on_trend(scenario)


def test_a_gap_is_neither_bridged_nor_given_a_value(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_PRESSURE")
        middle = plant.stop_ns - 3 * HOUR + 10 * MINUTE
        plant.presenter.toggle_cursor()
        plant.presenter.click(middle, None)
        cells = dict(zip(COLUMNS, plant.presenter.state.rows[0].cells, strict=True))
        assert cells["At 1"] == "----"
        at = plant.page.canvas.geometry_of_plot
        colour = theme.current().pen(0)[0]
        plant.presenter.toggle_cursor()
        assert not inked(picture(plant), colour, round(at.x(middle)), at.plot.top(), at.plot.bottom())

    on_trend(scenario)


def test_new_readings_arrive_by_their_event_and_only_the_tail_is_fetched(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        series = plant.presenter.state.scene.pens[0].series
        assert series is not None
        t = plant.runtime.now_ns() // SECOND * SECOND
        sensor_id = plant.ids["FEED_FLOW"]
        await ingest(plant.db, ReadingBatch.of([sensor_id], [t], [333.0]))
        plant.runtime.events.changed.emit("readings", (sensor_id,))
        await until(lambda: (pen := plant.presenter.state.scene.pens[0]).series and pen.series.max[-1] == 333.0)
        await until(lambda: plant.presenter.state.rows[0].cells[3] == "333.0")

    on_trend(scenario)


def test_a_lost_database_freezes_the_plot_and_keys_still_work(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        lost = plant.runtime.now_ns()
        plant.runtime.set_connection(ConnectionState(connected=False, since_ns=lost, ever=True))
        scene = plant.presenter.state.scene
        assert scene.frozen_since == lost
        before = scene.view.window
        plant.press(Qt.Key.Key_Left)
        plant.press(Qt.Key.Key_S)
        assert plant.presenter.view.window.start < before.start
        assert plant.presenter.view.lanes
        assert plant.presenter.state.scene.pens[0].series is not None
        plant.runtime.set_connection(ConnectionState(connected=True, since_ns=lost + 1, ever=True))
        assert plant.presenter.state.scene.frozen_since is None
        await until(lambda: statuses(plant) == ["ok"])

    on_trend(scenario)


def test_a_hidden_page_asks_for_nothing_and_catches_up_when_shown(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        page = plant.page
        plant.runtime.open_page("help")
        assert not page.presenter.active
        t = plant.runtime.now_ns() // SECOND * SECOND
        await ingest(plant.db, ReadingBatch.of([plant.ids["FEED_FLOW"]], [t], [222.0]))
        plant.runtime.open_page("trend")
        assert page.presenter.tags() == ["FEED_FLOW"]
        await until(lambda: (pen := page.presenter.state.scene.pens[0]).series and pen.series.max[-1] == 222.0)

    on_trend(scenario)


def test_sixteen_pens_are_taken_and_the_rest_is_refused_by_name(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await upsert_sensors(plant.db, [NewSensor(f"EXTRA_{i:02d}") for i in range(20)])
        plant.runtime.sensors = {sensor.sensor_id: sensor for sensor in await all_sensors(plant.db)}
        plant.presenter.add([f"EXTRA_{i:02d}" for i in range(20)])
        assert len(plant.presenter.state.scene.pens) == 16
        assert "EXTRA_19" in plant.presenter.state.notice
        assert plant.page.notice.isVisible()
        plant.presenter.add(["NO_SUCH"])
        assert "NO_SUCH" in plant.presenter.state.notice
        assert len({(pen.slot) for pen in plant.presenter.state.scene.pens}) == 16
        await until(lambda: statuses(plant) == ["empty"] * 16)

    on_trend(scenario)


def test_tags_are_taken_by_drag_and_drop(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        data, canvas = tags_mime(["FEED_FLOW", "PUMP_STATE"]), plant.page.canvas
        place, copy = QPoint(400, 300), Qt.DropAction.CopyAction
        button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(place, copy, data, button, none)
        QApplication.sendEvent(canvas, enter)
        assert enter.isAccepted()
        QApplication.sendEvent(canvas, QDropEvent(QPointF(place), copy, data, button, none))
        assert plant.presenter.tags() == ["FEED_FLOW", "PUMP_STATE"]

    on_trend(scenario)


def test_a_typed_range_is_checked_and_shown(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        plant.press(Qt.Key.Key_R)
        entry = plant.page.range_entry
        entry.start.setText("tomorrow")
        QTest.keyClick(entry.start, Qt.Key.Key_Return)
        assert entry.isVisible()
        assert "tomorrow" in entry.problem.text()
        entry.start.setText("2026-11-01 00:00")
        entry.stop.setText("2026-11-02 00:00")
        click(entry.show_button)
        assert not entry.isVisible()
        assert plant.presenter.view.window.span == 24 * HOUR
        await until(lambda: statuses(plant) == ["empty"])

    on_trend(scenario)


def test_open_page_with_an_instant_shows_that_time_with_a_cursor(on_trend: In) -> None:
    async def scenario(plant: Plant) -> None:
        at = plant.start_ns + 2 * HOUR
        plant.runtime.open_page("trend", tags=["FEED_FLOW"], at=at, span_s=3600)
        view = plant.presenter.view
        assert not view.live
        assert (view.window.start + view.window.stop) // 2 == at
        assert view.window.span == HOUR
        assert plant.presenter.state.cursors.first == at
        await until(lambda: statuses(plant) == ["ok"])

    on_trend(scenario)
