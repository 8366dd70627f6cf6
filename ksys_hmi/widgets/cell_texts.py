"""Texts of a table's cells, cut to their room and laid out once: both are dear, and the same texts come again."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QStaticText, QTransform

from ksys_hmi import fonts

_PADDING: Final = 8
_MOST_KEPT: Final = 5000


class CellTexts:
    """Draws labels, plain or bold, at the left or the right of a cell."""

    def __init__(self) -> None:
        self.plain, self.bold = fonts.label(), fonts.label(bold=True)
        self._metrics, self._bold_metrics = QFontMetrics(self.plain), QFontMetrics(self.bold)
        self.padding = fonts.px(_PADDING)
        self._layouts: dict[tuple[str, int, bool], tuple[QStaticText, float, float]] = {}

    def width(self, *texts: str) -> int:
        """Of a cell that shows the longest of these whole, in bold."""
        return max(self._bold_metrics.horizontalAdvance(text) for text in texts) + 2 * self.padding + 2

    def draw(self, painter: QPainter, rect: QRect, text: str, colour: QColor, *, strong: bool, right: bool) -> None:
        """Draw the first line of `text` into `rect`."""
        if not text:
            return
        drawn, width, height = self._laid_out(text, rect.width() - 2 * self.padding, strong=strong)
        painter.setFont(self.bold if strong else self.plain)
        painter.setPen(colour)
        left = rect.right() + 1 - self.padding - width if right else rect.left() + self.padding
        painter.drawStaticText(QPointF(left, rect.top() + (rect.height() - height) / 2), drawn)

    def _laid_out(self, text: str, room: int, *, strong: bool) -> tuple[QStaticText, float, float]:
        """`text` cut to `room`, with its size."""
        key = (text, room, strong)
        found = self._layouts.get(key)
        if found is None:
            if len(self._layouts) > _MOST_KEPT:
                self._layouts.clear()
            metrics = self._bold_metrics if strong else self._metrics
            first = text.partition("\n")[0]
            drawn = QStaticText(metrics.elidedText(first, Qt.TextElideMode.ElideRight, room))
            drawn.setTextFormat(Qt.TextFormat.PlainText)
            drawn.prepare(QTransform(), self.bold if strong else self.plain)
            found = self._layouts[key] = drawn, drawn.size().width(), drawn.size().height()
        return found
