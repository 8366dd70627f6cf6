"""Readings of a trend as a CSV file that spreadsheets open: BOM, plant time with its zone, a quality column a tag."""

from __future__ import annotations

import asyncio
import csv
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TextIO
from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.domain.quality import CODE_NAMES
from ksys_core.domain.series import Series
from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import HOUR, to_datetime
from ksys_core.domain.trend import TrendSeries
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store.pool import Database
from ksys_core.store.readings import raw

_CHUNK_NS: Final = 6 * HOUR
Progress = Callable[[float], None]


async def export_readings(
    db: Database,
    *,
    sensors: Sequence[Sensor],
    start_ns: int,
    stop_ns: int,
    zone: ZoneInfo,
    path: Path,
    progress: Progress,
) -> int:
    """Write every reading in ``[start_ns, stop_ns)`` to `path`, a row an instant; the number of rows.

    The file appears only when it is whole: cancelling leaves nothing behind. `progress` gets the share done, 0 to 1.
    """
    head = [f"time ({zone.key})", *(text for one in sensors for text in (_name(one), f"{one.tag} quality"))]
    part = path.with_name(path.name + ".part")
    rows = 0
    try:
        with _opened(part) as file:
            csv.writer(file).writerow(head)
            for left in range(start_ns, stop_ns, _CHUNK_NS):
                right = min(left + _CHUNK_NS, stop_ns)
                found = [await raw(db, sensor.sensor_id, left, right) for sensor in sensors]
                count, text = await asyncio.to_thread(_rows_text, found, sensors, zone)
                file.write(text)
                rows += count
                progress((right - start_ns) / (stop_ns - start_ns))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return rows


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise KnownError(
            "trend.export_file", N_("{file} can't be written: {reason}"), file=str(path), reason=error.strerror
        ) from error


def _name(sensor: Sensor) -> str:
    return f"{sensor.tag} [{sensor.unit}]" if sensor.unit else sensor.tag


def _rows_text(found: Sequence[Series], sensors: Sequence[Sensor], zone: ZoneInfo) -> tuple[int, str]:
    """CSV rows of series side by side; a field is empty where a tag has no reading at that instant."""
    times = np.unique(np.concatenate([series.t for series in found])) if found else np.empty(0, np.int64)
    columns: list[list[str]] = [local_times(times, zone)]
    for series, sensor in zip(found, sensors, strict=True):
        columns += _columns(series, times, sensor)
    out = io.StringIO(newline="")
    csv.writer(out).writerows(zip(*columns, strict=True))
    return len(times), out.getvalue()


def _columns(series: Series, times: np.ndarray[tuple[int], np.dtype[np.int64]], sensor: Sensor) -> list[list[str]]:
    values, codes = [""] * len(times), [""] * len(times)
    places = np.searchsorted(times, series.t).tolist()
    for place, value, code in zip(places, series.v.tolist(), series.quality.tolist(), strict=True):
        values[place] = "" if value != value else repr(value)
        codes[place] = CODE_NAMES.get(code, str(code))
    return [values, codes]


def local_times(times: np.ndarray[tuple[int], np.dtype[np.int64]], zone: ZoneInfo) -> list[str]:
    """ISO 8601 local times with their offset to UTC: unique through a clock change."""
    return [to_datetime(t).astimezone(zone).isoformat(sep=" ") for t in times.tolist()]


def export_drawn(
    pens: Sequence[tuple[Sensor, TrendSeries]], *, start_ns: int, stop_ns: int, zone: ZoneInfo, path: Path
) -> int:
    """Write the buckets that a trend draws (mean, min, max, last, first, count), a row a bucket and tag; the rows."""
    rows = 0
    with _opened(path) as file:
        out = csv.writer(file)
        out.writerow(["No", "Tag", f"Timestamp ({zone.key})", "Average", "Min", "Max", "Last", "First", "Count"])
        for sensor, whole in pens:
            inside = whole.rows((whole.t >= start_ns) & (whole.t < stop_ns))
            fields = zip(
                local_times(inside.t, zone),
                *(_texts(column) for column in (inside.mean, inside.min, inside.max, inside.last, inside.first)),
                inside.n.tolist(),
                strict=True,
            )
            for row in fields:
                rows += 1
                out.writerow([rows, sensor.tag, *row])
    return rows


def _texts(column: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[str]:
    return ["" if value != value else repr(value) for value in column.tolist()]
