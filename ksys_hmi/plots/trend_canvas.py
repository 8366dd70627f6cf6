"""The canvas of a trend: one custom-painted widget for curves, axes, forecast and cursors.

Painted by hand and not as a scene of plot items: all pens, axes and lanes share one time transform, a frame has a
fixed cost, and the curves stay in a picture while a cursor moves over them.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from ksys_hmi import fonts, theme
from ksys_hmi.models.tag_list import TAGS_MIME, tags_of
from ksys_hmi.models.trend_state import Cursors, Scene
from ksys_hmi.plots.axes import paint_grid, paint_time_axis, paint_value_axes
from ksys_hmi.plots.curves import nearest_pen, paint_curves, paint_names
from ksys_hmi.plots.excursions import paint_excursions
from ksys_hmi.plots.future import paint_forecasts, paint_legends, paint_limit_labels, paint_limits, paint_now
from ksys_hmi.plots.geometry import Geometry, layout
from ksys_hmi.plots.overlay import paint_cursors, paint_notices
from ksys_hmi.plots.quality import paint_gaps, paint_ribbons

_CLICK_PX: Final = 4


class TrendCanvas(QWidget):
    """Paints a `Scene` and tells what the mouse wants; keys are the page's."""

    panned = Signal(object)
    """ns (more than an int of Qt holds) to move the window by, while dragging."""
    gesture_began = Signal()
    """A drag begins: the view before it is what undo comes back to."""
    zoomed = Signal(float, object)
    """(factor, instant that stays in place, ns)"""
    axis_zoomed = Signal(object, float, float)
    """(axis, factor, value that stays in place)"""
    cursor_moved = Signal(object)
    """ns under the mouse while a cursor follows it."""
    clicked = Signal(object, object)
    """(ns, slot of the pen under the mouse or None)"""
    tags_dropped = Signal(object)
    """List of tag names."""
    width_changed = Signal(int)
    """Pixels of the plot, for the resolution of queries."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene
        self._cursors = Cursors()
        self._pixmap = QPixmap()
        self._picture: QPixmap | None = None
        self._geometry: Geometry | None = None
        self._pressed: QPoint | None = None
        self._dragged = False
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 200)

    @property
    def geometry_of_plot(self) -> Geometry:
        """Where everything lies now."""
        if self._geometry is None:
            self._geometry = layout(self._scene, self.size(), QFontMetrics(fonts.label()))
        return self._geometry

    def show_scene(self, scene: Scene, cursors: Cursors) -> None:
        """Paint `scene`; the picture of the curves is kept while only the cursors differ."""
        if scene != self._scene:
            before = self.geometry_of_plot.plot.width()
            self._scene = scene
            self._forget()
            if self.geometry_of_plot.plot.width() != before:
                self.width_changed.emit(self.geometry_of_plot.plot.width())
        self._cursors = cursors
        self.update()

    def _forget(self) -> None:
        self._picture = self._geometry = None
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(1200, 600)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._forget()
        self.width_changed.emit(self.geometry_of_plot.plot.width())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.LanguageChange):
            self._forget()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture is None:
            self._picture = self._painted()
        painter = QPainter(self)
        painter.setFont(fonts.label())
        painter.drawPixmap(0, 0, self._picture)
        paint_cursors(painter, self.geometry_of_plot, self._cursors, theme.current())
        if self.hasFocus():
            painter.setPen(theme.current().focus)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _painted(self) -> QPixmap:
        """Everything but the cursors."""
        picture = self._blank_picture()
        colours, at = theme.current(), self.geometry_of_plot
        picture.fill(colours.canvas)
        painter = QPainter(picture)
        painter.setFont(fonts.label())
        for paint in (
            paint_grid,
            paint_gaps,
            paint_forecasts,
            paint_limits,
            paint_excursions,
            paint_curves,
            paint_now,
            paint_limit_labels,
            paint_legends,
            paint_value_axes,
            paint_time_axis,
            paint_ribbons,
            paint_names,
            paint_notices,
        ):
            paint(painter, at, colours)
        painter.end()
        return picture

    def _blank_picture(self) -> QPixmap:
        """The pixmap of the last painting, or a new one: fresh memory costs more than painting over old."""
        ratio = self.devicePixelRatioF()
        size = QSize(round(self.width() * ratio), round(self.height() * ratio))
        if self._pixmap.size() != size:
            self._pixmap = QPixmap(size)
        self._pixmap.setDevicePixelRatio(ratio)
        return self._pixmap

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()
            self._dragged = False
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, place = self.geometry_of_plot, event.position().toPoint()
        if self._pressed is None:
            if at.plot.left() <= place.x() <= at.plot.right():
                self.cursor_moved.emit(at.time(place.x()))
            return
        by = place.x() - self._pressed.x()
        if not self._dragged and abs(by) >= _CLICK_PX:
            self._dragged = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.gesture_began.emit()
        if self._dragged and by:
            self._pressed = place
            self.panned.emit(-round(by / at.px_per_ns))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and not self._dragged:
            place = event.position().toPoint()
            at = self.geometry_of_plot
            self.clicked.emit(at.time(place.x()), nearest_pen(at, place.x(), place.y()))
        self._pressed = None
        self._dragged = False
        self.unsetCursor()

    def wheelEvent(self, event: QWheelEvent) -> None:
        at, place = self.geometry_of_plot, event.position().toPoint()
        turns = event.angleDelta().y() / 120.0
        if not turns:
            return
        factor = 0.8**turns
        axis = at.axis_at(place.x(), place.y())
        if axis is not None:
            self.axis_zoomed.emit(axis, factor, at.value(axis, place.y()))
        else:
            self.zoomed.emit(factor, at.time(place.x()))
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(TAGS_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.tags_dropped.emit(tags_of(event.mimeData()))
        event.acceptProposedAction()
