"""Paints what belongs to now and after: the now-line, forecast bands with their legend, and limit lines."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from ksys_core.domain.times import SECOND
from ksys_core.domain.trend import LimitStep
from ksys_core.i18n import N_, tr
from ksys_hmi.formats import format_age, format_clock, format_value
from ksys_hmi.models.trend_state import Pen
from ksys_hmi.plots.axes import chip, chip_box
from ksys_hmi.plots.columns import Floats, Mapping, strokes_of
from ksys_hmi.plots.geometry import Geometry
from ksys_hmi.plots.qt_arrays import path_of
from ksys_hmi.theme import Theme

_LABEL_PX: Final = 140
"""H and L stand this far beside HH and LL, so that close limits can be told apart."""
_DASH: Final = (6.0, 4.0)
MODEL_NAMES: Final = {
    "naive": N_("Last value"),
    "seasonal_naive": N_("Seasonal naive"),
    "drift": N_("Drift"),
    "ridge": N_("Ridge regression"),
    "auto_ets": "AutoETS",
    "auto_arima": "AutoARIMA",
    "auto_theta": "AutoTheta",
    "mstl": "MSTL",
    "xgboost": "XGBoost",
    "xgboost_global": N_("XGBoost over several tags"),
    "prophet": "Prophet",
    "ensemble": N_("Ensemble (default)"),
}
"""Names of the algorithms on the screen; their modules are too heavy to import for that."""


def paint_now(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """The labelled line between what was and what may come."""
    scene, x = at.scene, round(at.x(at.scene.now_ns))
    if not at.plot.left() <= x <= at.plot.right():
        return
    painter.setPen(QPen(theme.text, 1))
    painter.drawLine(x, at.plot.top() - 4, x, at.plot.bottom())
    text = tr("now {time}", time=format_clock(scene.now_ns, scene.zone))
    width = round(chip_box(painter.fontMetrics(), 0, 0, text).width())
    left = min(x - width // 2, at.plot.right() - width)
    chip(painter, left, at.plot.top() - at.line - 8, text, theme.control, theme.text)


def _forecast_pens(at: Geometry) -> list[tuple[Pen, bool]]:
    """Pens with a forecast, and whether its bands are shown: in lanes, of the selected pen, or of the only one."""
    scene = at.scene
    pens = [pen for pen in scene.pens if pen.forecast is not None] if scene.view.show_forecast else []
    return [(pen, scene.view.lanes or len(pens) == 1 or pen.slot == scene.selected) for pen in pens]


def paint_forecasts(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """80 and 95 % bands and the dashed median; of pens that are not selected only the median, in the pen's colour."""
    for pen, full in _forecast_pens(at):
        painter.setClipRect(at.band(pen.slot))
        _paint_forecast(painter, at.mapping(pen.slot), pen, theme, full=full)
    painter.setClipping(False)


def _paint_forecast(painter: QPainter, mapping: Mapping, pen: Pen, theme: Theme, *, full: bool) -> None:
    band = pen.forecast
    assert band is not None
    x = mapping.x(band.t - band.interval_ns // 2)  # a value is the mean of the interval that ends at its t
    if full:
        for low, high, alpha in (
            (band.lo95, band.hi95, theme.fan_alphas[0]),
            (band.lo80, band.hi80, theme.fan_alphas[1]),
        ):
            _fill_between(
                painter, x, mapping.y(low), mapping.y(high), theme.forecast, alpha, hatched=pen.forecast_stale
            )
    line = QPen(theme.forecast if full else theme.pen(pen.slot)[0], 1)
    line.setDashPattern(_DASH)
    painter.setPen(line)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    stroke = strokes_of(x, mapping.y(band.value))
    painter.drawPath(path_of(stroke.x, stroke.y, stroke.connect))


def _fill_between(
    painter: QPainter, x: Floats, low: Floats, high: Floats, hue: QColor, alpha: float, *, hatched: bool
) -> None:
    known = np.isfinite(low) & np.isfinite(high)
    edge = [*zip(x[known], high[known], strict=True), *zip(x[known][::-1], low[known][::-1], strict=True)]
    area = QPolygonF([QPointF(a, b) for a, b in np.clip(edge, -30_000, 30_000)] if edge else [])
    colour = QColor(hue)
    colour.setAlphaF(alpha)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(area)
    if hatched:
        painter.setBrush(QBrush(colour, Qt.BrushStyle.FDiagPattern))
        painter.drawPolygon(area)


def legend_text(pen: Pen, now_ns: int) -> str:
    """Model, coverage and age of a pen's forecast, with what is wrong with it."""
    band = pen.forecast
    assert band is not None
    parts = [
        f"{pen.sensor.tag}: {tr(MODEL_NAMES.get(band.algorithm, band.algorithm))} 80/95 %",
        tr("issued {age} ago", age=format_age((now_ns - band.issue_ns) / SECOND)),
    ]
    if band.source == "fallback":
        parts.append(tr("FALLBACK MODEL"))
    if pen.forecast_stale:
        parts.append(tr("STALE FORECAST"))
    return " · ".join(parts)


def paint_legends(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """What the bands are, at the lower right of the lane or plot, over the curves."""
    for pen, full in _forecast_pens(at):
        if full and _in_window(pen, at):
            text = legend_text(pen, at.scene.now_ns)
            width = round(chip_box(painter.fontMetrics(), 0, 0, text).width())
            top = at.band(pen.slot).bottom() - at.line - 4
            chip(painter, max(at.plot.right() - width - 3, at.plot.left()), top, text, theme.panel, theme.forecast)


def _in_window(pen: Pen, at: Geometry) -> bool:
    window, band = at.scene.view.window, pen.forecast
    return band is not None and len(band.t) > 0 and band.t[0] < window.stop and band.t[-1] > window.start


def paint_limits(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """The history of the limits as step lines: of the selected pen, or of each pen in its lane."""
    for pen in at.scene.pens:
        if at.scene.view.lanes or pen.slot == at.scene.selected:
            painter.setClipRect(at.band(pen.slot).adjusted(0, -1, 0, 1))
            for step in pen.limits:
                _paint_limit(painter, at, pen, step, theme)
    painter.setClipping(False)


def _paint_limit(painter: QPainter, at: Geometry, pen: Pen, step: LimitStep, theme: Theme) -> None:
    """One level of one limit, joined to the next one."""
    window, mapping = at.scene.view.window, at.mapping(pen.slot)
    start, stop = max(step.start_ns, window.start), min(step.stop_ns or window.stop, window.stop)
    if stop <= start:
        return
    left, right, y = round(at.x(start)), round(at.x(stop)), _pixel(mapping, step.value)
    painter.setPen(QPen(theme.text2, 1, Qt.PenStyle.SolidLine if len(step.kind) == 2 else Qt.PenStyle.DashLine))
    painter.drawLine(left, y, right, y)
    for other in pen.limits:
        if other.kind == step.kind and other.start_ns == step.stop_ns:
            painter.drawLine(right, y, right, _pixel(mapping, other.value))


def _pixel(mapping: Mapping, value: float) -> int:
    return round(float(np.clip(mapping.y(value), -30_000, 30_000)))


def paint_limit_labels(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """Name and value of each limit, over the curves; an arrow where it lies beyond the axis."""
    for pen in at.scene.pens:
        if at.scene.view.lanes or pen.slot == at.scene.selected:
            for step in pen.limits:
                _paint_limit_label(painter, at, pen, step, theme)


def _paint_limit_label(painter: QPainter, at: Geometry, pen: Pen, step: LimitStep, theme: Theme) -> None:
    window, band = at.scene.view.window, at.band(pen.slot)
    start, stop = max(step.start_ns, window.start), min(step.stop_ns or window.stop, window.stop)
    y = float(at.mapping(pen.slot).y(step.value))
    outside = y < band.top() or y > band.bottom()
    if stop <= start or (outside and stop < window.stop) or (stop - start) * at.px_per_ns < 60:
        return  # of the limits beyond the axis only those at the end of the window
    arrow = "" if not outside else " ▲" if y < band.top() else " ▼"
    text = f"{step.kind} {format_value(step.value, pen.sensor.decimals)}{arrow}"
    row = (len(step.kind) == 1) * (at.line + 2) if outside else 0  # beyond the axis H stands below HH, L above LL
    top = min(max(y - at.line / 2 - 1, band.top() + 1 + row), band.bottom() - at.line - 2 - row)
    left = min(at.x(start) + 4, at.plot.right() - 2 * _LABEL_PX) + (_LABEL_PX if len(step.kind) == 1 else 0)
    fill = QColor(theme.panel)
    fill.setAlphaF(0.85)
    chip(painter, round(left), round(top), text, fill, theme.text2)
