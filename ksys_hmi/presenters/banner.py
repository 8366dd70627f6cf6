"""What the alarm banner and the navigation show of the alarms: counts, the newest, the roll-up of each area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ksys_core.domain.tags import Sensor
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime


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
    flood: bool = False
    lost_sources: tuple[str, ...] = ()


def area_paths(sensors: Mapping[int, Sensor]) -> tuple[str, ...]:
    """Every area of the tags and every area above one, in the order of their paths."""
    paths: set[str] = set()
    for sensor in sensors.values():
        parts = sensor.area.split("/") if sensor.area else []
        paths.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return tuple(sorted(paths))


class BannerPresenter(Presenter[BannerState]):
    """Follows the events of kind ``alarms`` (at most four times a second) and the list of tags."""

    kinds = frozenset({"alarms", "sensors", "sources"})

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, BannerState())

    async def load(self) -> BannerState:
        areas = tuple(AreaRollUp(path) for path in area_paths(self.runtime.sensors))
        return BannerState(loading=False, areas=areas)
