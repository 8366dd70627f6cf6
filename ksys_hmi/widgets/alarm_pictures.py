"""Symbols and sparklines of an alarm list, drawn once and then copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from ksys_core.domain.alarms.rows import AlarmRow
from ksys_core.domain.alarms.units import on_the_axis
from ksys_core.domain.times import SECOND
from ksys_hmi import fonts, theme
from ksys_hmi.presenters.tiles import Spark, SparkData, spark_of
from ksys_hmi.widgets.alarm_symbol import paint_symbol
from ksys_hmi.widgets.blink import blink
from ksys_hmi.widgets.tile_painter import envelope

SYMBOL_PX: Final = 22
_STILL_NS: Final = 30 * SECOND
"""A sparkline of an hour moves on in steps of this: less than a pixel."""


def canvas(widget: QWidget, width: int, height: int, ground: QColor | Qt.GlobalColor) -> QPixmap:
    """A picture of one colour, as fine as the screen that shows `widget`."""
    ratio = widget.devicePixelRatioF()
    made = QPixmap(round(width * ratio), round(height * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(ground)
    return made


class AlarmPictures:
    """Draws for one view. `show_hours` says what the sparklines show."""

    def __init__(self, view: QWidget) -> None:
        self._view = view
        self._hours: Mapping[int, SparkData | None] = {}
        self._now_ns = 0
        self._sparks: dict[tuple[int, float | None, int, str], QPixmap | None] = {}
        self._symbols: dict[tuple[int, str, bool, str], QPixmap] = {}

    def show_hours(self, hours: Mapping[int, SparkData | None], now_ns: int) -> None:
        """Draw the last hours of these tags, by sensor id, as they look at `now_ns`."""
        if now_ns // _STILL_NS != self._now_ns // _STILL_NS:
            self._sparks.clear()
            self._now_ns = now_ns
        other = {i for i in self._hours.keys() | hours.keys() if self._hours.get(i) is not hours.get(i)}
        self._sparks = {key: drawn for key, drawn in self._sparks.items() if key[0] not in other}
        self._hours = hours

    def symbol(self, painter: QPainter, rect: QRect, priority: int, isa: str) -> None:
        """The alarm's symbol in the middle of `rect`."""
        tokens = theme.current()
        if isa == "NORM":
            painter.setPen(tokens.text2)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, "✓")
            return
        side = fonts.px(SYMBOL_PX)
        key = (priority, isa, blink().on, tokens.name)
        drawn = self._symbols.get(key)
        if drawn is None:
            drawn = self._symbols[key] = canvas(self._view, side, side, Qt.GlobalColor.transparent)
            on_it = QPainter(drawn)
            paint_symbol(on_it, QRectF(0, 0, side, side), priority, isa, tokens, blink_on=blink().on)
            on_it.end()
        painter.drawPixmap(rect.center().x() - side // 2, rect.center().y() - side // 2, drawn)

    def spark(self, painter: QPainter, rect: QRect, row: AlarmRow) -> None:
        """The last hour of the row's tag, with the row's limit if that is a value; nothing without readings."""
        limit = row.limit if on_the_axis(row.kind) else None
        key = (row.sensor_id, limit, rect.width(), theme.current().name)
        if key not in self._sparks:
            limits = () if limit is None else (limit,)
            spark = spark_of(self._hours.get(row.sensor_id), limits, self._now_ns, ahead_share=0.0)
            self._sparks[key] = None if spark is None else self._drawn(spark, rect.width(), rect.height())
        drawn = self._sparks[key]
        if drawn is not None:
            painter.drawPixmap(rect.topLeft(), drawn)

    def _drawn(self, spark: Spark, width: int, height: int) -> QPixmap:
        tokens, made = theme.current(), canvas(self._view, width, height, Qt.GlobalColor.transparent)
        box = QRectF(fonts.px(6), fonts.px(5), width - fonts.px(12), height - fonts.px(10))
        painter = QPainter(made)
        painter.setPen(QPen(tokens.border, 1, Qt.PenStyle.DashLine))
        for limit in spark.limits:
            y = box.bottom() - limit * box.height()
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
        painter.setPen(QPen(tokens.text, 1))
        for stroke in envelope(box, spark):
            painter.drawPolyline(stroke)
        painter.end()
        return made
