"""Paints the pens' curves and their names at the right edge."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPen

from ksys_core.domain.trend import TrendSeries
from ksys_hmi.models.trend_state import SOFT_PENS, Pen
from ksys_hmi.plots.columns import dashed, strokes
from ksys_hmi.plots.geometry import Geometry
from ksys_hmi.plots.qt_arrays import draw_columns, path_of
from ksys_hmi.theme import Theme

_PATTERNS: Final[dict[Qt.PenStyle, tuple[float, ...]]] = {
    Qt.PenStyle.SolidLine: (),
    Qt.PenStyle.DashLine: (10.0, 4.0),
    Qt.PenStyle.DotLine: (3.0, 3.0),
    Qt.PenStyle.DashDotLine: (10.0, 3.0, 3.0, 3.0),
}
"""On and off lengths in pixels of the line styles, for columns and for lines of width 1."""

_NEAR_PX: Final = 14.0
_MARKS: Final = {"simulator": "SIM", "replay": "REPLAY"}
SAMPLE_PX: Final = 27
"""Length of the sample of a pen's line: two periods of a dash."""


def line_pen(theme: Theme, slot: int, *, selected: bool) -> QPen:
    """Colour and style of a pen; beyond the soft limit a curve is grey until it is selected."""
    colour, style = theme.pen(slot)
    pen = QPen(colour, 1, style)
    if slot >= SOFT_PENS and not selected:
        pen.setColor(theme.disabled)
    pattern = _PATTERNS[style]
    if pattern:
        pen.setDashPattern(pattern)
    return pen


def paint_curves(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """All curves, the selected one last."""
    scene = at.scene
    for pen in sorted(scene.pens, key=lambda pen: pen.slot == scene.selected):
        series = visible(pen, at)
        if series is not None and len(series):
            painter.setClipRect(at.band(pen.slot))
            _paint_curve(painter, at, pen, series, theme)
    painter.setClipping(False)


def visible(pen: Pen, at: Geometry) -> TrendSeries | None:
    """The pen's rows in the window."""
    window = at.scene.view.window
    return None if pen.series is None else pen.series.between(window.start, window.stop)


def _paint_curve(painter: QPainter, at: Geometry, pen: Pen, series: TrendSeries, theme: Theme) -> None:
    line = line_pen(theme, pen.slot, selected=pen.slot == at.scene.selected)
    mapping = at.mapping(pen.slot)
    stroke = strokes(series, mapping, pen.sensor.interpolation)
    if not stroke.columns:
        painter.setPen(line)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path_of(stroke.x, stroke.y, stroke.connect))
        return
    inked = dashed(stroke, _PATTERNS[theme.pen(pen.slot)[1]], float(mapping.x(0)) % 1000)
    draw_columns(painter, inked.x[::2], inked.y[::2], inked.y[1::2], line.color())


def paint_names(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """Each pen's tag at the right edge, beside the end of its curve, moved apart where they would overlap."""
    wanted = sorted(((_end_of_curve(pen, at), pen.slot, pen) for pen in at.scene.pens), key=lambda entry: entry[:2])
    tops = spread([y - at.line / 2 for y, _, _ in wanted], at.line, at.plot.top(), at.plot.bottom() + 1)
    for top, (y, _, pen) in zip(tops, wanted, strict=True):
        _paint_name(painter, at, pen, (round(y), round(top)), theme)


def _paint_name(painter: QPainter, at: Geometry, pen: Pen, place: tuple[int, int], theme: Theme) -> None:
    y, top = place
    selected = pen.slot == at.scene.selected
    left, right, middle = at.plot.right() + 6, painter.viewport().width(), top + at.line // 2
    line = line_pen(theme, pen.slot, selected=selected)
    painter.setPen(line.color())
    painter.drawLine(at.plot.right() + 1, y, left, middle)
    sample_line(painter, left, middle, line)
    box = QRect(left + SAMPLE_PX + 4, top, right - left - SAMPLE_PX - 6, at.line)
    if selected:
        painter.fillRect(box.adjusted(-2, 0, 0, 0), theme.selection)
    painter.setPen(theme.text)
    text = painter.fontMetrics().elidedText(name_of(pen), Qt.TextElideMode.ElideMiddle, box.width())
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
    band = at.band(pen.slot)
    if at.scene.view.lanes and band.height() > 2 * at.line:
        painter.setPen(theme.text2)
        under = top + at.line if top + 2 * at.line <= band.bottom() else top - at.line
        painter.drawText(box.left(), under + painter.fontMetrics().ascent(), pen.sensor.unit)


def name_of(pen: Pen) -> str:
    """The tag, with SIM or REPLAY where the data do not come from the plant."""
    mark = _MARKS.get(pen.sensor.origin)
    return f"{pen.sensor.tag} {mark}" if mark else pen.sensor.tag


def sample_line(painter: QPainter, left: int, middle: int, line: QPen) -> None:
    """A short piece of a pen's line, thick enough to tell colours apart."""
    for y in (middle - 1, middle):
        painter.setPen(line)
        painter.drawLine(left, y, left + SAMPLE_PX, y)


def _end_of_curve(pen: Pen, at: Geometry) -> float:
    band, series = at.band(pen.slot), visible(pen, at)
    if series is not None:
        ends = series.last[np.isfinite(series.last)]
        if len(ends):
            return float(np.clip(at.mapping(pen.slot).y(ends[-1]), band.top(), band.bottom()))
    return float(band.center().y())


def spread(tops: list[float], height: float, low: float, high: float) -> list[float]:
    """`tops` (rising) moved as little as needed so that boxes of `height` do not overlap within ``[low, high]``."""
    placed: list[float] = []
    for top in tops:
        placed.append(max(top, placed[-1] + height if placed else low))
    limit = high - height
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], limit)
        limit = placed[i] - height
    return placed


def nearest_pen(at: Geometry, x: int, y: int) -> int | None:
    """Slot of the pen whose curve or name is nearest to a point, None when none is near."""
    t = at.time(x)
    best: tuple[float, int | None] = (_NEAR_PX, None)
    for pen in at.scene.pens:
        series, mapping = visible(pen, at), at.mapping(pen.slot)
        if x > at.plot.right():
            distance = abs(_end_of_curve(pen, at) - y)
        elif series is None or not len(series):
            continue
        else:
            row = max(int(np.searchsorted(series.t, t, "right")) - 1, 0)
            top, bottom = float(mapping.y(series.max[row])), float(mapping.y(series.min[row]))
            distance = max(top - y, y - bottom, 0.0)
        best = min(best, (distance, pen.slot), key=lambda entry: entry[0])
    return best[1]
