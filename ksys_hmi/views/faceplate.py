"""The faceplate of a tag: value, alarms with what to do about them, and its limits, which an engineer may change."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QKeySequence, QPalette, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ksys_core.areas import area_title
from ksys_core.domain.tags import LIMIT_KINDS, LimitKind, Sensor
from ksys_core.i18n import tr
from ksys_hmi import fonts, theme
from ksys_hmi.alarm_words import kind_word, state_word
from ksys_hmi.presenters.faceplate import FaceplatePresenter, FaceplateState
from ksys_hmi.runtime import Runtime
from ksys_hmi.views.open_what_if import open_what_if
from ksys_hmi.widgets.guidance import GuidancePane
from ksys_hmi.widgets.tile_grid import TileGrid

_WIDTH = 560
_MOST_OPEN = 4


class Faceplate(QDialog):
    """Stays open beside the page and follows its tag; Esc closes it, T shows the trend."""

    def __init__(self, runtime: Runtime, sensor: Sensor, parent: QWidget) -> None:
        super().__init__(parent)
        self.runtime = runtime
        self.presenter = FaceplatePresenter(runtime, sensor)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"{sensor.tag} - KSys")
        self.setMinimumWidth(fonts.px(_WIDTH))
        self._shown_saved = -1
        self._tile = TileGrid()
        self._tile.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._about = QLabel(f"{sensor.tag} · {area_title(sensor.area)} · {tr.pick(dict(sensor.description))}")
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setWordWrap(True)
        self._time = QLabel()
        self._guidance = GuidancePane()
        self._alarms = QLabel()
        self.expected = QLabel()
        self.fields: dict[LimitKind, QLineEdit] = {kind: QLineEdit() for kind in LIMIT_KINDS}
        self.reason = QLineEdit()
        self.save = QPushButton(tr("Put limits in force"))
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self._lay_out()
        self.presenter.changed.connect(self._show)
        self.save.clicked.connect(self._save)
        QShortcut(QKeySequence("T"), self, context=Qt.ShortcutContext.WindowShortcut).activated.connect(
            self._open_trend
        )

    def _lay_out(self) -> None:
        may = self.runtime.may("engineer")
        form = QFormLayout()
        for kind, field in self.fields.items():
            field.setAccessibleName(kind_word(kind))
            field.setReadOnly(not may)
            field.setAlignment(Qt.AlignmentFlag.AlignRight)
            form.addRow(f"{kind}  {kind_word(kind)}", field)
        self.reason.setAccessibleName(tr("Reason for the change"))
        form.addRow(tr("Reason for the change"), self.reason)
        box = QGroupBox(tr("Limits"))
        column = QVBoxLayout(box)
        column.addLayout(form)
        column.addWidget(self.problem)
        buttons = QHBoxLayout()
        trend = QPushButton(tr("Trend"))
        trend.clicked.connect(self._open_trend)
        trend.setAutoDefault(False)
        buttons.addWidget(trend)
        what_if = QPushButton(tr("What if …"))
        what_if.clicked.connect(lambda: open_what_if(self.runtime, self, self.presenter.state.sensor.tag))
        what_if.setAutoDefault(False)
        buttons.addWidget(what_if)
        buttons.addStretch(1)
        buttons.addWidget(self.save)
        form.setRowVisible(self.reason, may)
        self.save.setVisible(may)
        layout = QVBoxLayout(self)
        for widget in (self._about, self._tile, self._time, self.expected, self._alarms, self._guidance, box):
            layout.addWidget(widget)
        layout.addLayout(buttons)

    def _show(self, state: FaceplateState) -> None:
        if state.tile is not None:
            self._tile.set_tiles([state.tile])
        self._time.setText(state.time_text)
        palette = self.expected.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme.current().forecast)
        self.expected.setPalette(palette)
        self.expected.setText(state.expected)
        self.expected.setVisible(bool(state.expected))
        self._alarms.setText(", ".join(f"{row.kind}: {state_word(row.isa)}" for row in state.alarms))
        self._alarms.setVisible(bool(state.alarms))
        self._guidance.setVisible(bool(state.alarms))
        self._guidance.show_alarm(state.alarms[0] if state.alarms else None)
        self.problem.setText(state.problem or state.error)
        self.problem.setVisible(bool(self.problem.text()))
        if not state.loading and state.saved != self._shown_saved:
            self._shown_saved = state.saved
            self._fill(state.limits)

    def _fill(self, limits: Mapping[LimitKind, str]) -> None:
        for kind, field in self.fields.items():
            field.setText(limits.get(kind, ""))
        self.reason.clear()

    def _save(self) -> None:
        self.presenter.save_limits({kind: field.text() for kind, field in self.fields.items()}, self.reason.text())

    def _open_trend(self) -> None:
        self.runtime.open_page("trend", tags=[self.presenter.state.sensor.tag])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.presenter.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.presenter.stop()


def open_faceplate(runtime: Runtime, sensor_id: int, parent: QWidget) -> None:
    """Show a tag's faceplate beside `parent`, or bring it to the front; the oldest of too many is closed."""
    open_ones = parent.findChildren(Faceplate)
    for each in open_ones:
        if each.presenter.state.sensor.sensor_id == sensor_id:
            each.activateWindow()
            return
    if len(open_ones) >= _MOST_OPEN:
        open_ones[0].close()
    Faceplate(runtime, runtime.sensors[sensor_id], parent).show()
