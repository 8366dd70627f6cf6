"""Paints what lies over the curves: cursors, marks of simulated data, hints, and the mark of a frozen view."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.formats import format_clock
from ksys_hmi.models.time_ticks import moment_text, span_text
from ksys_hmi.models.trend_state import Cursors
from ksys_hmi.plots.axes import chip, chip_box
from ksys_hmi.plots.geometry import Geometry
from ksys_hmi.theme import Theme

_EMPTY: Final = N_("No tags on this trend. Press Insert or “Add tags”, or drag tags here.")


def paint_cursors(painter: QPainter, at: Geometry, cursors: Cursors, theme: Theme) -> None:
    """Cursor lines with their times, and the time between them."""
    free = at.plot.left()
    both = [(cursors.first, "1", Qt.PenStyle.SolidLine), (cursors.second, "2", Qt.PenStyle.DashLine)]
    for t, name, style in sorted((t, name, style) for t, name, style in both if t is not None):
        x = round(at.x(t))
        if at.plot.left() <= x <= at.plot.right():
            painter.setPen(QPen(theme.focus, 1, style))
            painter.drawLine(x, at.plot.top() - 4, x, at.plot.bottom())
            text = f"{name}:  {moment_text(t, at.scene.zone, at.scene.view.window.span)}"
            free = _paint_time(painter, at, x, free, text, theme)
    if cursors.first is not None and cursors.second is not None:
        _paint_span(painter, at, cursors.first, cursors.second, theme)


def _paint_time(painter: QPainter, at: Geometry, x: int, free: int, text: str, theme: Theme) -> int:
    """The time over a cursor, to the right of what is there already; returns where the next may begin."""
    width = round(chip_box(painter.fontMetrics(), 0, 0, text).width())
    left = max(min(max(x - width // 2, at.plot.left()), at.plot.right() - width), free)
    box = chip(painter, left, at.plot.top() - 2 * at.line - 10, text, theme.control, theme.text)
    painter.setPen(theme.focus)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    return left + width + 6


def _paint_span(painter: QPainter, at: Geometry, first: int, second: int, theme: Theme) -> None:
    left, right = sorted((at.x(first), at.x(second)))
    shade = QColor(theme.focus)
    shade.setAlphaF(0.08)
    box = QRect(round(left), at.plot.top(), round(right - left), at.plot.height()).intersected(at.plot)
    painter.fillRect(box, shade)
    text = f"Δt {span_text(second - first)}"
    width = round(chip_box(painter.fontMetrics(), 0, 0, text).width())
    middle = min(max(box.center().x() - width // 2, at.plot.left()), at.plot.right() - width)
    chip(painter, middle, at.plot.bottom() - at.line - 6, text, theme.control, theme.text)


def paint_notices(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """What to do with an empty trend, level of the data, and since when a frozen view is frozen."""
    scene = at.scene
    if not scene.pens:
        painter.setPen(theme.text2)
        painter.setFont(fonts.value())
        painter.drawText(at.plot, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, tr(_EMPTY))
        painter.setFont(fonts.label())
    if scene.badge:
        painter.setPen(theme.text2)
        painter.drawText(at.plot.left(), at.plot.top() - at.line - 10 - painter.fontMetrics().descent(), scene.badge)
    if scene.frozen_since is not None:
        text = tr("DATABASE LOST {time}, view frozen", time=format_clock(scene.frozen_since, scene.zone))
        painter.setFont(fonts.value(bold=True))
        box = chip_box(painter.fontMetrics(), 0, 0, text)
        x = at.plot.center().x() - round(box.width() / 2)
        chip(painter, x, at.plot.center().y(), text, theme.control, theme.text)
        painter.setFont(fonts.label())
