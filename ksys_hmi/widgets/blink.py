"""The one 1 Hz blink of the screen: every unacknowledged mark is on and off in the same instant."""

from __future__ import annotations

from functools import cache
from weakref import WeakSet

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

_HALF_PERIOD_MS = 500


class Blink(QObject):
    """Half a second on, half a second off; the timer runs only while something blinks."""

    toggled = Signal(bool)

    def __init__(self, parent: QObject | None) -> None:
        super().__init__(parent)
        self.on = True
        self._users: WeakSet[QObject] = WeakSet()
        self._timer = QTimer(self)
        self._timer.setInterval(_HALF_PERIOD_MS)
        self._timer.timeout.connect(self._toggle)

    def need(self, user: QObject, needed: bool) -> None:
        """`user` has (no longer) something that blinks."""
        if needed:
            self._users.add(user)
        else:
            self._users.discard(user)
        if self._users and not self._timer.isActive():
            self._timer.start()
        elif not self._users:
            self._timer.stop()
            self.on = True

    def _toggle(self) -> None:
        self.on = not self.on
        self.toggled.emit(self.on)


@cache
def blink() -> Blink:
    """The application's blink."""
    return Blink(QCoreApplication.instance())
