"""Asks for a trend's rows: debounced, superseded by newer wishes, with a soft and a hard time limit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.i18n import tr
from ksys_core.services.trends import PenRows, load_window
from ksys_hmi.models.trend_window import Window
from ksys_hmi.runtime import Runtime

DEBOUNCE_MS: Final = 150
SOFT_S: Final = 5.0
HARD_S: Final = 30.0
_MARGIN: Final = 0.25
"""Share of the window that is loaded beyond each edge, so that a pan has something to show at once."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Rows of these tags around `window` for a plot `pixels` wide."""

    ids: frozenset[int]
    window: Window
    pixels: int


@dataclass(frozen=True, slots=True)
class Answer:
    """How a wish went."""

    wish: Wish
    outcome: Literal["rows", "slow", "failed", "lost"]
    covered: Window
    rows: dict[int, PenRows]
    message: str = ""


class TrendLoader(QObject):
    """Carries out the newest wish only. `answered` comes once with rows or a failure, and before it when it is slow."""

    answered = Signal(object)

    def __init__(self, runtime: Runtime, parent: QObject) -> None:
        super().__init__(parent)
        self._runtime = runtime
        self._wish: Wish | None = None
        self._task: asyncio.Task[None] | None = None
        self._debounce = QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.timeout.connect(self._start)
        self._soft = QTimer(self)
        self._soft.setSingleShot(True)
        self._soft.timeout.connect(self._on_slow)

    @property
    def busy(self) -> bool:
        """Whether a wish waits or runs."""
        return self._debounce.isActive() or self.running

    @property
    def running(self) -> bool:
        """Whether a query is under way."""
        return self._task is not None and not self._task.done()

    def ask(self, wish: Wish, *, delay_ms: int = DEBOUNCE_MS) -> None:
        """Replace whatever is waiting or running. Tags that the old wish had not got yet stay wished for."""
        if self.busy and self._wish is not None:
            wish = Wish(wish.ids | self._wish.ids, wish.window, wish.pixels)
        self._wish = wish
        self._cancel()
        self._debounce.start(delay_ms)

    def stop(self) -> None:
        """Forget the wish."""
        self._debounce.stop()
        self._cancel()

    def _cancel(self) -> None:
        self._soft.stop()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _start(self) -> None:
        if self._wish is not None:
            self._task = self._runtime.spawn(self._load(self._wish), "trend")

    async def _load(self, wish: Wish) -> None:
        covered = _covered(wish.window, self._runtime.now_ns())
        self._soft.start(round(SOFT_S * 1000))
        try:
            async with asyncio.timeout(HARD_S):
                rows = await load_window(
                    self._runtime.db,
                    sensor_ids=sorted(wish.ids),
                    start_ns=covered.start,
                    stop_ns=covered.stop,
                    pixels=round(wish.pixels * covered.span / wish.window.span),
                )
            self._answer(Answer(wish, "rows", covered, rows))
        except TimeoutError:
            self._answer(Answer(wish, "failed", covered, {}, tr("no answer within {n} s", n=round(HARD_S))))
        except DatabaseDownError as error:
            self._answer(Answer(wish, "lost", covered, {}, str(error)))
        except KnownError as error:
            self._answer(Answer(wish, "failed", covered, {}, str(error)))

    def _on_slow(self) -> None:
        if self._wish is not None:
            self.answered.emit(Answer(self._wish, "slow", self._wish.window, {}))

    def _answer(self, answer: Answer) -> None:
        self._soft.stop()
        self._task = None
        self._wish = None
        self.answered.emit(answer)


def _covered(window: Window, now: int) -> Window:
    """`window` with a margin, but not into the future (with a minute for clocks that are ahead)."""
    wide = window.widened(_MARGIN)
    return Window(wide.start, max(min(wide.stop, now + MINUTE), wide.start + SECOND))
