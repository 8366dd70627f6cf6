"""The dashboard's tiles as one custom-painted control: sections by area, one selected tile, everything by keyboard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget

from ksys_core.areas import area_title
from ksys_core.i18n import tr
from ksys_hmi import fonts, theme
from ksys_hmi.presenters.tiles import TileState
from ksys_hmi.widgets.alarm_symbol import blinks
from ksys_hmi.widgets.blink import blink
from ksys_hmi.widgets.tile_painter import TILE_HEIGHT, TILE_WIDTH, TilePainter

_GAP: Final = 5
_HEADING: Final = 30


@dataclass(frozen=True, slots=True)
class _Heading:
    text: str
    rect: QRect


class TileGrid(QWidget):
    """Paints `TileState`s; only tiles whose state changed are painted again."""

    chosen = Signal(int)
    """A tile was activated (Enter or double click); its sensor id."""
    selected = Signal(int)
    """Another tile was selected; its sensor id."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Tiles"))
        self._tiles: tuple[TileState, ...] = ()
        self._rects: list[QRect] = []
        self._headings: list[_Heading] = []
        self._current = -1
        self._painter = TilePainter(theme.current())
        blink().toggled.connect(self._on_blink)

    @property
    def tiles(self) -> tuple[TileState, ...]:
        return self._tiles

    @property
    def current(self) -> TileState | None:
        """The selected tile."""
        return self._tiles[self._current] if 0 <= self._current < len(self._tiles) else None

    def set_tiles(self, tiles: Sequence[TileState]) -> None:
        """Show `tiles`, ordered by area. The selection stays with its tag."""
        old, kept = self._tiles, self.current
        self._tiles = tuple(tiles)
        if [(t.sensor_id, t.area) for t in old] != [(t.sensor_id, t.area) for t in self._tiles]:
            self._lay_out()
            self._select_sensor(kept.sensor_id if kept else None)
            self.update()
        else:
            for rect, before, after in zip(self._rects, old, self._tiles, strict=True):
                if before is not after:
                    self.update(rect)
        blink().need(self, any(t.alarm is not None and blinks(t.alarm.priority, t.alarm.state) for t in self._tiles))

    def tile_rect(self, sensor_id: int) -> QRect:
        """Where the tile of a sensor lies; an empty rectangle when it is not shown."""
        return next((r for r, t in zip(self._rects, self._tiles, strict=True) if t.sensor_id == sensor_id), QRect())

    def select(self, sensor_id: int) -> None:
        """Select the tile of a sensor."""
        self._select_sensor(sensor_id)

    def _select_sensor(self, sensor_id: int | None) -> None:
        index = next((i for i, t in enumerate(self._tiles) if t.sensor_id == sensor_id), 0 if self._tiles else -1)
        self._set_current(index)

    def _set_current(self, index: int) -> None:
        if index == self._current or not 0 <= index < len(self._tiles):
            return
        for each in (self._current, index):
            if 0 <= each < len(self._rects):
                self.update(self._rects[each])
        self._current = index
        self.setAccessibleDescription(self._tiles[index].spoken)
        self.selected.emit(self._tiles[index].sensor_id)

    def _lay_out(self) -> None:
        """Sections side by side where they fit into the row, each under its heading."""
        gap, height, heading = fonts.px(_GAP), fonts.px(TILE_HEIGHT), fonts.px(_HEADING)
        room = max(self.width() - gap, 1)
        columns = max(room // (fonts.px(TILE_WIDTH) + gap), 1)
        pitch = room // columns
        self._rects, self._headings = [], []
        top, bottom, taken = 0, 0, 0
        for area, members in groupby(self._tiles, key=lambda tile: tile.area):
            count = len(list(members))
            if taken and taken + count > columns:
                top, taken = bottom, 0
            width = min(count, columns)
            self._headings.append(
                _Heading(
                    area_title(area) or tr("Without an area"),
                    QRect(gap + taken * pitch, top, width * pitch - gap, heading),
                )
            )
            for i in range(count):
                row, column = divmod(i, columns)
                left = gap + (taken + column) * pitch
                self._rects.append(QRect(left, top + heading + row * (height + gap), pitch - gap, height))
            bottom = max(bottom, top + heading + -(-count // columns) * (height + gap))
            taken += width
        self.setMinimumHeight(bottom)

    def sizeHint(self) -> QSize:
        return QSize(4 * fonts.px(TILE_WIDTH), self.minimumHeight())

    def _on_blink(self, _on: bool) -> None:
        if not self.isVisible():
            return
        for rect, tile in zip(self._rects, self._tiles, strict=True):
            if tile.alarm is not None and blinks(tile.alarm.priority, tile.alarm.state):
                self.update(rect)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        region = event.region()
        painter.fillRect(event.rect(), theme.current().canvas)
        painter.setFont(fonts.label(bold=True))
        painter.setPen(theme.current().text)
        for heading in self._headings:
            if region.intersects(heading.rect):
                painter.drawText(heading.rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, heading.text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        for index, rect in self._visible(event):
            tile = self._tiles[index]
            selected = index == self._current and self.hasFocus()
            self._painter.paint(painter, rect, tile, blink_on=blink().on, selected=selected)
        painter.end()

    def _visible(self, event: QPaintEvent) -> Iterator[tuple[int, QRect]]:
        region = event.region()
        return ((i, rect) for i, rect in enumerate(self._rects) if region.intersects(rect))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._lay_out()
            self.update()
        elif event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._painter = TilePainter(theme.current())
            self._lay_out()
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._set_current(self._index_at(event.position().toPoint()))
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._index_at(event.position().toPoint()) == self._current and self.current is not None:
            self.chosen.emit(self.current.sensor_id)

    def _index_at(self, point: QPoint) -> int:
        return next((i for i, rect in enumerate(self._rects) if rect.contains(point)), -1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Home: -len(self._tiles),
            Qt.Key.Key_End: len(self._tiles),
        }
        key = Qt.Key(event.key())
        if key in steps:
            self._set_current(min(max(self._current + steps[key], 0), len(self._tiles) - 1))
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._set_current(self._vertical(down=key == Qt.Key.Key_Down))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current is not None:
            self.chosen.emit(self.current.sensor_id)
        else:
            super().keyPressEvent(event)

    def _vertical(self, *, down: bool) -> int:
        """The tile nearest above or below, over section borders."""
        if self._current < 0:
            return 0
        here = self._rects[self._current]
        beyond = [
            (abs(rect.top() - here.top()), abs(rect.left() - here.left()), i)
            for i, rect in enumerate(self._rects)
            if (rect.top() > here.top() if down else rect.top() < here.top())
        ]
        return min(beyond)[2] if beyond else self._current

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self._index_at(event.pos())
            QToolTip.showText(event.globalPos(), self._tiles[index].spoken if index >= 0 else "", self)
            return True
        return super().event(event)
