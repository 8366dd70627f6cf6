"""The plot of a what-if: the tag's history with both limits, and below it the alarms of both definitions."""

from __future__ import annotations

import math
from zoneinfo import ZoneInfo

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ksys_core.domain.alarms.units import on_the_axis
from ksys_core.domain.alarms.what_if import Occurrences
from ksys_core.i18n import tr
from ksys_hmi import fonts, theme
from ksys_hmi.formats import format_day_time
from ksys_hmi.models.what_if_rows import WhatIfPlot
from ksys_hmi.plots.columns import Mapping, strokes
from ksys_hmi.plots.qt_arrays import path_of

_STRIP_PX = 18


class WhatIfCanvas(QWidget):
    """Solid line: the present limit; dashed: the proposed one. Strips: when each would have been in alarm."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone
        self._plot: WhatIfPlot | None = None
        self.setMinimumHeight(fonts.px(220))

    def sizeHint(self) -> QSize:
        return QSize(fonts.px(760), fonts.px(260))

    def show_plot(self, plot: WhatIfPlot | None) -> None:
        """Show a trial; None clears."""
        self._plot = plot
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(fonts.label())
        colours, plot = theme.current(), self._plot
        strip, side = fonts.px(_STRIP_PX), fonts.px(84)
        area = QRectF(self.rect()).adjusted(side, 4, -8, -(2 * strip + fonts.px(30)))
        painter.fillRect(area, colours.panel)
        painter.setPen(colours.border)
        painter.drawRect(area)
        if plot is not None:
            self._paint_history(painter, area, plot)
            for n, (text, spans) in enumerate(((tr("Present"), plot.before), (tr("Proposed"), plot.after))):
                row = QRectF(area.left(), area.bottom() + 4 + n * (strip + 2), area.width(), strip)
                self._paint_strip(painter, row, text, spans, plot)
            self._paint_times(painter, area, plot)
        painter.end()

    def _paint_history(self, painter: QPainter, area: QRectF, plot: WhatIfPlot) -> None:
        colours = theme.current()
        series = plot.series
        # What another kind compares (a rate, a distance, seconds) is no level of the curve.
        limits = plot.limits if on_the_axis(plot.kind) else (math.nan, math.nan)
        known = [*limits, _least(series.min), _most(series.max)]
        finite = [value for value in known if math.isfinite(value)]
        if not finite:
            return
        low, high = min(finite), max(finite)
        room = 0.06 * (high - low) or max(abs(high), 1.0) * 0.01
        mapping = Mapping(
            plot.start,
            area.width() / (plot.stop - plot.start),
            area.left(),
            low - room,
            area.height() / (high - low + 2 * room),
            area.bottom(),
        )
        painter.save()
        painter.setClipRect(area)
        if len(series):
            drawn = strokes(series, mapping, "linear")
            painter.setPen(QPen(colours.pens[0], 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(path_of(drawn.x, drawn.y, drawn.connect))
        for value, style in zip(limits, (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine), strict=True):
            if math.isfinite(value):
                painter.setPen(QPen(colours.setpoint, 2, style))
                y = float(mapping.y(value))
                painter.drawLine(int(area.left()), int(y), int(area.right()), int(y))
        painter.restore()
        painter.setPen(colours.text2)
        for value in (low, high):
            middle = float(mapping.y(value))
            box = QRectF(0, middle - fonts.px(9), area.left() - 6, fonts.px(18))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:.5g}")

    def _paint_strip(self, painter: QPainter, row: QRectF, text: str, spans: Occurrences, plot: WhatIfPlot) -> None:
        colours = theme.current()
        painter.setPen(colours.text2)
        label = QRectF(0, row.top(), row.left() - 6, row.height())
        painter.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        painter.setPen(colours.grid)
        painter.drawRect(row)
        scale = row.width() / (plot.stop - plot.start)
        left = row.left() + (spans.start - plot.start) * scale
        width = np.maximum(spans.length * scale, 1.0)
        ink = QColor(colours.text)
        for x, w in zip(left.tolist(), width.tolist(), strict=True):
            painter.fillRect(QRectF(x, row.top() + 2, w, row.height() - 4), ink)

    def _paint_times(self, painter: QPainter, area: QRectF, plot: WhatIfPlot) -> None:
        painter.setPen(theme.current().text2)
        foot = QRectF(area.left(), self.height() - fonts.px(20), area.width(), fonts.px(18))
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, format_day_time(plot.start, self._zone))
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, format_day_time(plot.stop, self._zone))


def _least(values: np.ndarray) -> float:
    return float(np.nanmin(values)) if np.isfinite(values).any() else math.nan


def _most(values: np.ndarray) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else math.nan
