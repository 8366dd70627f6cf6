"""Paints when a pen was beyond a limit: the stretch of the limit's step line that was broken, thick."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from ksys_core.domain.excursions import excursions
from ksys_hmi.plots.curves import visible
from ksys_hmi.plots.geometry import Geometry
from ksys_hmi.theme import Theme

THICK: Final = 5
"""Pixels; a whole limit line has 1. No colour: that belongs to alarms, and an excursion need not be one."""
_LEAST: Final = 3


def paint_excursions(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """Of the selected pen, or of each pen in its lane, by the limits that were in force at the time."""
    window = at.scene.view.window
    for pen in at.scene.pens:
        series = visible(pen, at)
        if series is None or not (at.scene.view.lanes or pen.slot == at.scene.selected):
            continue
        band, mapping = at.band(pen.slot), at.mapping(pen.slot)
        for found in excursions(series, pen.limits):
            start, stop = max(found.start, window.start), min(found.stop, window.stop)
            y = float(mapping.y(found.value))
            if start < stop and band.top() <= y <= band.bottom():
                left = round(at.x(start))
                width = max(round(at.x(stop)) - left, _LEAST)
                painter.fillRect(QRect(left, round(y) - THICK // 2, width, THICK), theme.text)
