"""Where everything of a trend lies on the canvas, and how time and values become pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QFontMetrics

from ksys_hmi.models.trend_axes import MOST_AXES, Axis, value_ticks
from ksys_hmi.models.trend_state import Scene
from ksys_hmi.plots.columns import Mapping

RIBBON: Final = 6
"""Height of one pen's quality ribbon."""
_LANE_GAP: Final = 8


@dataclass(frozen=True, slots=True)
class AxisPlace:
    """A painted axis: its labels lie in `area`, its scale runs from `area.bottom()` up to `area.top()`."""

    axis: Axis
    area: QRect


@dataclass(frozen=True, slots=True)
class Geometry:
    """The canvas cut into plot, axes, labels and ribbons for one scene."""

    scene: Scene
    plot: QRect
    places: tuple[AxisPlace, ...]
    line: int
    """Height of a line of text."""

    @property
    def px_per_ns(self) -> float:
        return self.plot.width() / self.scene.view.window.span

    def x(self, t: int) -> float:
        """Pixel of instant `t` (ns)."""
        return (t - self.scene.view.window.start) * self.px_per_ns + self.plot.left()

    def time(self, x: float) -> int:
        """Instant (ns) under pixel `x`."""
        return self.scene.view.window.start + int((x - self.plot.left()) / self.px_per_ns)

    def band(self, slot: int) -> QRect:
        """The part of the plot in which a pen is drawn: its lane, or the whole plot."""
        if not self.scene.view.lanes:
            return self.plot
        count = len(self.scene.pens)
        place = next(i for i, pen in enumerate(self.scene.pens) if pen.slot == slot)
        height = (self.plot.height() - _LANE_GAP * (count - 1)) / count
        top = self.plot.top() + place * (height + _LANE_GAP)
        return QRect(self.plot.left(), round(top), self.plot.width(), round(height))

    def mapping(self, slot: int) -> Mapping:
        """Time and value of a pen to pixels."""
        axis, band = self.scene.axis_of(slot), self.band(slot)
        return Mapping(
            t0=self.scene.view.window.start,
            px_per_ns=self.px_per_ns,
            left=float(self.plot.left()),
            low=axis.low,
            px_per_unit=(band.height() - 1) / (axis.high - axis.low),
            bottom=float(band.bottom()),
        )

    def value(self, axis: Axis, y: int) -> float:
        """Value on `axis` at pixel `y`."""
        mapping = self.mapping(axis.slots[0])
        return axis.low + (mapping.bottom - y) / mapping.px_per_unit

    def axis_at(self, x: int, y: int) -> Axis | None:
        """The painted axis under a point."""
        return next((place.axis for place in self.places if place.area.contains(x, y)), None)


def layout(scene: Scene, size: QSize, metrics: QFontMetrics) -> Geometry:
    """Cut a canvas of `size` for `scene`; text sizes come from `metrics`."""
    line = metrics.height()
    shown = _shown_axes(scene)
    widths = [_axis_width(axis, metrics) for axis in shown]
    left = (max(widths, default=0) if scene.view.lanes else sum(widths)) + 10
    labels = max((metrics.horizontalAdvance(f"{pen.sensor.tag} REPLAY") for pen in scene.pens), default=0)
    right = min(labels + 42, size.width() // 4) if scene.pens else 10
    top = line * 2 + 10
    bottom = line * 2 + 12 + len(scene.pens) * RIBBON
    plot = QRect(left, top, max(size.width() - left - right, 50), max(size.height() - top - bottom, 50))
    bare = Geometry(scene, plot, (), line)
    return Geometry(scene, plot, tuple(_places(bare, shown, widths)), line)


def _shown_axes(scene: Scene) -> list[Axis]:
    """All lanes; else the first axes, always with that of the selected pen."""
    axes = list(scene.axes)
    if scene.view.lanes or len(axes) <= MOST_AXES:
        return axes
    chosen = next((axis for axis in axes if scene.selected in axis.slots), axes[0])
    shown = axes[:MOST_AXES]
    return shown if chosen in shown else [*shown[:-1], chosen]


def _axis_width(axis: Axis, metrics: QFontMetrics) -> int:
    texts = [text for _, text in value_ticks(axis.low, axis.high, 8)]
    widest = max((metrics.horizontalAdvance(text) for text in [*texts, axis.unit]), default=0)
    return int(widest) + 22


def _places(bare: Geometry, shown: list[Axis], widths: list[int]) -> list[AxisPlace]:
    places, right = [], bare.plot.left()
    for axis, width in zip(shown, widths, strict=True):
        band = bare.band(axis.slots[0])
        places.append(AxisPlace(axis, QRect(right - width, band.top(), width, band.height())))
        right -= 0 if bare.scene.view.lanes else width
    return places
