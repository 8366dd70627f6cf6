"""Presenter of the dashboard: tiles of all tags, newest values every couple of seconds, their context now and then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import SECOND
from ksys_core.services import dashboard
from ksys_core.services.alarms import alarm_states_for_sensors
from ksys_core.services.dashboard import TagContext
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.presenters.tiles import AlarmMark, Reading, SparkData, TileInput, TileState, tile_state
from ksys_hmi.runtime import Runtime

_CONTEXT_S: Final = 30
_DEFAULT_INTERVAL_S: Final = 60.0
_NO_CONTEXT: Final = TagContext({}, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardState(PageState):
    """Attributes:
    tiles: in the order of areas and tags, after the filter.
    total, in_alarm, not_good: tags in all, with an alarm, and stale, bad or without data.
    simulated, replayed: whether tags shown come from the simulator or from a replay.
    """

    tiles: tuple[TileState, ...] = ()
    total: int = 0
    in_alarm: int = 0
    not_good: int = 0
    simulated: bool = False
    replayed: bool = False
    filter_text: str = ""
    only_abnormal: bool = False


class DashboardPresenter(Presenter[DashboardState]):
    """Loads newest values each `HmiSettings.tile_refresh_s` seconds while the page is shown."""

    kinds = frozenset({"alarms", "limits", "sensors", "forecasts", "advisories"})

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, DashboardState())
        self.period_s = runtime.settings.hmi.tile_refresh_s
        self._context: dict[int, TagContext] = {}
        self._context_at = 0
        self._sparks: dict[int, SparkData] = {}
        self._alarms: Mapping[int, AlarmMark] = {}
        self._alarms_old = True
        self._all: tuple[TileState, ...] = ()

    def set_filter(self, text: str, *, only_abnormal: bool) -> None:
        """Show only tiles whose tag, description, area or unit contain `text`, and only abnormal ones if wanted."""
        self.state = replace(self.state, filter_text=text, only_abnormal=only_abnormal)
        self.publish(self._shown(self._all))

    def on_event(self, kind: str, ids: object) -> None:
        if kind in ("alarms", "resync"):
            self._alarms_old = True
        if kind != "alarms":
            self._context_at = 0
        super().on_event(kind, ids)

    async def load(self) -> DashboardState:
        now = self.runtime.now_ns()
        sensors = [s for s in self.runtime.sensors.values() if s.enabled]
        await self._load_context(sensors, now)
        await self._load_alarms()
        newest = await dashboard.load_newest(self.runtime.db)
        readings = {
            int(i): Reading(int(t), float(v), int(q))
            for i, t, v, q in zip(newest.sensor_id, newest.t, newest.v, newest.quality, strict=True)
        }
        inputs = (self._input(sensor, readings.get(sensor.sensor_id)) for sensor in sensors)
        tiles = sorted(
            (tile_state(each, now) for each in inputs), key=lambda tile: (not tile.area, tile.area, tile.tag)
        )
        self._all = self._keep_unchanged(tiles)
        return self._shown(self._all)

    async def _load_context(self, sensors: list[Sensor], now: int) -> None:
        if now - self._context_at < _CONTEXT_S * SECOND:
            return
        ids = [sensor.sensor_id for sensor in sensors]
        self._context = await dashboard.load_context(self.runtime.db, ids, now)
        self._sparks = {i: spark for i, each in self._context.items() if (spark := spark_data(each)) is not None}
        self._context_at = now

    async def _load_alarms(self) -> None:
        if not self._alarms_old:
            return
        self._alarms_old = False
        states = await alarm_states_for_sensors(self.runtime.db)
        self._alarms = {i: AlarmMark(each.priority, each.isa) for i, each in states.items()}

    def _input(self, sensor: Sensor, reading: Reading | None) -> TileInput:
        number = sensor.sensor_id
        context = self._context.get(number, _NO_CONTEXT)
        return tile_input(sensor, reading, context, self._sparks.get(number), self._alarms.get(number))

    def _keep_unchanged(self, tiles: list[TileState]) -> tuple[TileState, ...]:
        """Reuse the former object of a tile that looks the same, so that it is not painted again."""
        before = {tile.sensor_id: tile for tile in self._all}
        return tuple(old if (old := before.get(t.sensor_id)) is not None and old.looks_like(t) else t for t in tiles)

    def _shown(self, tiles: tuple[TileState, ...]) -> DashboardState:
        state, wanted = self.state, self.state.filter_text.casefold()
        shown = tuple(
            tile
            for tile in tiles
            if (not wanted or wanted in tile.search_text) and (not state.only_abnormal or tile.abnormal)
        )
        return replace(
            state,
            loading=False,
            error="",
            tiles=shown,
            total=len(tiles),
            in_alarm=sum(tile.alarm is not None for tile in tiles),
            not_good=sum(tile.condition in ("stale", "bad", "none") for tile in tiles),
            simulated=any(tile.origin == "simulator" for tile in shown),
            replayed=any(tile.origin == "replay" for tile in shown),
        )


def tile_input(
    sensor: Sensor, reading: Reading | None, context: TagContext, spark: SparkData | None, alarm: AlarmMark | None
) -> TileInput:
    """Everything a tile is made of; the interval is the tag's own, else learned from its last hour."""
    hour = context.last_hour
    learned = 3600.0 / hour.n if hour is not None and hour.n > 1 else _DEFAULT_INTERVAL_S
    return TileInput(
        sensor=sensor,
        reading=reading,
        interval_s=sensor.interval_s or learned,
        limits=context.limits,
        alarm=alarm,
        spark=spark,
        crossing=context.crossing,
    )


def spark_data(context: TagContext) -> SparkData | None:
    """The sparkline's data: the last hour and the forecast."""
    hour, forecast = context.last_hour, context.forecast
    if hour is None:
        return None
    if forecast is None:
        return SparkData(hour.t, hour.low, hour.high, np.empty(0, np.int64), np.empty(0))
    return SparkData(hour.t, hour.low, hour.high, forecast.t, forecast.value, is_fallback=forecast.source != "model")
