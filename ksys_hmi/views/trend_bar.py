"""The bar over the trend: live or paused, ranges, what is switched on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ksys_core.i18n import N_, tr
from ksys_hmi import fonts
from ksys_hmi.actions import ACTIONS
from ksys_hmi.models.trend_window import RANGES
from ksys_hmi.presenters.trend_updates import TrendState

_BUTTONS: Final = (
    ("trend.live", N_("Live")),
    ("trend.range", N_("Range…")),
    ("trend.cursor", N_("Cursor")),
    ("trend.cursor2", N_("2nd cursor")),
    ("trend.autoscale", N_("Autoscale")),
    ("trend.stagger", N_("Lanes")),
    ("trend.forecast", N_("Forecast")),
    ("trend.undo", N_("Undo")),
    ("trend.redo", N_("Redo")),
    ("trend.add", N_("Add tags")),
    ("trend.sets", N_("Pen sets")),
    ("trend.export", N_("Export")),
)
_CHECKABLE: Final = frozenset(
    {"trend.live", "trend.cursor", "trend.cursor2", "trend.autoscale", "trend.stagger", "trend.forecast"}
)
_RANGES_AFTER: Final = "trend.live"


class TrendBar(QWidget):
    """Buttons for the page's actions; the state tells which are down."""

    range_chosen = Signal(object)
    """ns"""

    def __init__(self, handlers: dict[str, Callable[[], object]]) -> None:
        super().__init__()
        self._shortcuts = {spec.id: spec for spec in ACTIONS}
        self.buttons: dict[str, QPushButton] = {}
        self.ranges: dict[int, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(fonts.px(8), fonts.px(6), fonts.px(8), fonts.px(6))
        row.setSpacing(fonts.px(4))
        for action_id, _ in _BUTTONS:
            button = self._button(action_id in _CHECKABLE)
            button.clicked.connect(lambda _checked=False, run=handlers[action_id]: run())
            self.buttons[action_id] = button
            row.addWidget(button)
            if action_id == _RANGES_AFTER:
                self._add_ranges(row)
        row.addStretch(1)
        self.retranslate()

    def _add_ranges(self, row: QHBoxLayout) -> None:
        for span, _ in RANGES:
            button = self._button(True)
            button.clicked.connect(lambda _checked=False, span=span: self.range_chosen.emit(span))
            self.ranges[span] = button
            row.addWidget(button)

    @staticmethod
    def _button(checkable: bool) -> QPushButton:
        button = QPushButton()
        button.setCheckable(checkable)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the plot
        return button

    def retranslate(self) -> None:
        """Texts and tooltips with keys in the current language."""
        for action_id, text in _BUTTONS:
            spec = self._shortcuts[action_id]
            self.buttons[action_id].setText(tr(text))
            self.buttons[action_id].setToolTip(f"{tr(spec.text)} ({spec.shortcut})" if spec.shortcut else tr(spec.text))
        for span, text in RANGES:
            self.ranges[span].setText(tr(text))

    def show_state(self, state: TrendState) -> None:
        """Which buttons are down."""
        view, cursors = state.scene.view, state.cursors
        down = {
            "trend.live": view.live,
            "trend.cursor": cursors.first is not None,
            "trend.cursor2": cursors.second is not None,
            "trend.autoscale": view.autoscale and not view.fixed,
            "trend.stagger": view.lanes,
            "trend.forecast": view.show_forecast,
        }
        for action_id, checked in down.items():
            self.buttons[action_id].setChecked(checked)
        self.buttons["trend.live"].setText(_live_text(state))
        past = view.past if view.live else view.window.span
        for span, button in self.ranges.items():
            button.setChecked(span == past)


def _live_text(state: TrendState) -> str:
    if state.stale_since is not None:
        return "■ " + tr("Frozen")
    return "● " + tr("Live") if state.scene.view.live else "❚❚ " + tr("Paused")
