"""Paints one dashboard tile: name and alarm, value with unit and age, analog bar, sparkline with forecast."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QPolygonF

from ksys_hmi import fonts
from ksys_hmi.presenters.tiles import LimitTick, Spark, TileState
from ksys_hmi.theme import Theme
from ksys_hmi.widgets.alarm_symbol import paint_symbol
from ksys_hmi.widgets.hatch import BAD_ALPHA, STALE_ALPHA, paint_hatch

TILE_WIDTH: Final = 200
TILE_HEIGHT: Final = 104
_MARGIN: Final = 8
_SYMBOL: Final = 22
_ALIGN_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_ALIGN_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class TilePainter:
    """Keeps fonts and pens of one theme for the painting of many tiles."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._label = fonts.label()
        self._value = fonts.key_value()
        self._label_metrics = QFontMetricsF(self._label)
        self._value_metrics = QFontMetricsF(self._value)
        self._outline = QPen(theme.grid, 1)
        self._spark_pen = QPen(theme.text2, 1)
        self._forecast_pen = QPen(theme.forecast, 1, Qt.PenStyle.DashLine)
        self._limit_pen = QPen(theme.normal_band, 1)
        self._kept: dict[tuple[float, float], tuple[Spark, QRectF, list[list[QPointF]]]] = {}

    def paint(self, painter: QPainter, rect: QRect, tile: TileState, *, blink_on: bool, selected: bool) -> None:
        """Paint `tile` into `rect` (at least `TILE_WIDTH` × `TILE_HEIGHT` reference pixels)."""
        painter.fillRect(rect, self._theme.panel)
        painter.setPen(self._outline)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect.adjusted(0, 0, -1, -1))
        inner = QRectF(rect).adjusted(_MARGIN, 5, -_MARGIN, -6)
        row = fonts.px(20)
        self._name_row(painter, QRectF(inner.left(), inner.top(), inner.width(), row), tile, blink_on)
        value_row = QRectF(inner.left(), inner.top() + row, inner.width(), fonts.px(32))
        self._value_row(painter, value_row, tile)
        bar = QRectF(inner.left(), value_row.bottom() + fonts.px(4), inner.width(), fonts.px(10))
        self._bar(painter, bar, tile)
        self._spark_row(
            painter, QRectF(inner.left(), bar.bottom() + 4, inner.width(), inner.bottom() - bar.bottom() - 4), tile
        )
        if tile.condition in ("stale", "bad", "none"):
            paint_hatch(painter, rect, STALE_ALPHA if tile.condition == "stale" else BAD_ALPHA)
        if selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.focus, 2))
            painter.drawRect(rect.adjusted(2, 2, -3, -3))

    def _name_row(self, painter: QPainter, row: QRectF, tile: TileState, blink_on: bool) -> None:
        slot = fonts.px(_SYMBOL)
        painter.setFont(self._label)
        painter.setPen(self._theme.text2)
        room = row.adjusted(0, 0, -slot - 4, 0)
        painter.drawText(room, _ALIGN_LEFT, self._name(tile, room.width()))
        if tile.alarm is not None:
            place = QRectF(row.right() - slot + 2, row.top(), slot, slot)
            paint_symbol(painter, place, tile.alarm.priority, tile.alarm.state, self._theme, blink_on=blink_on)

    def _name(self, tile: TileState, width: float) -> str:
        """The description where it fits, else the tag: cut-off descriptions look alike."""
        if self._label_metrics.horizontalAdvance(tile.title) <= width:
            return tile.title
        return self._label_metrics.elidedText(tile.tag, Qt.TextElideMode.ElideMiddle, width)

    def _value_row(self, painter: QPainter, row: QRectF, tile: TileState) -> None:
        theme = self._theme
        painter.setFont(self._value)
        live = tile.condition in ("good", "uncertain")
        painter.setPen(theme.value if live else theme.text2)
        painter.drawText(row, _ALIGN_LEFT, tile.value_text)
        width = self._value_metrics.horizontalAdvance(tile.value_text)
        if tile.condition == "uncertain":
            painter.setPen(QPen(theme.text2, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(row.left(), row.bottom() - 1), QPointF(row.left() + width, row.bottom() - 1))
        painter.setFont(self._label)
        painter.setPen(theme.text2)
        note = tile.note_text
        note_width = self._label_metrics.horizontalAdvance(note)
        rest = row.adjusted(width + 5, 3, 0, 0)
        painter.drawText(rest, _ALIGN_RIGHT, note)
        unit = self._label_metrics.elidedText(tile.unit, Qt.TextElideMode.ElideRight, rest.width() - note_width - 4)
        painter.drawText(rest, _ALIGN_LEFT, unit)

    def _bar(self, painter: QPainter, bar: QRectF, tile: TileState) -> None:
        theme = self._theme
        painter.fillRect(bar, theme.control)
        if tile.band is not None:
            low, high = tile.band
            painter.fillRect(
                QRectF(bar.left() + low * bar.width(), bar.top(), (high - low) * bar.width(), bar.height()),
                theme.normal_band,
            )
        for tick in tile.ticks:
            self._tick(painter, bar, tick, tile)
        painter.setPen(QPen(theme.border, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
        if tile.pointer is not None:
            x = bar.left() + tile.pointer * bar.width()
            painter.setBrush(theme.text)
            painter.setPen(Qt.PenStyle.NoPen)
            half = fonts.px(5)
            tip = QPointF(x, bar.center().y() + 1)
            painter.drawPolygon(QPolygonF([tip, QPointF(x - half, bar.top() - 4), QPointF(x + half, bar.top() - 4)]))

    def _tick(self, painter: QPainter, bar: QRectF, tick: LimitTick, tile: TileState) -> None:
        x = bar.left() + tick.at * bar.width()
        if tick.broken:
            upper = tick.kind in ("H", "HH")
            part = (
                QRectF(QPointF(x, bar.top()), bar.bottomRight())
                if upper
                else QRectF(bar.topLeft(), QPointF(x, bar.bottom()))
            )
            fill = self._theme.border if tile.alarm is None else self._theme.priorities[tile.alarm.priority].fill
            painter.fillRect(part, fill)
        painter.setPen(QPen(self._theme.text, 2 if tick.kind in ("HH", "LL") else 1))
        painter.drawLine(QPointF(x, bar.top()), QPointF(x, bar.bottom()))

    def _spark_row(self, painter: QPainter, row: QRectF, tile: TileState) -> None:
        text = ("≈ " if tile.forecast_is_fallback else "→ ") + tile.forecast_text if tile.forecast_text else ""
        width = self._label_metrics.horizontalAdvance(text)
        if text:
            painter.setFont(self._label)
            painter.setPen(self._theme.forecast)
            painter.drawText(row, _ALIGN_RIGHT, text)
        if tile.spark is not None:
            self._spark(painter, row.adjusted(0, 0, -width - 6 if text else 0, 0), tile.spark)

    def _spark(self, painter: QPainter, box: QRectF, spark: Spark) -> None:
        painter.setPen(self._limit_pen)
        for limit in spark.limits:
            y = box.bottom() - limit * box.height()
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
        painter.setPen(self._spark_pen)
        for stroke in self._strokes(box, spark):
            painter.drawPolyline(stroke)
        if len(spark.forecast_x) > 1:
            painter.setPen(self._forecast_pen)
            xs = box.left() + spark.forecast_x * box.width()
            ys = box.bottom() - spark.forecast_y * box.height()
            painter.drawPolyline([QPointF(float(x), float(y)) for x, y in zip(xs, ys, strict=True)])

    def _strokes(self, box: QRectF, spark: Spark) -> list[list[QPointF]]:
        """The strokes of a sparkline, kept until its data or its place change."""
        key = (box.left(), box.top())
        kept = self._kept.get(key)
        if kept is None or kept[0] is not spark or kept[1] != box:
            kept = (spark, QRectF(box), envelope(box, spark))
            self._kept[key] = kept
        return kept[2]


def envelope(box: QRectF, spark: Spark) -> list[list[QPointF]]:
    """For each stretch without a gap the line that goes up and down between low and high of bucket after bucket."""
    keep = np.isfinite(spark.low)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], keep, [False]]).astype(np.int8)))
    points = np.empty((len(spark.x), 2, 2))
    points[:, :, 0] = (box.left() + spark.x * box.width())[:, None]
    points[:, 0, 1] = box.bottom() - spark.low * box.height()
    points[:, 1, 1] = box.bottom() - spark.high * box.height()
    points[1::2] = points[1::2, ::-1]
    return [
        [QPointF(x, y) for x, y in points[start:stop].reshape(-1, 2).tolist()]
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
    ]
