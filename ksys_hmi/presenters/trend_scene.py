"""From pens and view to the scene that the canvas paints: axes, window, badge."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.i18n import tr
from ksys_hmi.models.trend_axes import Axis, Extent, axes_of, grouped
from ksys_hmi.models.trend_state import Pen, Scene, View
from ksys_hmi.models.trend_window import Window, live_window

_MARGIN: Final = 0.02
"""Empty share of the width to the right of now."""
_MOST_FUTURE: Final = 0.35
_FAN_ROOM: Final = 2.0
"""A 95 % band may stretch an axis to at most this many times what the readings need."""


def slid(view: View, pens: tuple[Pen, ...], now: int) -> View:
    """A live view with its window moved to `now`; the axis goes into the future when there is a forecast."""
    if not view.live:
        return view
    ends = [int(pen.forecast.t[-1]) for pen in pens if pen.forecast is not None and len(pen.forecast.t)]
    ahead = max((end - now for end in ends), default=0) if view.show_forecast else 0
    share = min(ahead / (view.past + ahead), _MOST_FUTURE) if ahead > 0 else 0.0
    return replace(view, window=live_window(now, view.past, max(share, _MARGIN)))


def scene_of(
    pens: tuple[Pen, ...], view: View, before: Scene, *, now: int, selected: int | None, frozen_since: int | None
) -> Scene:
    """The scene; axes keep the range they had `before` while it fits."""
    extents = [extent_of(pen, view) for pen in pens]
    groups = [(extent,) for extent in extents] if view.lanes else grouped(extents)
    kept: dict[tuple[int, ...], Axis] = {axis.slots: axis for axis in (*before.axes, *view.fixed)}
    loosened = {slots: axis if axis in view.fixed else replace(axis, fixed=False) for slots, axis in kept.items()}
    return Scene(
        pens=pens,
        view=view,
        axes=axes_of(groups, loosened, autoscale=view.autoscale),
        selected=selected,
        now_ns=now,
        zone=before.zone,
        badge=badge_of(pens, view.window),
        frozen_since=frozen_since,
    )


def extent_of(pen: Pen, view: View) -> Extent:
    """Smallest and largest value that the pen shows in the window; NaN without any."""
    low, high = np.nan, np.nan
    if pen.series is not None:
        rows = pen.series.between(view.window.start, view.window.stop)
        low, high = _least(rows.min), _most(rows.max)
    if view.show_forecast and pen.forecast is not None:
        low, high = _with_forecast(pen, view.window, low, high)
    if np.isnan(low) and pen.sensor.span_low is not None and pen.sensor.span_high is not None:
        low, high = pen.sensor.span_low, pen.sensor.span_high
    return Extent(pen.slot, pen.sensor.unit, float(low), float(high), pen.sensor.decimals)


def _with_forecast(pen: Pen, window: Window, low: float, high: float) -> tuple[float, float]:
    band = pen.forecast
    assert band is not None
    seen = (band.t >= window.start) & (band.t <= window.stop)
    low, high = float(np.fmin(low, _least(band.lo80[seen]))), float(np.fmax(high, _most(band.hi80[seen])))
    room = (high - low) * (_FAN_ROOM - 1) / 2
    low95, high95 = _least(band.lo95[seen]), _most(band.hi95[seen])
    return float(np.fmin(low, np.maximum(low95, low - room))), float(np.fmax(high, np.minimum(high95, high + room)))


def _least(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.fmin.reduce(values, initial=np.nan))


def _most(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.fmax.reduce(values, initial=np.nan))


def badge_of(pens: tuple[Pen, ...], window: Window) -> str:
    """How far the drawn rows are from the readings: of the coarsest pen."""
    drawn = [pen.series for pen in pens if pen.series is not None and len(pen.series)]
    if not drawn:
        return ""
    coarsest = max(drawn, key=lambda series: series.step_ns)
    if not coarsest.step_ns:
        return tr("raw readings")
    counts = coarsest.between(window.start, window.stop).n
    counts = counts[counts > 0]
    ratio = math.ceil(float(counts.mean())) if len(counts) else 1
    return tr("decimated 1:{n}, level {level}, minimum and maximum kept", n=max(ratio, 1), level=coarsest.level)


def blank(now: int, zone: ZoneInfo, view: View) -> Scene:
    """A trend without pens."""
    return Scene(pens=(), view=view, axes=(), selected=None, now_ns=now, zone=zone)
