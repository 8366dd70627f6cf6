"""The course of the alarms: a bar of annunciations for each hour or day, a line of what stood active."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QToolTip, QWidget

from ksys_core.domain.alarms.kpis import Bar
from ksys_core.i18n import tr
from ksys_hmi import fonts, theme
from ksys_hmi.formats import format_day_time, format_value


class KpiChart(QWidget):
    """Two scales from zero, left for bars, right for the line; the pointer tells a bar's figures."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone
        self._bars: tuple[Bar, ...] = ()
        self.setMouseTracking(True)
        self.setMinimumHeight(fonts.px(110))

    def sizeHint(self) -> QSize:
        return QSize(fonts.px(480), fonts.px(130))

    def show_bars(self, bars: tuple[Bar, ...]) -> None:
        """Show the bars of a period, in order."""
        self._bars = bars
        self.update()

    def text_of(self, bar: Bar) -> str:
        """What the pointer tells about a bar."""
        return tr(
            "{begin}: {n} annunciations, {standing} standing",
            begin=format_day_time(bar.start, self._zone),
            n=format_value(bar.count, 0),
            standing=format_value(bar.standing, 1),
        )

    def _plot(self) -> QRectF:
        side, foot = fonts.px(44), fonts.px(20)
        return QRectF(self.rect()).adjusted(side, fonts.px(6), -side, -foot)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._bars:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(fonts.label())
        colours, plot = theme.current(), self._plot()
        most = max(1, *(bar.count for bar in self._bars))
        standing = max(1.0, *(bar.standing for bar in self._bars))
        width = plot.width() / len(self._bars)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.stopped)
        line = QPolygonF()
        for i, bar in enumerate(self._bars):
            height = plot.height() * bar.count / most
            left = plot.left() + i * width
            painter.drawRect(QRectF(left + 1, plot.bottom() - height, max(width - 2, 1.0), height))
            line.append(QPointF(left + width / 2, plot.bottom() - plot.height() * bar.standing / standing))
        painter.setPen(QPen(colours.value, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(line)
        self._paint_scales(painter, plot, most, standing)
        painter.end()

    def _paint_scales(self, painter: QPainter, plot: QRectF, most: int, standing: float) -> None:
        colours = theme.current()
        painter.setPen(colours.border)
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.setPen(colours.text2)
        side = plot.left() - 4
        height = fonts.px(16)
        right, left = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRectF(0, plot.top(), side, height), right, format_value(most, 0))
        painter.drawText(QRectF(0, plot.bottom() - height, side, height), right, "0")
        painter.setPen(colours.value)
        painter.drawText(QRectF(plot.right() + 4, plot.top(), side, height), left, format_value(standing, 1))
        painter.setPen(colours.text2)
        foot = QRectF(plot.left(), plot.bottom() + 2, plot.width(), height)
        painter.drawText(foot, left, format_day_time(self._bars[0].start, self._zone))
        painter.drawText(foot, right, format_day_time(self._bars[-1].stop, self._zone))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        plot = self._plot()
        place = (event.position().x() - plot.left()) / max(plot.width(), 1.0)
        if self._bars and 0 <= place < 1:
            bar = self._bars[int(place * len(self._bars))]
            QToolTip.showText(event.globalPosition().toPoint(), self.text_of(bar), self)
