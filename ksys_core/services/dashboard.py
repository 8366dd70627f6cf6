"""What the dashboard reads: newest readings often; limits, last hour and forecast of every tag now and then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ksys_core.domain.forecasts import ForecastBand
from ksys_core.domain.tags import LimitKind
from ksys_core.domain.times import HOUR
from ksys_core.store import advisories, forecasts, readings, sensors, trends
from ksys_core.store.pool import Database
from ksys_core.store.readings import LatestTable

SPARK_PIXELS = 30
"""Asked width of a sparkline; at most two buckets a pixel come back."""


@dataclass(frozen=True, slots=True, eq=False)
class LastHour:
    """Buckets of the last hour: start (ns), lowest and highest value (NaN = gap), readings in all."""

    t: npt.NDArray[np.int64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class TagContext:
    """What stands around a tag's value; `crossing`: the limit its forecast crosses next, and when (ns)."""

    limits: Mapping[LimitKind, float]
    last_hour: LastHour | None
    forecast: ForecastBand | None
    crossing: tuple[LimitKind, int] | None = None


async def load_newest(db: Database) -> LatestTable:
    """The newest reading of every tag."""
    return await readings.latest(db)


async def load_context(db: Database, sensor_ids: Sequence[int], now_ns: int) -> dict[int, TagContext]:
    """Limits in force, last hour and newest forecast of the tags."""
    limits = await sensors.limits_in_force(db)
    series = await trends.trend(db, sensor_ids, now_ns - HOUR, now_ns, SPARK_PIXELS)
    bands = await forecasts.latest(db, sensor_ids)
    hours = {i: LastHour(s.t, s.min, s.max, int(s.n.sum())) for i, s in series.items() if len(s.t)}
    nearest_last = reversed(await advisories.current(db))
    ahead = {each.sensor_id: (each.kind, each.eta) for each in nearest_last}
    return {i: TagContext(limits.get(i, {}), hours.get(i), bands.get(i), ahead.get(i)) for i in sensor_ids}
