"""The line at the bottom: database, service, data, messages, both clocks, person, language and theme."""

from __future__ import annotations

from datetime import UTC

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QToolButton, QWidget

from ksys_core.domain.times import SECOND, to_datetime
from ksys_core.i18n import tr
from ksys_hmi import fonts
from ksys_hmi.actions import RIGHTS
from ksys_hmi.formats import format_age
from ksys_hmi.presenters.status import StatusState
from ksys_hmi.runtime import ConnectionState, Runtime

_MESSAGE_MS = 10_000
_OFFSET_WARN_NS = SECOND
_HEARTBEAT_OLD_NS = 30 * SECOND
_DATA_OLD_NS = 60 * SECOND


class StatusLine(QWidget):
    """Shows `StatusState` and the clocks; ticks once a second by itself."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__()
        self._runtime = runtime
        self._state = StatusState()
        self.database, self.service, self.data = QLabel(), QLabel(), QLabel()
        self.message, self.clock, self.person = QLabel(), QLabel(), QLabel()
        self.language, self.theme = QToolButton(), QToolButton()
        self.fill = QProgressBar()
        self.fill.setFixedWidth(fonts.px(170))
        self.fill.hide()
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(fonts.px(10), 0, fonts.px(4), 0)
        row.setSpacing(fonts.px(22))
        for widget in (self.database, self.service, self.data):
            row.addWidget(widget)
        row.addWidget(self.fill)
        row.addWidget(self.message, 1)
        row.addWidget(self.clock)
        row.addWidget(self.person)
        row.addWidget(self.language)
        row.addWidget(self.theme)
        self.setFixedHeight(fonts.px(40))
        self._message_end = QTimer(self)
        self._message_end.setSingleShot(True)
        self._message_end.timeout.connect(lambda: self.show_message(""))
        self._tick = QTimer(self)
        self._tick.timeout.connect(self.update_texts)
        self._tick.start(1000)
        runtime.events.connection_changed.connect(self._on_connection)
        self.update_texts()

    def show_state(self, state: StatusState) -> None:
        self._state = state
        self.update_texts()

    def show_message(self, text: str) -> None:
        """Show the outcome of what the person did, for 10 s."""
        self.message.setText(text)
        self.message.setToolTip(text)
        if text:
            self._message_end.start(_MESSAGE_MS)

    def _on_connection(self, _state: ConnectionState) -> None:
        self.update_texts()

    def update_texts(self) -> None:
        self.database.setText(self._database_text())
        self.service.setText(self._age_text(tr("Service"), self._state.heartbeat_ns, _HEARTBEAT_OLD_NS))
        self._show_fill()
        self.data.setText(self._age_text(tr("Data"), self._state.newest_reading_ns, _DATA_OLD_NS))
        self.clock.setText(self._clock_text())
        self.person.setText(self._person_text())
        for widget, name in (
            (self.database, tr("Database")),
            (self.service, tr("Service heartbeat")),
            (self.data, tr("Age of the newest reading")),
            (self.clock, tr("Plant time and UTC")),
            (self.person, tr("Person")),
            (self.message, tr("Message")),
        ):
            widget.setAccessibleName(f"{name}: {widget.text()}")

    def _show_fill(self) -> None:
        filled = self._state.filled
        self.fill.setVisible(filled is not None)
        self.fill.setFormat(tr("History") + " %p %")
        self.fill.setAccessibleName(tr("History"))
        self.fill.setValue(round(100 * (filled or 0.0)))

    def _database_text(self) -> str:
        connection = self._runtime.connection
        if connection.connected:
            return tr("Database ✓ connected")
        return tr("Database ✗ lost") if connection.ever else tr("Database … connecting")

    def _age_text(self, name: str, moment_ns: int | None, old_ns: int) -> str:
        if moment_ns is None:
            return f"{name} –"
        age = self._runtime.now_ns() - moment_ns
        mark = "✗ " if age > old_ns else ""
        return f"{name} {mark}{format_age(age / SECOND)}"

    def _clock_text(self) -> str:
        now = to_datetime(self._runtime.now_ns())
        plant = now.astimezone(self._runtime.zone)
        text = f"{plant:%Y-%m-%d  %H:%M:%S} {plant.tzname()}   {now.astimezone(UTC):%H:%M:%S} UTC"
        offset = self._state.clock_offset_ns
        if abs(offset) > _OFFSET_WARN_NS:
            text += "   " + tr("⚠ clock off by {seconds} s", seconds=f"{offset / SECOND:+.1f}")
        return text

    def _person_text(self) -> str:
        session = self._runtime.session
        highest = next((right for right in reversed(tuple(RIGHTS)) if right in session.rights), None)
        return f"{session.login} ({tr(RIGHTS[highest])})" if highest else session.login or "–"

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.update_texts()
