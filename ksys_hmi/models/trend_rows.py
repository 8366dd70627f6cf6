"""Rows of the table under a trend: each pen now, at the cursors, and between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.domain.quality import CODE_NAMES, GOOD, UNCERTAIN
from ksys_core.domain.times import to_datetime
from ksys_core.domain.trend_statistics import Sample, Statistics, sample_at, statistics_between
from ksys_core.i18n import N_, tr
from ksys_hmi.formats import NO_VALUE, format_value
from ksys_hmi.models.trend_state import Cursors, Pen, PenStatus, Scene

COLUMNS: Final = (
    N_("Tag"),
    N_("Description"),
    N_("Unit"),
    N_("Newest"),
    N_("Time"),
    N_("At 1"),
    N_("Quality"),
    N_("Sample at"),
    N_("At 2"),
    N_("Δ"),
    N_("Mean 1–2"),
    N_("Min 1–2"),
    N_("Max 1–2"),
    N_("State"),
)
STATUS_TEXTS: Final[dict[PenStatus, str]] = {
    "loading": N_("loading"),
    "partial": N_("loading the rest"),
    "slow": N_("slow, still loading"),
    "ok": "",
    "empty": N_("no data in this range"),
    "failed": N_("failed: {reason}"),
}


@dataclass(frozen=True, slots=True)
class PenRow:
    """One row as texts, in the order of `COLUMNS`; `slot` tells whose it is."""

    slot: int
    cells: tuple[str, ...]
    chip: PenStatus
    tip: str = ""


def rows_of(scene: Scene, cursors: Cursors) -> tuple[PenRow, ...]:
    """The table for the cursors' present places."""
    return tuple(_row(pen, scene, cursors) for pen in scene.pens)


def _row(pen: Pen, scene: Scene, cursors: Cursors) -> PenRow:
    sensor = pen.sensor
    state = tr(STATUS_TEXTS[pen.status], reason=pen.message) if STATUS_TEXTS[pen.status] else ""
    cells = (
        sensor.tag,
        tr.pick(dict(sensor.description)),
        sensor.unit,
        *_newest(pen, scene),
        *_at_cursors(pen, scene.zone, cursors),
        state,
    )
    return PenRow(pen.slot, cells, pen.status, "\n".join([sensor.tag, cells[1], sensor.area, state]).strip())


def _newest(pen: Pen, scene: Scene) -> tuple[str, str]:
    if pen.newest is None:
        return "", ""
    newest, decimals = pen.newest, pen.sensor.decimals
    value = format_value(newest.v if newest.quality >= UNCERTAIN else math.nan, decimals)
    mark = " ?" if UNCERTAIN <= newest.quality < GOOD else ""
    return value + mark, _clock(newest.t, scene.now_ns, scene.zone)


def _at_cursors(pen: Pen, zone: ZoneInfo, cursors: Cursors) -> tuple[str, ...]:
    series = pen.series
    if series is None or cursors.first is None:
        return ("",) * 8
    first = sample_at(series, cursors.first, pen.sensor.interpolation)
    seen = _sample_texts(first, pen, cursors.first, zone)
    if cursors.second is None:
        return (*seen, *("",) * 5)
    second = sample_at(series, cursors.second, pen.sensor.interpolation)
    start, stop = sorted((cursors.first, cursors.second))
    between = statistics_between(series, start, stop, pen.sensor.interpolation)
    return (*seen, *_difference(first, second, pen.sensor.decimals), *_statistics_texts(between, pen.sensor.decimals))


def _sample_texts(sample: Sample | None, pen: Pen, t: int, zone: ZoneInfo) -> tuple[str, str, str]:
    if sample is None:
        ahead = _forecast_at(pen, t)
        return (NO_VALUE, tr("no data"), "") if ahead is None else (ahead, tr("forecast"), "")
    name = CODE_NAMES.get(sample.quality) or ("GOOD" if sample.quality >= GOOD else str(sample.quality))
    value = format_value(sample.value, pen.sensor.decimals)
    return value, name, _clock(sample.t, t, zone)


def _forecast_at(pen: Pen, t: int) -> str | None:
    """Median of the forecast at a cursor after the newest reading."""
    band = pen.forecast
    if band is None or not len(band.t) or not band.t[0] - band.interval_ns <= t <= band.t[-1]:
        return None
    return format_value(float(np.interp(t, band.t - band.interval_ns // 2, band.value)), pen.sensor.decimals)


def _clock(sample_t: int, t: int, zone: ZoneInfo) -> str:
    """Time of the nearest sample; with the day when that is not the cursor's."""
    sample, cursor = (to_datetime(ns).astimezone(zone) for ns in (sample_t, t))
    return f"{sample:%H:%M:%S}" if sample.date() == cursor.date() else f"{sample:%m-%d %H:%M}"


def _difference(first: Sample | None, second: Sample | None, decimals: int) -> tuple[str, str]:
    if second is None:
        return NO_VALUE, ""
    if first is None or math.isnan(first.value) or math.isnan(second.value):
        return format_value(second.value, decimals), ""
    return format_value(second.value, decimals), format_value(second.value - first.value, decimals)


def _statistics_texts(found: Statistics, decimals: int) -> tuple[str, str, str]:
    mean = format_value(found.mean, decimals)
    if 0 < found.covered < 0.995:
        mean += f" ({found.covered:.0%})"
    return mean, format_value(found.min, decimals), format_value(found.max, decimals)
