"""The Trend page: bar, plot, table, and the sheets over them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import tr
from ksys_hmi import fonts
from ksys_hmi.actions import Actions
from ksys_hmi.models.pen_table import PenTableModel
from ksys_hmi.plots.axes import zone_text
from ksys_hmi.plots.trend_canvas import TrendCanvas
from ksys_hmi.presenters.trend import TrendPresenter
from ksys_hmi.presenters.trend_export import TrendExport
from ksys_hmi.presenters.trend_updates import TrendState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.files import ExportStrip, ask_where
from ksys_hmi.views.page import Page
from ksys_hmi.views.trend_bar import TrendBar
from ksys_hmi.views.trend_picker import RangeEntry, TagPicker
from ksys_hmi.views.trend_sheets import ExportSheet, PenSetSheet
from ksys_hmi.views.trend_table import TrendTable

_CANVAS_KEYS: Final = frozenset(
    {
        "trend.live",
        "trend.left",
        "trend.right",
        "trend.cursor_left",
        "trend.cursor_right",
        "trend.zoom_in",
        "trend.zoom_out",
        "trend.standard",
    }
)
"""Keys that lists and buttons need themselves: they work while the plot has the focus."""


class TrendPage(Page[TrendState]):
    """Binds the presenter to canvas, bar and table."""

    presenter: TrendPresenter

    def __init__(self, runtime: Runtime) -> None:
        presenter = TrendPresenter(runtime)
        super().__init__(runtime, presenter)
        self.presenter = presenter
        self.canvas = TrendCanvas(presenter.state.scene)
        self.bar = TrendBar(self.handlers())
        self.model = PenTableModel()
        self.table = TrendTable(self.model)
        self.notice = QLabel()
        self.notice.setContentsMargins(fonts.px(10), 0, fonts.px(10), fonts.px(4))
        self.notice.hide()
        self.export = TrendExport(runtime, self)
        self.picker = TagPicker(self)
        self.range_entry = RangeEntry(self, presenter.enter)
        self.pen_sets = PenSetSheet(self, presenter)
        self.export_sheet = ExportSheet(self, self._choose_file)
        self._lay_out()
        self._connect()
        self.retranslate()
        presenter.add(presenter.pen_sets.tags())
        self.render_state(presenter.state)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.notice)
        column.addWidget(ExportStrip(self.export))
        column.addWidget(self.canvas, 1)
        column.addWidget(self.table)
        self.setFocusProxy(self.canvas)

    def _connect(self) -> None:
        presenter, canvas = self.presenter, self.canvas
        canvas.gesture_began.connect(presenter.begin_gesture)
        canvas.panned.connect(presenter.drag)
        canvas.zoomed.connect(presenter.zoom)
        canvas.axis_zoomed.connect(presenter.zoom_axis)
        canvas.cursor_moved.connect(presenter.follow)
        canvas.clicked.connect(presenter.click)
        canvas.tags_dropped.connect(presenter.add)
        canvas.width_changed.connect(presenter.set_pixels)
        self.bar.range_chosen.connect(presenter.set_past)
        self.table.pen_selected.connect(presenter.select)
        self.picker.chosen.connect(presenter.add)
        self.pen_sets.loaded.connect(presenter.open)

    def handlers(self) -> dict[str, Callable[[], object]]:
        presenter = self.presenter
        return {
            "trend.live": presenter.toggle_live,
            "trend.left": partial(presenter.pan, -1),
            "trend.right": partial(presenter.pan, 1),
            "trend.cursor_left": partial(self._step_cursor, -1),
            "trend.cursor_right": partial(self._step_cursor, 1),
            "trend.zoom_in": presenter.zoom_in,
            "trend.zoom_out": presenter.zoom_out,
            "trend.standard": presenter.standard,
            "trend.cursor": presenter.toggle_cursor,
            "trend.cursor2": presenter.toggle_second,
            "trend.autoscale": presenter.toggle_autoscale,
            "trend.stagger": presenter.toggle_lanes,
            "trend.forecast": presenter.toggle_forecast,
            "trend.undo": presenter.undo,
            "trend.redo": presenter.redo,
            "trend.add": self.pick_tags,
            "trend.remove": presenter.remove_selected,
            "trend.next_pen": presenter.select_next,
            "trend.retry": presenter.retry,
            "trend.range": self.enter_range,
            "trend.sets": self.show_pen_sets,
            "trend.export": self.ask_for_export,
        }

    def bind_actions(self, actions: Actions) -> None:
        for action_id, handler in self.handlers().items():
            actions.bind(action_id, handler, self.canvas if action_id in _CANVAS_KEYS else self)

    def open(self, **params: Any) -> None:
        """``tags``: show these instead; ``at`` (ns) and ``span_s``: around that instant, else live."""
        if params:
            self.presenter.open(**params)
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def retranslate(self) -> None:
        self.bar.retranslate()
        self.table.retranslate()
        self.canvas.setAccessibleName(tr("Trend"))

    def render_state(self, state: TrendState) -> None:
        self.canvas.show_scene(state.scene, state.cursors)
        self.bar.show_state(state)
        self.model.show_rows(state.rows)
        self.table.fit(state.scene.selected)
        self.notice.setText(f"▲ {state.notice}")
        self.notice.setVisible(bool(state.notice))

    def close_topmost(self) -> None:
        """Esc without a sheet: take the topmost cursor away."""
        self.presenter.close_topmost()

    def pick_tags(self) -> None:
        """Choose tags to add."""
        self.picker.pop_up_tags(self.runtime.sensors.values(), self.presenter.tags())

    def show_pen_sets(self) -> None:
        """Load, save or delete a set of pens."""
        self.pen_sets.pop_up()

    def enter_range(self) -> None:
        """Type start and end of the visible time."""
        scene = self.presenter.state.scene
        start, stop = (
            f"{to_datetime(ns).astimezone(scene.zone):%Y-%m-%d %H:%M}"
            for ns in (scene.view.window.start, scene.view.window.stop)
        )
        self.range_entry.pop_up_range(start, stop, zone_text(scene))

    def ask_for_export(self) -> None:
        """Choose what to export."""
        if self.presenter.state.scene.pens:
            self.export_sheet.pop_up()

    def _choose_file(self, drawn: bool) -> None:
        scene = self.presenter.state.scene
        name = self.export.proposed_name(scene, "drawn" if drawn else "raw")
        kinds = tr("CSV files (*.csv)")
        ask_where(self, tr("Export CSV"), name, kinds, lambda path: self._export_to(path, drawn))

    def _export_to(self, path: Path, drawn: bool) -> None:
        self.export.start(self.presenter.state.scene, path, drawn=drawn)

    def _step_cursor(self, steps: int) -> None:
        at = self.canvas.geometry_of_plot
        self.presenter.step_cursor(round(steps / at.px_per_ns))

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        self.presenter.save_pens()
