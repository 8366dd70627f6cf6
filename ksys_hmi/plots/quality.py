"""Paints what is wrong with the data: gaps as hatched stretches, BAD and UNCERTAIN on a ribbon a pen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

from ksys_core.domain.quality import BAD, CODE_NAMES, GOOD, UNCERTAIN
from ksys_core.domain.times import SECOND
from ksys_core.i18n import tr
from ksys_hmi.models.trend_state import Pen
from ksys_hmi.plots.columns import Bools, runs
from ksys_hmi.plots.curves import visible
from ksys_hmi.plots.geometry import RIBBON, Geometry
from ksys_hmi.theme import Theme

Trouble = Literal["gap", "bad", "uncertain"]
_OVERDUE: Final = 3
"""The data are late when the newest row is older than this many intervals (or buckets)."""
_BRUSHES: Final[dict[Trouble, Qt.BrushStyle]] = {
    "gap": Qt.BrushStyle.BDiagPattern,
    "bad": Qt.BrushStyle.SolidPattern,
    "uncertain": Qt.BrushStyle.Dense5Pattern,
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to `stop` (ns) there is `trouble`; `code` is the worst quality in it."""

    start: int
    stop: int
    trouble: Trouble
    code: int = 0


def stretches(pen: Pen, at: Geometry) -> list[Stretch]:
    """What is wrong with the pen in the window, in time order within each kind."""
    series = visible(pen, at)
    if series is None or not len(series):
        return []
    step = series.step_ns
    late = _overdue(pen, at, int(series.t[-1]) + step)
    if series.quality.min() >= GOOD:
        return late
    begins, ends = series.t.copy(), np.append(series.t[1:], series.t[-1] + max(step, 1))
    empty = ~np.isfinite(series.mean)
    silent = empty & (series.n == 0) & (series.quality == BAD)
    begins[1:][silent[1:]] = series.t[:-1][silent[1:]] + step  # silence begins at the end of the row before
    usable = series.quality >= UNCERTAIN
    kinds: tuple[tuple[Trouble, Bools], ...] = (
        ("gap", silent),
        ("bad", ~silent & ~usable),
        ("uncertain", ~silent & usable & (series.quality < GOOD)),
    )
    found = [
        Stretch(int(begins[i]), int(ends[j - 1]), kind, int(series.quality[i:j].min()))
        for kind, flags in kinds
        for i, j in runs(flags)
    ]
    return [*found, *late]


def _overdue(pen: Pen, at: Geometry, end: int) -> list[Stretch]:
    """The stretch from the newest row to now, when it is longer than the tag's interval explains."""
    if pen.series is None or pen.covered is None or end < int(pen.series.t[-1]):
        return []
    interval = max(pen.series.step_ns, int((pen.sensor.interval_s or 60.0) * SECOND))
    until = min(at.scene.now_ns, pen.covered.stop)
    return [Stretch(end, until, "gap")] if until - end > _OVERDUE * interval else []


def paint_gaps(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """Hatch and reason over stretches without data: of the selected pen, or of each pen in its lane."""
    for pen in at.scene.pens:
        if at.scene.view.lanes or pen.slot == at.scene.selected:
            band = at.band(pen.slot)
            for stretch in stretches(pen, at):
                if stretch.trouble != "uncertain":
                    _paint_gap(painter, at, band, stretch, theme)


def _paint_gap(painter: QPainter, at: Geometry, band: QRect, stretch: Stretch, theme: Theme) -> None:
    left, right = max(at.x(stretch.start), band.left()), min(at.x(stretch.stop), band.right() + 1)
    if right - left < 2:
        return
    box = QRectF(left, band.top(), right - left, band.height())
    colour = QColor(theme.text2)
    colour.setAlphaF(0.25)
    painter.fillRect(box, QBrush(colour, Qt.BrushStyle.BDiagPattern))
    reason = tr("no data") if stretch.trouble == "gap" else CODE_NAMES.get(stretch.code, "BAD")
    if painter.fontMetrics().horizontalAdvance(reason) + 8 < right - left:
        painter.setPen(theme.text2)
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, reason)


def paint_ribbons(painter: QPainter, at: Geometry, theme: Theme) -> None:
    """A thin row a pen under the plot: hatched where there is no data, solid where BAD, dotted where UNCERTAIN."""
    painter.setPen(Qt.PenStyle.NoPen)
    for place, pen in enumerate(at.scene.pens):
        top = at.plot.bottom() + 2 + place * RIBBON
        row = QRect(at.plot.left(), top, at.plot.width(), RIBBON - 1)
        painter.fillRect(row.adjusted(0, RIBBON // 2, 0, -RIBBON // 2 + 1), theme.grid)
        for stretch in stretches(pen, at):
            left, right = at.x(stretch.start), at.x(stretch.stop)
            box = QRect(round(left), top, max(round(right - left), 2), RIBBON - 1).intersected(row)
            painter.fillRect(box, QBrush(theme.text2, _BRUSHES[stretch.trouble]))
