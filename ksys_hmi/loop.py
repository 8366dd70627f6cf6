"""The HMI's event loop: asyncio on Qt with one timer and a heap of deadlines.

`qasync.QEventLoop` starts a Qt timer for each callback and leaves it behind when the callback is cancelled; asyncpg
makes and cancels one time-out a query. Here the whole loop owns one `QTimer`.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import Any

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from qasync import QEventLoop

_LONGEST_MS = 3_600_000
"""A timer of Qt can't wait longer than some weeks; a turn that comes early does no harm."""
_SWEEP_AT = 100
"""Cancelled deadlines in the heap before it is rebuilt without them."""


class HeapEventLoop(QEventLoop):  # type: ignore[misc]
    """`qasync.QEventLoop` whose callbacks and deadlines are served by one Qt timer, with asyncio's order of calls."""

    def __init__(self, app: QCoreApplication) -> None:
        self._soon: deque[asyncio.Handle] = deque()
        self._deadlines: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._sequence = itertools.count()
        self._cancelled_deadlines = 0
        self._armed_for = math.inf
        self._ended_by: BaseException | None = None
        self._qt_timer = QTimer(app)
        self._qt_timer.setSingleShot(True)
        self._qt_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._qt_timer.timeout.connect(self._turn)
        super().__init__(app)
        self.set_default_executor(ThreadPoolExecutor(max_workers=8, thread_name_prefix="ksys"))

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self._add_callback(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + max(0.0, delay), callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        self._check_closed()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        handle._scheduled = True  # type: ignore[attr-defined]  # so that cancel() reports to _timer_handle_cancelled
        heapq.heappush(self._deadlines, (when, next(self._sequence), handle))
        self._arm()
        return handle

    def time(self) -> float:
        return time.monotonic()

    def run_forever(self) -> Any:
        """Serve events until `stop`; what ends a program (KeyboardInterrupt, SystemExit) comes out of here."""
        result = super().run_forever()
        ended_by, self._ended_by = self._ended_by, None
        if ended_by is not None:
            raise ended_by
        return result

    def close(self) -> None:
        self._qt_timer.stop()
        self._soon.clear()
        self._deadlines.clear()
        super().close()

    def _add_callback(self, handle: asyncio.Handle) -> None:
        self._soon.append(handle)
        self._arm()

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self._cancelled_deadlines += 1
        if self._cancelled_deadlines > _SWEEP_AT and self._cancelled_deadlines * 2 > len(self._deadlines):
            self._deadlines = [entry for entry in self._deadlines if not entry[2].cancelled()]
            heapq.heapify(self._deadlines)
            self._cancelled_deadlines = 0

    def _arm(self) -> None:
        """Let the timer fire at once when something is ready, else at the first deadline."""
        when = -math.inf if self._soon else self._first_deadline()
        if when == self._armed_for:
            return
        self._armed_for = when
        if when == math.inf:
            self._qt_timer.stop()
        else:
            # A deadline is never met early: part of a millisecond counts as a whole one.
            wait = 0 if self._soon else max(0, math.ceil((when - self.time()) * 1000))
            self._qt_timer.start(min(wait, _LONGEST_MS))

    def _first_deadline(self) -> float:
        while self._deadlines and self._deadlines[0][2].cancelled():
            heapq.heappop(self._deadlines)
            self._cancelled_deadlines -= 1
        return self._deadlines[0][0] if self._deadlines else math.inf

    def _turn(self) -> None:
        """Run what is ready now; what these calls add waits for the next turn, so that Qt's events come between.

        A task that lets Qt serve events has not ended its step: asyncio would refuse to begin another's, which would
        then never run. All wait for it.
        """
        if asyncio.current_task(self) is not None:
            self._armed_for = math.inf
            return
        now = self.time()
        while self._first_deadline() <= now:
            due = heapq.heappop(self._deadlines)[2]
            due._scheduled = False  # type: ignore[attr-defined]
            self._soon.append(due)
        batch, self._soon = self._soon, deque()
        self._armed_for = math.inf
        try:
            while batch:
                handle = batch.popleft()
                if not handle.cancelled():
                    handle._run()
        except (KeyboardInterrupt, SystemExit) as error:  # Qt would swallow it, and the loop lose its timer
            self._ended_by = error
            self._soon.extendleft(reversed(batch))
            self.stop()
        self._arm()
