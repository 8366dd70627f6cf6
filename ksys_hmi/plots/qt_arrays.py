"""NumPy arrays to Qt primitives without a Python loop over points."""

from __future__ import annotations

from typing import cast

import numpy as np
import shiboken6
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath

from ksys_hmi.plots.columns import Bools, Floats


def draw_columns(painter: QPainter, x: Floats, top: Floats, bottom: Floats, colour: QColor) -> None:
    """Vertical ink, one pixel wide, from `top` to `bottom` (pixels, downwards) at each `x`.

    Whole-number rectangles take the raster engine's solid fill: half the time of lines of the same ink.
    """
    count = len(x)
    if not count:
        return
    corners = np.empty((count, 4), np.int32)  # QRect keeps left, top, right, bottom as 32-bit integers
    corners[:, 0] = corners[:, 2] = np.floor(x)
    corners[:, 1] = np.round(top)
    corners[:, 3] = np.maximum(np.round(bottom) - 1, corners[:, 1])
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRects(shiboken6.wrapInstance(corners.ctypes.data, QRect), count)  # type: ignore[call-overload]


def path_of(x: Floats, y: Floats, connect: Bools) -> QPainterPath:
    """A path through the points, broken where `connect` is False."""
    return cast(QPainterPath, arrayToQPath(x, y, connect=connect, finiteCheck=False))
