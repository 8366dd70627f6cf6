"""Measures how long the GUI's loop stands still, and writes down what it was doing when that is too long."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer

_log = logging.getLogger("ksys.hmi.watchdog")

BEAT_MS: Final = 20
DUMP_AFTER_S: Final = 0.25
NOTE_AFTER_S: Final = 0.05
_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Stalls:
    """Longest stall of the loop in seconds: since the start-up ended, in the last minute, during the start-up.

    `computing_s` is the part of the first in which this program computed: in the rest the machine ran others.
    """

    since_start_s: float
    computing_s: float
    last_minute_s: float
    start_up_s: float
    dumps: int


class Watchdog(QObject):
    """A timer in the loop that should fire every 20 ms, and a thread that sees when it doesn't."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._beat = time.monotonic()
        self._computed = time.thread_time()
        self._worst = 0.0
        self._worst_computing = 0.0
        self._start_up: float | None = None
        self._recent: deque[tuple[float, float]] = deque()
        self._dumps = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._on_beat)
        self._gui_thread = threading.get_ident()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="ksys-watchdog", daemon=True)

    def start(self) -> None:
        self._beat = time.monotonic()
        self._timer.start()
        self._thread.start()

    def stop(self) -> None:
        self._timer.stop()
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def start_up_over(self) -> None:
        """From now on a stall counts."""
        if self._start_up is None:
            self._start_up = self._worst
            self._worst = self._worst_computing = 0.0
            self._beat = time.monotonic()
            self._recent.clear()

    def stalls(self) -> Stalls:
        """The figures up to now."""
        self._forget(time.monotonic())
        return Stalls(
            since_start_s=self._worst if self._start_up is not None else 0.0,
            computing_s=self._worst_computing if self._start_up is not None else 0.0,
            last_minute_s=max((stall for _, stall in self._recent), default=0.0),
            start_up_s=self._worst if self._start_up is None else self._start_up,
            dumps=self._dumps,
        )

    def _on_beat(self) -> None:
        now = time.monotonic()
        stall = max(0.0, now - self._beat - BEAT_MS / 1000)
        computing = time.thread_time() - self._computed
        self._beat, self._computed = now, self._computed + computing
        if stall > NOTE_AFTER_S:
            _log.debug("stood still for %.0f ms, %.0f ms of it computing", stall * 1000, computing * 1000)
        if stall > self._worst:
            self._worst, self._worst_computing = stall, computing
        while self._recent and self._recent[-1][1] <= stall:
            self._recent.pop()
        self._recent.append((now, stall))
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] < now - _MINUTE_S:
            self._recent.popleft()

    def _watch(self) -> None:
        dumped_beat = 0.0
        while not self._stop.wait(DUMP_AFTER_S / 5):
            beat = self._beat
            if time.monotonic() - beat > DUMP_AFTER_S and beat != dumped_beat:
                dumped_beat = beat
                self._dumps += 1
                frame = sys._current_frames().get(self._gui_thread)
                stack = "".join(traceback.format_stack(frame)) if frame else ""
                _log.warning("the GUI has stood still for %.0f ms\n%s", DUMP_AFTER_S * 1000, stack)


def catch_crashes() -> None:
    """Let a crash of native code leave the Python stacks on standard error."""
    faulthandler.enable()
