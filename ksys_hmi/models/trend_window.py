"""The stretch of time a trend shows, how keys and mouse move it, and its undo history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, TypeVar
from zoneinfo import ZoneInfo

from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND, to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_

RANGES: Final = (
    (15 * MINUTE, N_("15 min")),
    (HOUR, N_("1 h")),
    (8 * HOUR, N_("8 h")),
    (DAY, N_("24 h")),
    (7 * DAY, N_("7 d")),
    (30 * DAY, N_("30 d")),
)
STANDARD_SPAN: Final = 8 * HOUR
_SHORTEST: Final = SECOND
_LONGEST: Final = 20 * 366 * DAY
_FORMATS: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M")


@dataclass(frozen=True, slots=True)
class Window:
    """``[start, stop]`` in ns UTC."""

    start: int
    stop: int

    @property
    def span(self) -> int:
        return self.stop - self.start

    def moved(self, by: int) -> Window:
        return Window(self.start + by, self.stop + by)

    def zoomed(self, factor: float, anchor: int) -> Window:
        """`factor` times as long, with `anchor` staying where it is on the screen."""
        span = min(max(int(self.span * factor), _SHORTEST), _LONGEST)
        share = (anchor - self.start) / self.span
        start = anchor - int(span * share)
        return Window(start, start + span)

    def widened(self, share: float) -> Window:
        """With `share` of its length added on both sides."""
        more = int(self.span * share)
        return Window(self.start - more, self.stop + more)

    def contains(self, other: Window) -> bool:
        return self.start <= other.start and other.stop <= self.stop


def live_window(now: int, past: int, future_share: float) -> Window:
    """The window of a live trend: `past` ns up to `now`, and `future_share` of the whole width to its right."""
    return Window(now - past, now + int(past * future_share / (1.0 - future_share)))


T = TypeVar("T")


@dataclass(slots=True)
class History(Generic[T]):
    """Undo and redo over values; a new value forgets what was undone."""

    past: list[T] = field(default_factory=list)
    future: list[T] = field(default_factory=list)
    most: int = 100

    def push(self, before: T) -> None:
        """Remember `before`, the value that is about to be replaced."""
        if not self.past or self.past[-1] != before:
            self.past = [*self.past[-self.most + 1 :], before]
        self.future.clear()

    def undo(self, current: T) -> T:
        """The value before `current`; `current` itself when there is none."""
        if not self.past:
            return current
        self.future.append(current)
        return self.past.pop()

    def redo(self, current: T) -> T:
        """The value that was undone last; `current` itself when there is none."""
        if not self.future:
            return current
        self.past.append(current)
        return self.future.pop()


def parse_moment(text: str, zone: ZoneInfo) -> int:
    """Nanoseconds of a local time that a person typed (``2026-11-23 16:30``).

    Raises:
        KnownError: it is no date and time, or the clock skipped it when it changed.
    """
    for form in _FORMATS:
        try:
            local = datetime.strptime(text.strip(), form).replace(tzinfo=zone)
        except ValueError:
            continue
        ns = to_ns(local)
        back = datetime.fromtimestamp(ns // SECOND, zone)
        if back.replace(tzinfo=None) != local.replace(tzinfo=None):
            raise KnownError(
                "trend.skipped_time", N_("{entered} does not exist: the clock was put forward"), entered=text
            )
        return ns
    raise KnownError(
        "trend.not_a_time", N_("“{entered}” is no date and time; write it like 2026-11-23 16:30"), entered=text.strip()
    )


def entered_window(start: str, stop: str, zone: ZoneInfo) -> Window:
    """The window between two typed local times; KnownError when one is wrong or they are the wrong way round."""
    window = Window(parse_moment(start, zone), parse_moment(stop, zone))
    if window.span < _SHORTEST:
        raise KnownError("trend.wrong_order", N_("The start must be before the end"))
    if window.span > _LONGEST:
        raise KnownError("trend.too_long", N_("The range must be shorter than 20 years"))
    return window
