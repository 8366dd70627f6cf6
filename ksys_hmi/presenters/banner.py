"""What the alarm banner and the navigation show of the alarms: counts, the newest, the roll-up of each area."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ksys_core.domain.alarms.rows import LISTED, UNACKNOWLEDGED, AlarmRow
from ksys_core.domain.tags import Sensor
from ksys_core.i18n import tr
from ksys_core.store.alarms_active import summary
from ksys_core.store.alarms_areas import AreaCount, counts_by_area
from ksys_core.store.session import lost_sources
from ksys_hmi.formats import format_value
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

ACTIVE = ("UNACK", "LUNACK", "ACKED", "LACKED")
"""States of alarms whose condition stands or is held by a latch."""


@dataclass(frozen=True, slots=True)
class Count:
    """Alarms of one priority (or of one area): how many are unacknowledged, how many active, how many shelved."""

    unacked: int = 0
    active: int = 0
    shelved: int = 0


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


@dataclass(frozen=True, slots=True)
class AreaRollUp:
    """An area of the plant (path, parts divided by "/") with what stands in it and below it.

    `priority` is the highest among the unacknowledged, else among the active, else None.
    """

    path: str
    count: Count = Count()
    priority: int | None = None
    state: str = "NORM"

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class BannerState(PageState):
    counts: Mapping[int, Count] = field(default_factory=dict)
    newest: tuple[BannerAlarm, ...] = ()
    areas: tuple[AreaRollUp, ...] = ()
    sounding: Mapping[int, int] = field(default_factory=dict)
    """Alarms that ask for the horn, by priority."""
    flood: bool = False
    lost_sources: tuple[str, ...] = ()


def area_paths(sensors: Mapping[int, Sensor]) -> tuple[str, ...]:
    """Every area of the tags and every area above one, in the order of their paths."""
    paths: set[str] = set()
    for sensor in sensors.values():
        parts = sensor.area.split("/") if sensor.area else []
        paths.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return tuple(sorted(paths))


def roll_up(paths: Sequence[str], counts: Sequence[AreaCount]) -> tuple[AreaRollUp, ...]:
    """What stands in each area of `paths` and below it."""
    found = []
    for path in paths:
        inside = [each for each in counts if each.area == path or each.area.startswith(f"{path}/")]
        listed = [each for each in inside if each.isa in LISTED]
        unacked = [each for each in listed if each.isa in UNACKNOWLEDGED]
        foremost = min(unacked or listed, key=lambda each: (each.priority, LISTED.index(each.isa)), default=None)
        found.append(
            AreaRollUp(
                path,
                _count(inside),
                foremost.priority if foremost else None,
                foremost.isa if foremost else "NORM",
            )
        )
    return tuple(found)


def _count(counts: Sequence[AreaCount]) -> Count:
    def total(states: Sequence[str]) -> int:
        return sum(each.n for each in counts if each.isa in states)

    return Count(total(UNACKNOWLEDGED), total(ACTIVE), total(("SHLVD",)))


def _banner_alarm(row: AlarmRow) -> BannerAlarm:
    limit = "" if row.limit is None else f" {format_value(row.limit, row.decimals)}"
    value = "" if row.value is None else f"  {format_value(row.value, row.decimals)} {row.unit}"
    text = f"{row.kind}{limit}{value}  {tr.pick(dict(row.description))}".rstrip()
    return BannerAlarm(row.alarm_id, row.sensor_id, row.tag, text, row.priority, row.isa, row.active_since or 0)


class BannerPresenter(Presenter[BannerState]):
    """Follows the events of kind ``alarms`` (at most four times a second) and the list of tags."""

    kinds = frozenset({"alarms", "sensors", "sources"})
    period_s = 10.0  # the end of a flood and the loss of a source come without an event

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, BannerState())

    async def load(self) -> BannerState:
        db = self.runtime.db
        found, areas = await asyncio.gather(summary(db), counts_by_area(db))
        return BannerState(
            loading=False,
            counts={n: _count([each for each in areas if each.priority == n]) for n in range(1, 5)},
            newest=tuple(_banner_alarm(row) for row in found.newest),
            areas=roll_up(area_paths(self.runtime.sensors), areas),
            sounding=found.sounding,
            flood=found.flood,
            lost_sources=await lost_sources(db),
        )
