"""Synthetic trends for tests and benchmarks of the plot."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.domain.forecasts import ForecastBand
from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import HOUR, MINUTE, SECOND
from ksys_core.domain.trend import LimitStep, TrendSeries
from ksys_hmi.models.trend_axes import Extent, axes_of, grouped
from ksys_hmi.models.trend_state import Pen, Scene, View
from ksys_hmi.models.trend_window import Window, live_window

SEOUL = ZoneInfo("Asia/Seoul")
NOW = 1_795_420_800 * SECOND
"""2026-11-23 08:00 UTC"""
_UNITS = ("m³/h", "bar", "µS/cm", "°C")


def buckets(
    start: int, stop: int, count: int, *, seed: int = 0, level: float = 50.0, noise: float = 2.0
) -> TrendSeries:
    """`count` buckets of a noisy swing about `level`."""
    rng = np.random.default_rng(seed)
    step = (stop - start) // count
    t = start + step * np.arange(count)
    mean = level * (1 + 0.1 * np.sin(t / (3.7 * HOUR) + seed))
    spread = rng.uniform(0.2, 1.0, count) * noise
    first, last = mean - spread * rng.uniform(-1, 1, count), mean + spread * rng.uniform(-1, 1, count)
    ones, codes = np.full(count, 6, np.int64), np.full(count, 192, np.uint8)
    return TrendSeries(t, mean - spread, mean + spread, first, last, mean, ones, codes, "1m", step)


def band(start: int, hours: int, level: float) -> ForecastBand:
    """A forecast from `start` on, every 5 minutes."""
    t = start + 5 * MINUTE * np.arange(1, hours * 12 + 1)
    median = level * (1 + 0.05 * np.sin(t / (3.7 * HOUR)))
    width = level * 0.02 * np.sqrt(np.arange(1, len(t) + 1) / 4)
    return ForecastBand(
        1, 1, "AutoARIMA", "model", start, 5 * MINUTE, t,
        median, median - width, median + width, median - 1.5 * width, median + 1.5 * width,
    )  # fmt: skip


def sensor(slot: int, **fields: object) -> Sensor:
    """A tag with a unit that several slots share."""
    known: dict[str, object] = {"sensor_id": slot + 1, "tag": f"TAG_{slot + 1}", "unit": _UNITS[slot % 4]}
    return Sensor(**{**known, **fields})  # type: ignore[arg-type]


def scene_of(pens: list[Pen], window: Window, *, lanes: bool = False, selected: int | None = 0) -> Scene:
    """A scene with axes that fit all of each pen's rows."""
    extents = [
        Extent(
            pen.slot,
            pen.sensor.unit,
            float(np.nanmin(pen.series.min)) if pen.series is not None and len(pen.series) else float("nan"),
            float(np.nanmax(pen.series.max)) if pen.series is not None and len(pen.series) else float("nan"),
        )
        for pen in pens
    ]
    groups = [(extent,) for extent in extents] if lanes else grouped(extents)
    view = View(window, lanes=lanes)
    return Scene(
        pens=tuple(pens),
        view=view,
        axes=axes_of(groups, {}, autoscale=True),
        selected=selected,
        now_ns=NOW,
        zone=SEOUL,
        badge="decimated 1:6, level 1m",
    )


def full_scene(count: int = 8, columns: int = 1920, *, lanes: bool = False) -> Scene:
    """`count` pens of two buckets a pixel over 24 h with forecast and limits on the first."""
    window = live_window(NOW, 24 * HOUR, 0.2)
    pens = []
    for slot in range(count):
        level = 40.0 * (1 + slot // 4)
        series = buckets(window.start, NOW, 2 * columns, seed=slot, level=level)
        limits = (
            LimitStep("HH", level * 1.14, 0),
            LimitStep("H", level * 1.1, window.start, NOW - 8 * HOUR),
            LimitStep("H", level * 1.05, NOW - 8 * HOUR),
            LimitStep("LL", level * 0.3, 0),
        )
        forecast = band(NOW, 6, level) if slot < 2 else None
        pens.append(Pen(sensor(slot), slot, series, window, limits, forecast, status="ok"))
    return scene_of(pens, window, lanes=lanes)
