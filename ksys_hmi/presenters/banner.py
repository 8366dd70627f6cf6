"""What the alarm banner and the navigation show of the alarms: counts, the newest, the roll-up of each area."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from ksys_core.domain.alarms.rows import AlarmRow
from ksys_core.domain.alarms.units import limit_decimals, own_limit_unit, value_unit
from ksys_core.domain.tags import Sensor
from ksys_core.i18n import tr
from ksys_core.services.alarms_modes import FloodNow, Maintenance, current_flood, maintenance
from ksys_core.store.alarms_active import summary
from ksys_core.store.alarms_areas import counts_by_area
from ksys_core.store.session import lost_sources
from ksys_hmi.formats import format_value
from ksys_hmi.models.area_roll_up import AreaRollUp, Count, area_paths, count_of, roll_up
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime


@dataclass(frozen=True, slots=True)
class BannerAlarm:
    """One alarm as the banner shows it."""

    alarm_id: int
    sensor_id: int
    tag: str
    text: str
    priority: int
    state: str
    since_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BannerState(PageState):
    """Attributes:
    counts: by priority. areas: paths of all areas; roll_ups: of those with alarms.
    flood: the one that lasts. maintenance: areas whose alarms are suppressed for work.
    """

    counts: Mapping[int, Count] = field(default_factory=dict)
    newest: tuple[BannerAlarm, ...] = ()
    areas: tuple[str, ...] = ()
    roll_ups: Mapping[str, AreaRollUp] = field(default_factory=dict)
    flood: FloodNow | None = None
    sounding: Mapping[int, int] = field(default_factory=dict)
    """Alarms that ask for the horn, by priority."""
    lost_sources: tuple[str, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()


def banner_alarm(row: AlarmRow) -> BannerAlarm:
    """What the banner has room for."""
    decimals = limit_decimals(row.kind, row.decimals)
    limit = "" if row.limit is None else f" {format_value(row.limit, decimals)} {own_limit_unit(row.kind)}".rstrip()
    unit = value_unit(row.kind, row.unit)
    value = "" if row.value is None else f"  {format_value(row.value, row.decimals)} {unit}"
    text = f"{row.kind}{limit}{value}  {tr.pick(dict(row.description))}".rstrip()
    return BannerAlarm(row.alarm_id, row.sensor_id, row.tag, text, row.priority, row.isa, row.active_since or 0)


class BannerPresenter(Presenter[BannerState]):
    """Follows the events of kind ``alarms`` (at most four times a second) and the list of tags."""

    kinds = frozenset({"alarms", "alarm_modes", "sensors", "sources"})
    period_s = 10.0  # the loss of a source comes without an event

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, BannerState())
        self._paths: tuple[Mapping[int, Sensor], tuple[str, ...]] = ({}, ())

    async def load(self) -> BannerState:
        db = self.runtime.db
        found, areas, flood = await asyncio.gather(summary(db), counts_by_area(db), current_flood(db))
        return BannerState(
            loading=False,
            counts={n: count_of(each for each in areas if each.priority == n) for n in range(1, 5)},
            newest=tuple(banner_alarm(row) for row in found.newest),
            areas=await self._areas(),
            roll_ups=await asyncio.to_thread(roll_up, areas, self.state.roll_ups),
            flood=flood,
            sounding=found.sounding,
            lost_sources=await lost_sources(db),
            maintenance=await maintenance(db),
        )

    async def _areas(self) -> tuple[str, ...]:
        """The plant's areas, found again only when the tags are others; a hundred thousand beside the screen."""
        sensors = self.runtime.sensors
        if self._paths[0] is not sensors:
            self._paths = sensors, await asyncio.to_thread(area_paths, sensors)
        return self._paths[1]
