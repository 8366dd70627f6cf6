"""Painting of a trend: 8 pens of two buckets a pixel on 1,920 pixels, and a move of the cursor over them.

``python -m tests.benchmarks.trend_paint [--json] [--rounds N]``

References: for the repaint, pyqtgraph painting the same extremes as 8 curves (down-sampled by peaks, clipped, width 1)
on one plot without names, limits or forecasts; for the cursor with its table, pyqtgraph moving a line over that plot.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pyqtgraph
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from ksys_hmi import style, theme
from ksys_hmi.models.pen_table import PenTableModel
from ksys_hmi.models.trend_rows import rows_of
from ksys_hmi.models.trend_state import Cursors, Scene
from ksys_hmi.plots.trend_canvas import TrendCanvas
from ksys_hmi.views.trend_table import TrendTable
from tests.benchmarks.report import line, parser
from tests.trend_scenes import full_scene

PENS, PIXELS, HEIGHT = 8, 1920, 900


def medians(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each, taken in turn so that all see the same machine."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 2):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            took[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(times[2:]) for name, times in took.items()}


def library_plot(scene: Scene) -> tuple[Any, QWidget]:
    """The same extremes as curves of pyqtgraph with its fastest settings: the plot and the widget that paints."""
    plot: Any = pyqtgraph.PlotWidget()
    plot.setDownsampling(auto=True, mode="peak")
    plot.setClipToView(True)
    for pen in scene.pens:
        assert pen.series is not None
        t = np.repeat(pen.series.t / 1e9, 2)
        v = np.stack([pen.series.min, pen.series.max], axis=1).ravel()
        curve = plot.plot(t, v, pen=pyqtgraph.mkPen(theme.current().pen(pen.slot)[0], width=1))
        curve.opts["autoDownsampleFactor"] = 1
    plot.resize(PIXELS, HEIGHT)
    plot.show()
    viewport: QWidget = plot.viewport()
    return plot, viewport


def measure(rounds: int, *, as_json: bool) -> None:
    scene = full_scene(PENS, PIXELS)
    canvas, table = TrendCanvas(scene), TrendTable(model := PenTableModel())
    canvas.resize(PIXELS, HEIGHT)
    table.resize(PIXELS, 260)
    for widget in (canvas, table):
        widget.show()
    plot, library = library_plot(scene)
    mark = pyqtgraph.InfiniteLine(0.0)
    plot.addItem(mark)
    screen = QPixmap(PIXELS, HEIGHT)
    turn = iter(range(10**9))

    def repaint() -> None:
        canvas.show_scene(replace(scene, now_ns=scene.now_ns + next(turn)), Cursors())
        canvas.render(screen)

    def move() -> None:
        window = scene.view.window
        first = window.start + window.span // 3 + next(turn) * 10**9
        cursors = Cursors(first, window.start + window.span // 8)
        model.show_rows(rows_of(scene, cursors))
        canvas.show_scene(canvas.geometry_of_plot.scene, cursors)
        canvas.render(screen)
        table.render(screen)

    def library_move() -> None:
        mark.setPos(scene.view.window.start / 1e9 + next(turn))
        library.render(screen)

    works: dict[str, Callable[[], object]] = {
        "repaint": repaint,
        "library": lambda: library.render(screen),
        "move": move,
        "mark": library_move,
    }
    found = medians(works, rounds)
    shared = {"pens": PENS, "pixels": PIXELS}
    line("trend repaint", found["repaint"], "ms", found["library"], as_json=as_json, **shared, buckets_a_pixel=2)
    line("trend cursor move", found["move"], "ms", found["mark"], as_json=as_json, **shared, cursors=2)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=20)
    given = options.parse_args()
    app = QApplication([])
    style.apply(app, "day")
    measure(given.rounds, as_json=given.json)


if __name__ == "__main__":
    main()
