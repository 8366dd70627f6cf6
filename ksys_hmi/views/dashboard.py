"""The dashboard: every tag as a tile, by area, with a filter line and counts above."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from ksys_core.i18n import tr
from ksys_hmi.actions import Actions
from ksys_hmi.presenters.dashboard import DashboardPresenter, DashboardState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.faceplate import open_faceplate
from ksys_hmi.views.page import Page
from ksys_hmi.widgets.tile_grid import TileGrid


class DashboardPage(Page[DashboardState]):
    """Enter or a double click opens the tag's faceplate, T its trend."""

    def __init__(self, runtime: Runtime) -> None:
        presenter = DashboardPresenter(runtime)
        super().__init__(runtime, presenter)
        self._dashboard = presenter
        self._filter = QLineEdit()
        self._filter.setClearButtonEnabled(True)
        self._only_abnormal = QCheckBox()
        self._counts = QLabel()
        self._grid = TileGrid()
        self._hint = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self._lay_out()
        self._filter.textChanged.connect(self._apply_filter)
        self._only_abnormal.toggled.connect(self._apply_filter)
        self._grid.chosen.connect(self._open_faceplate)
        self.retranslate()
        self.render_state(presenter.state)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(8, 6, 8, 0)
        head.addWidget(self._filter, 1)
        head.addWidget(self._only_abnormal)
        head.addStretch(1)
        head.addWidget(self._counts)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self._grid)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll = scroll
        self._body = QStackedLayout()
        self._body.addWidget(scroll)
        self._body.addWidget(self._hint)
        holder = QWidget()
        holder.setLayout(self._body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(holder, 1)

    def open(self, **params: Any) -> None:
        """``area``: show only this area; ``tag``: select its tile."""
        if "area" in params:
            self._filter.setText(str(params["area"]))
        sensor = self.runtime.sensor(str(params["tag"])) if "tag" in params else None
        if sensor is not None:
            self._grid.select(sensor.sensor_id)
            self._grid.setFocus()

    def bind_actions(self, actions: Actions) -> None:
        actions.bind("dashboard.trend", self._trend_of_current, self)

    def retranslate(self) -> None:
        self._filter.setPlaceholderText(tr("Filter by tag, text, area or unit"))
        self._filter.setAccessibleName(tr("Filter"))
        self._only_abnormal.setText(tr("Abnormal only"))
        self._only_abnormal.setAccessibleName(tr("Abnormal only"))
        self._grid.setAccessibleName(tr("Tiles"))

    def render_state(self, state: DashboardState) -> None:
        self._grid.set_tiles(state.tiles)
        hint = self._hint_for(state)
        self._hint.setText(hint)
        self._body.setCurrentIndex(1 if hint else 0)
        parts = [
            tr("{n} tags", n=state.total),
            tr("{n} in alarm", n=state.in_alarm),
            tr("{n} stale or bad", n=state.not_good),
        ]
        if len(state.tiles) < state.total:
            parts.insert(0, tr("FILTERED {n} of {total}", n=len(state.tiles), total=state.total))
        self._counts.setText("   ".join(parts) if state.total else "")

    def _hint_for(self, state: DashboardState) -> str:
        if state.error:
            return state.error
        if state.loading:
            return tr("Loading …")
        if not state.total:
            return tr(
                "There are no tags yet. Import readings with “ksys import csv FILE --create”, or start a data source."
            )
        return "" if state.tiles else tr("No tag matches the filter.")

    def _apply_filter(self) -> None:
        self._dashboard.set_filter(self._filter.text().strip(), only_abnormal=self._only_abnormal.isChecked())

    def _trend_of_current(self) -> None:
        if self._grid.current is not None:
            self._open_trend(self._grid.current.sensor_id)

    def _open_faceplate(self, sensor_id: int) -> None:
        open_faceplate(self.runtime, sensor_id, self)

    def _open_trend(self, sensor_id: int) -> None:
        self.runtime.open_page("trend", tags=[self.runtime.sensors[sensor_id].tag])
