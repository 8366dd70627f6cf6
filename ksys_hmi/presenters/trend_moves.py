"""What keys and mouse do to a trend's view, as pure functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ksys_hmi.models.trend_axes import Axis
from ksys_hmi.models.trend_state import Cursors, Scene, View
from ksys_hmi.models.trend_window import STANDARD_SPAN, Window

_SHORTEST_LIVE: Final = 10_000_000_000


def paused(view: View) -> View:
    """The same stretch of time, which no longer follows the clock."""
    return replace(view, live=False)


def panned(view: View, by: int) -> View:
    """Moved by `by` ns; a live trend stops following the clock."""
    return replace(paused(view), window=view.window.moved(by))


def zoomed(view: View, factor: float, anchor: int) -> View:
    """`factor` times as long about `anchor` (ns); a live trend stays live and changes how far back it looks."""
    if view.live:
        past = min(max(int(view.past * factor), _SHORTEST_LIVE), 20 * 366 * 86_400_000_000_000)
        return replace(view, past=past)
    return replace(view, window=view.window.zoomed(factor, anchor))


def looking_back(view: View, past: int, now: int) -> View:
    """`past` ns long: up to now when live, else with the same end (or now, when that is visible)."""
    if view.live:
        return replace(view, past=past)
    stop = now if view.window.start < now < view.window.stop else view.window.stop
    return replace(view, window=Window(stop - past, stop), past=past)


def live_again(view: View, now: int) -> View:
    """Following the clock again, looking as far back as the paused window is long."""
    window = view.window
    seen = now - window.start if window.start < now <= window.stop else window.span
    return replace(view, live=True, past=max(seen, _SHORTEST_LIVE))


def standard(view: View) -> View:
    """The view that Home comes back to."""
    return View(view.window, live=True, past=STANDARD_SPAN)


def autoscale_toggled(view: View, axes: tuple[Axis, ...]) -> View:
    """Axes held as they are; or, when any is held, all free again."""
    if view.autoscale and not view.fixed:
        return replace(view, autoscale=False)
    return replace(view, autoscale=True, fixed=())


def axis_zoomed(view: View, axis: Axis, factor: float, anchor: float) -> View:
    """One axis stretched by hand about the value `anchor`, and held there."""
    low, high = anchor - (anchor - axis.low) * factor, anchor + (axis.high - anchor) * factor
    held = replace(axis, low=low, high=high, fixed=True)
    return replace(view, fixed=(*(one for one in view.fixed if one.slots != axis.slots), held))


def cursor_toggled(cursors: Cursors, scene: Scene) -> Cursors:
    """First cursor on (following the mouse), or all off."""
    if cursors.first is not None:
        return Cursors()
    window = scene.view.window
    return Cursors(first=min((window.start + window.stop) // 2, scene.now_ns), following=1)


def second_toggled(cursors: Cursors, scene: Scene) -> Cursors:
    """Second cursor on beside the first, or off."""
    if cursors.second is not None:
        return replace(cursors, second=None, following=0)
    first = cursors.first if cursors.first is not None else cursor_toggled(Cursors(), scene).first
    assert first is not None
    return Cursors(first, first - scene.view.window.span // 10, following=2)


def cursor_at(cursors: Cursors, t: int) -> Cursors:
    """The cursor that follows the mouse (or the one placed last) at `t`."""
    if cursors.second is not None and cursors.following != 1:
        return replace(cursors, second=t)
    return replace(cursors, first=t) if cursors.first is not None else cursors


def one_closed(cursors: Cursors) -> Cursors:
    """Without the topmost cursor."""
    return replace(cursors, second=None, following=0) if cursors.second is not None else Cursors()
