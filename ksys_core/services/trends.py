"""What a trend needs: rows at the resolution of the screen with the limits of their time, and the newest tail."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ksys_core.domain.forecasts import ForecastBand
from ksys_core.domain.trend import LimitStep, Newest, TrendSeries
from ksys_core.store.forecasts import latest
from ksys_core.store.pool import Database
from ksys_core.store.readings import latest as latest_readings
from ksys_core.store.sensors import limits_between
from ksys_core.store.trends import trend


@dataclass(frozen=True, slots=True)
class PenRows:
    """One tag in a window: its rows, and its limits that were in force at any time in it."""

    series: TrendSeries
    limits: tuple[LimitStep, ...]


async def load_window(
    db: Database, *, sensor_ids: Sequence[int], start_ns: int, stop_ns: int, pixels: int
) -> dict[int, PenRows]:
    """Rows and limits of the tags in ``[start_ns, stop_ns)`` for a plot `pixels` wide."""
    rows, spans = await asyncio.gather(
        trend(db, list(sensor_ids), start_ns, stop_ns, max(pixels, 1)),
        limits_between(db, sensor_ids, start_ns, stop_ns),
    )
    limits: dict[int, list[LimitStep]] = {}
    for span in spans:
        limits.setdefault(span.sensor_id, []).append(LimitStep(span.kind, span.value, span.start_ns, span.stop_ns))
    return {sensor_id: PenRows(series, tuple(limits.get(sensor_id, ()))) for sensor_id, series in rows.items()}


async def load_tail(
    db: Database, *, sensor_ids: Sequence[int], since_ns: int, stop_ns: int, px_per_ns: float
) -> dict[int, TrendSeries]:
    """Rows from `since_ns` on, at about the resolution of a plot with `px_per_ns`."""
    pixels = max(round((stop_ns - since_ns) * px_per_ns), 1)
    return await trend(db, list(sensor_ids), since_ns, stop_ns, pixels)


async def load_forecasts(db: Database, *, sensor_ids: Sequence[int]) -> dict[int, ForecastBand]:
    """The newest forecast of each tag that has a deployed model."""
    return await latest(db, list(sensor_ids)) if sensor_ids else {}


async def load_newest(db: Database, *, sensor_ids: Collection[int]) -> dict[int, Newest]:
    """The newest reading of each tag that has one, whatever its age."""
    table = await latest_readings(db)
    rows = zip(table.sensor_id.tolist(), table.t.tolist(), table.v.tolist(), table.quality.tolist(), strict=True)
    return {sensor_id: Newest(t, v, quality) for sensor_id, t, v, quality in rows if sensor_id in sensor_ids}
