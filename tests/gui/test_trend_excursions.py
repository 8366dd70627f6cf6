"""The trend draws limits as step lines, and thick where they were broken: by the limit of that time."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from ksys_core.domain.times import HOUR, MINUTE
from ksys_core.domain.trend import LimitStep, TrendSeries
from ksys_hmi import theme
from ksys_hmi.models.trend_state import Pen
from ksys_hmi.models.trend_window import Window
from ksys_hmi.plots.trend_canvas import TrendCanvas
from tests.trend_scenes import NOW, scene_of, sensor

START, CHANGE = NOW - 4 * HOUR, NOW - 2 * HOUR


def drawn(*limits: LimitStep) -> TrendCanvas:
    """A tag at 10, at 50 for twenty minutes in the second and in the fourth hour."""
    t = np.arange(START, NOW, MINUTE)
    hour = (t - START) / HOUR
    values = np.where((hour % 2 > 1) & (hour % 2 < 1 + 1 / 3), 50.0, 10.0)
    window = Window(START, NOW)
    pen = Pen(sensor(0), 0, TrendSeries.raw(t, values), window, limits, status="ok")
    canvas = TrendCanvas(scene_of([pen], window))
    canvas.resize(1200, 600)
    canvas.show()
    return canvas


def thickness(canvas: TrendCanvas, t: int, value: float) -> int:
    """Pixels of the text's colour about the limit `value` at instant `t`."""
    at, image = canvas.geometry_of_plot, canvas.grab().toImage()
    x, y = round(at.x(t)), round(float(at.mapping(0).y(value)))
    column = [image.pixelColor(x, each) for each in range(max(y - 6, 0), max(y + 7, 0))]
    return sum(colour == QColor(theme.current().text) for colour in column)


def test_an_old_excursion_is_judged_by_the_old_limit(qapp: QApplication) -> None:
    canvas = drawn(LimitStep("H", 40.0, 0, CHANGE), LimitStep("H", 51.0, CHANGE))
    first, second, quiet = START + HOUR + 10 * MINUTE, START + 3 * HOUR + 10 * MINUTE, START + 30 * MINUTE
    try:
        assert thickness(canvas, first, 40.0) == 5, "above the limit of then"
        assert thickness(canvas, quiet, 40.0) == 0, "within it"
        assert thickness(canvas, second, 40.0) == 0, "the old limit is no longer in force"
        assert thickness(canvas, second, 51.0) == 0, "within the new limit"
    finally:
        canvas.hide()
        canvas.deleteLater()


def test_with_the_old_limit_still_in_force_both_would_count(qapp: QApplication) -> None:
    canvas = drawn(LimitStep("H", 40.0, 0))
    try:
        for t in (START + HOUR + 10 * MINUTE, START + 3 * HOUR + 10 * MINUTE):
            assert thickness(canvas, t, 40.0) == 5
    finally:
        canvas.hide()
        canvas.deleteLater()
