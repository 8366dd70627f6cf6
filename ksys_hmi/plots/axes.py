"""Paints grid, Y axes and the time axis with the plant's dates and clock changes."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import tr
from ksys_hmi.models.time_ticks import Tick, clock_changes, day_text, offset_s, offset_text, time_ticks
from ksys_hmi.models.trend_axes import value_ticks
from ksys_hmi.models.trend_state import Scene
from ksys_hmi.plots.geometry import RIBBON, AxisPlace, Geometry
from ksys_hmi.theme import Theme

_TICK_PX = 5


def paint_grid(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """Grid lines at the marks of the time axis and of the first axis (of every lane)."""
    painter.fillRect(at.plot, theme.panel)
    painter.setPen(theme.grid)
    lines = [QLineF(x, at.plot.top(), x, at.plot.bottom()) for x in (round(at.x(tick.ns)) for tick in _ticks(at))]
    for place in at.places if at.scene.view.lanes else at.places[:1]:
        for y, _ in _value_marks(at, place):
            lines.append(QLineF(at.plot.left(), y, at.plot.right(), y))
    painter.drawLines(lines)
    if at.scene.view.lanes:
        for pen in at.scene.pens:
            painter.drawRect(at.band(pen.slot))


def _ticks(at: Geometry) -> list[Tick]:
    window = at.scene.view.window
    return time_ticks(window.start, window.stop, at.scene.zone, at.plot.width() // 110)


def _value_marks(at: Geometry, place: AxisPlace) -> list[tuple[int, str]]:
    axis = place.axis
    mapping = at.mapping(axis.slots[0])
    most = max(place.area.height() // round(at.line * 1.7), 3)
    return [(round(float(mapping.y(value))), text) for value, text in value_ticks(axis.low, axis.high, most)]


def paint_value_axes(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """Scale, unit and pens of every painted axis."""
    for place in at.places:
        right = place.area.right()
        painter.setPen(theme.border)
        painter.drawLine(right, place.area.top(), right, place.area.bottom())
        painter.setPen(theme.text)
        for y, text in _value_marks(at, place):
            painter.drawLine(right - _TICK_PX, y, right, y)
            box = QRect(place.area.left(), y - at.line // 2, place.area.width() - _TICK_PX - 5, at.line)
            painter.drawText(_held(box, place.area), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        if not at.scene.view.lanes:
            _paint_axis_head(painter, at, place, theme)


def _held(box: QRect, area: QRect) -> QRect:
    """`box` moved so that a label at the end of an axis does not hang out."""
    box.moveTop(min(max(box.top(), area.top() - 4), area.bottom() - box.height() + 4))
    return box


def _paint_axis_head(painter: QPainter, at: Geometry, place: AxisPlace, theme: Theme) -> None:
    """Unit over the axis, and the line samples of its pens, so that each curve finds its scale."""
    axis = place.axis
    top = at.plot.top() - at.line - 8
    painter.setPen(theme.text2)
    unit = axis.unit or "–"
    if axis.fixed:
        unit += " ■"
    box = QRect(place.area.left(), top, place.area.width() - 4, at.line)
    painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, unit)
    room = place.area.width() - 14
    width = max(min(room // max(len(axis.slots), 1) - 3, 24), 4)
    for i, slot in enumerate(axis.slots):
        x = place.area.right() - 4 - (len(axis.slots) - i) * (width + 3)
        painter.fillRect(QRect(x, at.plot.top() - 7, width, 3), theme.pen(slot)[0])


def paint_time_axis(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """Marks, times, dates where days begin, the zone with its offset, and clock changes."""
    base = at.plot.bottom() + len(at.scene.pens) * RIBBON + 2
    painter.setPen(theme.border)
    painter.drawLine(at.plot.left(), base, at.plot.right(), base)
    metrics = painter.fontMetrics()
    free = at.plot.left() + metrics.horizontalAdvance(_first_date(at)) + 16
    for tick in _ticks(at):
        x = round(at.x(tick.ns))
        painter.setPen(theme.text)
        painter.drawLine(x, base, x, base + _TICK_PX)
        _centred(painter, at, x, base + 6, tick.label)
        if tick.date and tick.date != tick.label and x > free:
            painter.setPen(theme.text2)
            free = _centred(painter, at, x, base + 4 + at.line, tick.date) + 10
    painter.setPen(theme.text2)
    painter.drawText(at.plot.left(), base + 4 + at.line + metrics.ascent(), _first_date(at))
    _paint_zone(painter, at, base, theme)
    _paint_clock_changes(painter, at, base, theme)


def _first_date(at: Geometry) -> str:
    day = to_datetime(at.scene.view.window.start).astimezone(at.scene.zone).date()
    return f"{day:%Y}-{day_text(day)}"


def _centred(painter: QPainter, at: Geometry, x: int, top: int, text: str) -> int:
    """Draw `text` around `x` unless it would leave the plot; returns its right edge."""
    width = painter.fontMetrics().horizontalAdvance(text)
    if x - width // 2 >= at.plot.left() - 30 and x + width // 2 <= at.plot.right() + 30:
        painter.drawText(x - width // 2, top + painter.fontMetrics().ascent(), text)
    return x + width // 2


def zone_text(scene: Scene) -> str:
    """``Asia/Seoul UTC+09:00`` as of the end of the window."""
    return f"{scene.zone.key} {offset_text(offset_s(scene.view.window.stop, scene.zone))}"


def _paint_zone(painter: QPainter, at: Geometry, base: int, theme: Theme) -> None:
    painter.setPen(theme.text2)
    text = zone_text(at.scene)
    width = painter.fontMetrics().horizontalAdvance(text)
    place = QRect(painter.viewport().width() - width - 8, base + 4 + at.line, width + 4, at.line)
    painter.fillRect(place.adjusted(-6, 0, 0, 0), theme.canvas)
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)


def _paint_clock_changes(painter: QPainter, at: Geometry, base: int, theme: Theme) -> None:
    """A labelled line where the plant's clock was put forward or back."""
    window = at.scene.view.window
    for change in clock_changes(window.start, window.stop, at.scene.zone):
        x = round(at.x(change.ns))
        painter.setPen(QPen(theme.text2, 1, Qt.PenStyle.DashDotLine))
        painter.drawLine(x, at.plot.top(), x, base)
        text = tr("clock {before} → {after}", before=offset_text(change.before), after=offset_text(change.after))
        chip(painter, x + 4, at.plot.bottom() - at.line - 4, text, theme.panel, theme.text2)


def chip(painter: QPainter, x: int, y: int, text: str, fill: QColor, colour: QColor) -> QRectF:
    """A short text on a filled box with its upper left corner at (x, y); returns the box."""
    metrics = painter.fontMetrics()
    box = chip_box(metrics, x, y, text)
    painter.fillRect(box, fill)
    painter.setPen(colour)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    return box


def chip_box(metrics: QFontMetrics, x: int, y: int, text: str) -> QRectF:
    """Where `chip` draws."""
    return QRectF(x, y, metrics.horizontalAdvance(text) + 10, metrics.height() + 2)
