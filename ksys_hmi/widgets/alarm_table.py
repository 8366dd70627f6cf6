"""The table of an alarm list: it stands still under the pointer and where somebody has scrolled to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent

from ksys_core.domain.alarms.rows import AlarmRow
from ksys_hmi.models.alarm_book import DeskModel, DeskRow, Heading
from ksys_hmi.widgets.row_table import RowTable

LONGEST_PAUSE_MS: Final = 30_000
"""The pointer holds the list up for no longer; then it has to move again."""
_LOOK_MS: Final = 60
_LEAST_PX: Final = 52
_MOST_PX: Final = 200


class AlarmTable(RowTable[DeskRow]):
    """Says when its rows must not move (`hold_wanted`) and which alarms are in sight (`sight_changed`)."""

    hold_wanted = Signal(bool)
    sight_changed = Signal()
    area_toggled = Signal(str)
    """A heading was pressed: open or fold its area."""

    def __init__(self, model: DeskModel, stretch: int) -> None:
        super().__init__(model, stretch, least_px=_LEAST_PX, most_px=_MOST_PX)
        self.paint_rows: Callable[[QPainter, QRect], None] = lambda _painter, _dirty: None
        """Paints the rows within a part of the viewport."""
        self._hovered = False
        self._wanted = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(LONGEST_PAUSE_MS)
        self._pause.timeout.connect(self._on_pause_over)
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self.sight_changed)
        self.viewport().setMouseTracking(True)
        self.verticalScrollBar().valueChanged.connect(self._on_scroll)
        for signal in (model.rowsInserted, model.rowsRemoved, model.layoutChanged):
            signal.connect(self._look_soon)
        self.clicked.connect(lambda _index: self._toggle_heading())

    @property
    def current_alarm(self) -> AlarmRow | None:
        row = self.current
        return row if isinstance(row, AlarmRow) else None

    def selected_alarms(self) -> list[AlarmRow]:
        return [row for row in self.selected_rows() if isinstance(row, AlarmRow)]

    def visible_alarms(self) -> list[AlarmRow]:
        """Those that can be seen whole."""
        return [row for row in self.visible_rows() if isinstance(row, AlarmRow)]

    def sight(self) -> list[AlarmRow]:
        """Those of which any part can be seen."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        if first < 0:
            return []
        rows = self.model().rows[first : last + 1 if last >= 0 else None]
        return [row for row in rows if isinstance(row, AlarmRow)]

    def show_top(self) -> None:
        """Go to the first row and let the list move again."""
        self._hovered = False
        self._pause.stop()
        self.scrollToTop()
        self._judge()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        self.paint_rows(painter, event.rect())
        painter.end()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._begin_pause()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._begin_pause()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._pause.stop()
        self._on_pause_over()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._look_soon()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._toggle_heading():
            return
        super().keyPressEvent(event)

    def _toggle_heading(self) -> bool:
        row = self.current
        if isinstance(row, Heading):
            self.area_toggled.emit(row.area)
            return True
        return False

    def _begin_pause(self) -> None:
        if not self._hovered:
            self._hovered = True
            self._pause.start()
            self._judge()

    def _on_pause_over(self) -> None:
        self._hovered = False
        self._judge()

    def _on_scroll(self, _value: int) -> None:
        self._look_soon()
        self._judge()

    def _judge(self) -> None:
        wanted = self._hovered or self.verticalScrollBar().value() > 0
        if wanted != self._wanted:
            self._wanted = wanted
            self.hold_wanted.emit(wanted)

    def _look_soon(self, *_args: object) -> None:
        if not self._look.isActive():
            self._look.start()
