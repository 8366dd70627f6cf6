"""Changes of a trend's pens as pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from ksys_core.domain.forecasts import ForecastBand
from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import MINUTE
from ksys_core.domain.trend import Newest, TrendSeries, joined, trimmed
from ksys_core.services.trends import PenRows
from ksys_hmi.models.trend_state import HARD_PENS, Pen, PenStatus
from ksys_hmi.models.trend_window import Window

Pens = tuple[Pen, ...]


def added(pens: Pens, sensors: Iterable[Sensor]) -> tuple[Pens, list[Sensor]]:
    """With a pen on the lowest free slot for each of `sensors` that has none; and those for which there is no room."""
    shown = {pen.sensor.sensor_id for pen in pens}
    new = {sensor.sensor_id: sensor for sensor in sensors if sensor.sensor_id not in shown}
    taken = {pen.slot for pen in pens}
    free = [slot for slot in range(HARD_PENS) if slot not in taken]
    fit = list(new.values())[: len(free)]
    made = tuple(Pen(sensor, slot) for sensor, slot in zip(fit, free, strict=False))
    return (*pens, *made), list(new.values())[len(free) :]


def asking(pens: Pens, window: Window, ids: frozenset[int]) -> Pens:
    """While rows of `ids` for `window` are on their way: pens that do not cover it say so."""

    def status(pen: Pen) -> PenStatus:
        if pen.series is None:
            return "loading"
        return pen.status if pen.covered is not None and pen.covered.contains(window) else "partial"

    return tuple(replace(pen, status=status(pen), message="") if pen.sensor.sensor_id in ids else pen for pen in pens)


def marked(pens: Pens, ids: frozenset[int], status: PenStatus, message: str = "") -> Pens:
    """With the state chip of `ids` set."""
    return tuple(replace(pen, status=status, message=message) if pen.sensor.sensor_id in ids else pen for pen in pens)


def filled(pens: Pens, rows: Mapping[int, PenRows], covered: Window, window: Window) -> Pens:
    """With the rows that arrived for `covered`; `window` is what is visible."""

    def fill(pen: Pen) -> Pen:
        new = rows.get(pen.sensor.sensor_id)
        if new is None:
            return pen
        status: PenStatus = "ok" if has_values(new.series, window) else "empty"
        return replace(pen, series=new.series, limits=new.limits, covered=covered, status=status, message="")

    return tuple(fill(pen) for pen in pens)


def has_values(series: TrendSeries, window: Window) -> bool:
    """Whether there is anything to draw in `window`."""
    return bool(np.isfinite(series.between(window.start, window.stop).mean).any())


def tail_start(pens: Pens, now: int) -> int | None:
    """From when on rows may be new: a little before the newest row, on a bucket boundary; None: load everything."""
    newest = [pen.last_t for pen in pens if pen.last_t is not None and pen.series is not None]
    if not newest:
        return None
    step = max(pen.series.step_ns for pen in pens if pen.series is not None)
    since = min(max(newest), now) - max(step, MINUTE)
    return since // step * step if step else since


def extended(pens: Pens, tails: Mapping[int, TrendSeries], asked: Mapping[int, TrendSeries], window: Window) -> Pens:
    """With newer rows joined on, and rows that left `window` dropped.

    A pen whose rows are no longer those that were `asked` to be continued is left alone.
    """

    def extend(pen: Pen) -> Pen:
        tail, head = tails.get(pen.sensor.sensor_id), pen.series
        if tail is None or head is None or not len(tail) or asked.get(pen.sensor.sensor_id) is not head:
            return pen
        series = trimmed(joined(head, tail), window.start - window.span // 4)
        covered = None if pen.covered is None else Window(pen.covered.start, max(pen.covered.stop, window.stop))
        status: PenStatus = "ok" if pen.status == "empty" and has_values(series, window) else pen.status
        return replace(pen, series=series, covered=covered, status=status)

    return tuple(extend(pen) for pen in pens)


def with_forecasts(pens: Pens, bands: Mapping[int, ForecastBand]) -> Pens:
    """With each pen's newest forecast, or none."""
    return tuple(replace(pen, forecast=bands.get(pen.sensor.sensor_id)) for pen in pens)


def with_newest(pens: Pens, newest: Mapping[int, Newest]) -> Pens:
    """With each tag's newest reading."""
    return tuple(replace(pen, newest=newest.get(pen.sensor.sensor_id)) for pen in pens)


def aged(pens: Pens, now: int, renewed_every_ns: int) -> Pens:
    """With forecasts marked that have missed three renewals."""

    def mark(pen: Pen) -> Pen:
        if pen.forecast is None:
            return pen
        stale = pen.forecast.age_ns(now) > 3 * max(renewed_every_ns, pen.forecast.interval_ns)
        return pen if stale == pen.forecast_stale else replace(pen, forecast_stale=stale)

    return tuple(mark(pen) for pen in pens)


def refreshed(pens: Pens, sensors: Mapping[int, Sensor]) -> Pens:
    """With the present records of the tags; pens of tags that are gone are dropped."""
    return tuple(replace(pen, sensor=sensors[pen.sensor.sensor_id]) for pen in pens if pen.sensor.sensor_id in sensors)
