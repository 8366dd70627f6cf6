"""Diagonal hatch over what is frozen: the marks stay readable, nobody takes them for live."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ksys_hmi import theme

STALE_ALPHA = 0.12
BAD_ALPHA = 0.25
_STEP = 12


def paint_hatch(painter: QPainter, rect: QRect, alpha: float = STALE_ALPHA) -> None:
    """Hatch `rect` in the text colour at `alpha` (0.12 stale, 0.25 bad)."""
    colour = QColor(theme.current().text)
    colour.setAlphaF(alpha)
    painter.save()
    painter.setClipRect(rect)
    painter.setPen(QPen(colour, 3))
    for x in range(rect.left() - rect.height(), rect.right(), _STEP):
        painter.drawLine(QPointF(x, rect.bottom() + 1), QPointF(x + rect.height() + 1, rect.top()))
    painter.restore()


class HatchOverlay(QWidget):
    """Hatches its parent while visible and lets every click and key through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_hatch(painter, self.rect())
        painter.end()
