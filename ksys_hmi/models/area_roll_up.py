"""What stands in each area of the plant and below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ksys_core.areas import area_order
from ksys_core.domain.alarms.rows import LISTED, UNACKNOWLEDGED
from ksys_core.domain.tags import Sensor
from ksys_core.store.alarms_areas import AreaCount

ACTIVE = ("UNACK", "LUNACK", "ACKED", "LACKED")
"""States of alarms whose condition stands or is held by a latch."""


@dataclass(frozen=True, slots=True)
class Count:
    """Alarms of one priority (or of one area): how many are unacknowledged, how many active, how many shelved."""

    unacked: int = 0
    active: int = 0
    shelved: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.unacked + other.unacked, self.active + other.active, self.shelved + other.shelved)


@dataclass(frozen=True, slots=True)
class AreaRollUp:
    """An area of the plant (path, parts divided by "/") with what stands in it and below it.

    `priority` is the highest among the unacknowledged, else among the active, else None.
    """

    path: str
    count: Count = Count()
    priority: int | None = None
    state: str = "NORM"


def area_paths(sensors: Mapping[int, Sensor]) -> tuple[str, ...]:
    """Every area of the tags and every area above one, in the order of their paths."""
    paths: set[str] = set()
    for area in {sensor.area for sensor in sensors.values()}:
        paths.update(_upwards(area))
    return tuple(sorted(paths, key=area_order))


def count_of(counts: Iterable[AreaCount]) -> Count:
    """These counts in one."""

    def total(states: Sequence[str]) -> int:
        return sum(each.n for each in found if each.isa in states)

    found = tuple(counts)
    return Count(total(UNACKNOWLEDGED), total(ACTIVE), total(("SHLVD",)))


def roll_up(counts: Iterable[AreaCount]) -> dict[str, AreaRollUp]:
    """What stands in each area that has an alarm in it or below it, by path; in one pass over `counts`."""
    sums: dict[str, Count] = {}
    foremost: dict[str, tuple[bool, int, int]] = {}
    for each in counts:
        count = count_of((each,))
        listed = each.isa in LISTED
        for path in _upwards(each.area):
            sums[path] = sums.get(path, Count()) + count
            if listed:
                mark = (each.isa not in UNACKNOWLEDGED, each.priority, LISTED.index(each.isa))
                foremost[path] = min(foremost.get(path, mark), mark)
    return {path: _area(path, count, foremost.get(path)) for path, count in sums.items()}


def _area(path: str, count: Count, foremost: tuple[bool, int, int] | None) -> AreaRollUp:
    if foremost is None:
        return AreaRollUp(path, count)
    return AreaRollUp(path, count, foremost[1], LISTED[foremost[2]])


def _upwards(area: str) -> list[str]:
    """The area and every area above it."""
    parts = area.split("/") if area else []
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
