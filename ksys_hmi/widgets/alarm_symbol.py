"""The alarm symbol: shape, digit and colour by priority, fill and marks by state.

UNACK is filled with an outline that blinks, ACKED filled and steady, RTNUN hollow and blinking; a notch marks a
latched alarm, a clock, an S and a wrench stand for shelved, suppressed and out of service.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen, QPolygonF

from ksys_hmi import fonts
from ksys_hmi.theme import SHAPES, Theme

BLINKING: Final = frozenset({"UNACK", "RTNUN", "LUNACK"})
"""States whose symbol blinks (its outline only, at 1 Hz); priority 4 never does."""
_HOLLOW: Final = frozenset({"RTNUN", "SHLVD", "DSUPR", "OOSRV"})
_LATCHED: Final = frozenset({"LUNACK", "LACKED"})
_LETTERS: Final = {"SHLVD": "\u25f7", "DSUPR": "S", "OOSRV": "\u2692"}
_CUT: Final = 0.29


def blinks(priority: int, state: str) -> bool:
    """Whether the outline of this alarm's symbol blinks."""
    return state in BLINKING and priority < 4


def paint_symbol(painter: QPainter, box: QRectF, priority: int, state: str, theme: Theme, *, blink_on: bool) -> None:
    """Paint the symbol of an alarm of `priority` (1-4) in `state` (ISA mnemonic) into `box`."""
    colours = theme.priorities[priority]
    hollow = state in _HOLLOW
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    outline = QPen(theme.text, 2)
    if blinks(priority, state) and not blink_on:
        outline = QPen(Qt.PenStyle.NoPen)
    painter.setPen(outline)
    painter.setBrush(QBrush(Qt.BrushStyle.NoBrush) if hollow else colours.fill)
    _draw_shape(painter, box.adjusted(1.5, 1.5, -1.5, -1.5), priority)
    painter.setPen(theme.text if hollow else colours.digit)
    painter.setFont(fonts.font(box.height() * 0.62 / fonts.scale(), bold=True))
    room = box.adjusted(0, box.height() * 0.22, 0, 0) if SHAPES[priority] == "triangle" else box
    painter.drawText(room, Qt.AlignmentFlag.AlignCenter, _LETTERS.get(state, str(priority)))
    if state in _LATCHED:
        _draw_lock(painter, box, theme)
    painter.restore()


def _draw_shape(painter: QPainter, box: QRectF, priority: int) -> None:
    shape = SHAPES[priority]
    if shape == "circle":
        painter.drawEllipse(box)
    elif shape == "diamond":
        c = box.center()
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(c.x(), box.top()),
                    QPointF(box.right(), c.y()),
                    QPointF(c.x(), box.bottom()),
                    QPointF(box.left(), c.y()),
                ]
            )
        )
    elif shape == "triangle":
        painter.drawPolygon(QPolygonF([QPointF(box.center().x(), box.top()), box.bottomRight(), box.bottomLeft()]))
    else:
        painter.drawPolygon(_octagon(box))


def _octagon(box: QRectF) -> QPolygonF:
    cut = box.width() * _CUT
    left, top, right, bottom = box.left(), box.top(), box.right(), box.bottom()
    return QPolygonF(
        [
            QPointF(left + cut, top),
            QPointF(right - cut, top),
            QPointF(right, top + cut),
            QPointF(right, bottom - cut),
            QPointF(right - cut, bottom),
            QPointF(left + cut, bottom),
            QPointF(left, bottom - cut),
            QPointF(left, top + cut),
        ]
    )


def _draw_lock(painter: QPainter, box: QRectF, theme: Theme) -> None:
    side = box.width() * 0.32
    body = QRectF(box.right() - side, box.bottom() - side, side, side)
    painter.setPen(QPen(theme.panel, 1))
    painter.setBrush(theme.text)
    painter.drawRect(body)
