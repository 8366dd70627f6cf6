"""Newest reading and last hour of the tags whose alarms are in sight, and of no others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from ksys_core.domain.times import HOUR, MINUTE
from ksys_core.services.dashboard import SPARK_PIXELS
from ksys_core.store.alarms_live import NewestReading, newest_readings
from ksys_core.store.trends import trend
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.presenters.tiles import SparkData
from ksys_hmi.runtime import Runtime

_HOUR_KEPT: Final = MINUTE
"""A last hour is read again when it is older than this."""
_MOST_KEPT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState(PageState):
    """Attributes:
    readings: newest reading by sensor id, None: the tag has none; a tag that is missing has not been read yet.
    hours: last hour by sensor id, None: no readings in it.
    now_ns: when these were read.
    """

    readings: Mapping[int, NewestReading | None] = field(default_factory=dict)
    hours: Mapping[int, SparkData | None] = field(default_factory=dict)
    now_ns: int = 0


class AlarmLivePresenter(Presenter[LiveState]):
    """Follows the tags that `look_at` names."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, LiveState())
        self.period_s = runtime.settings.hmi.tile_refresh_s
        self._sensors: frozenset[int] = frozenset()
        self._hours: dict[int, tuple[int, SparkData | None]] = {}

    def look_at(self, sensor_ids: Collection[int]) -> None:
        """These are in sight now; what is not known of them is read at once."""
        wanted = frozenset(sensor_ids)
        if wanted - self.state.readings.keys():
            self.refresh()
        self._sensors = wanted

    async def load(self) -> LiveState:
        sensors, now = sorted(self._sensors), self.runtime.now_ns()
        if not sensors:
            return replace(self.state, loading=False, error="")
        found = await newest_readings(self.runtime.db, sensors)
        await self._load_hours(sensors, now)
        return replace(
            self.state,
            loading=False,
            error="",
            readings={sensor_id: found.get(sensor_id) for sensor_id in sensors},
            hours={sensor_id: self._hours[sensor_id][1] for sensor_id in sensors},
            now_ns=now,
        )

    async def _load_hours(self, sensors: list[int], now: int) -> None:
        old = [i for i in sensors if i not in self._hours or now - self._hours[i][0] > _HOUR_KEPT]
        if not old:
            return
        if len(self._hours) > _MOST_KEPT:
            self._hours = {i: self._hours[i] for i in sensors if i in self._hours}
        for sensor_id, series in (await trend(self.runtime.db, old, now - HOUR, now, SPARK_PIXELS)).items():
            nothing = np.empty(0, np.int64), np.empty(0)
            data = SparkData(series.t, series.min, series.max, *nothing) if len(series.t) else None
            self._hours[sensor_id] = now, data
