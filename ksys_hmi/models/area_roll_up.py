"""What stands in each area of the plant and below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from ksys_core.areas import area_order
from ksys_core.domain.alarms.rows import LISTED, UNACKNOWLEDGED
from ksys_core.domain.tags import Sensor
from ksys_core.store.alarms_areas import AreaCount

ACTIVE = ("UNACK", "LUNACK", "ACKED", "LACKED")
"""States of alarms whose condition stands or is held by a latch."""


_KINDS = {
    isa: (isa in UNACKNOWLEDGED, isa in ACTIVE, isa == "SHLVD") for isa in (*LISTED, "SHLVD", "DSUPR", "OOSRV", "NORM")
}
"""Of each state: whether it is unacknowledged, active, shelved."""
_LAST = (True, 9, 9)
"""After every mark of an alarm."""


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
    return paths_of({sensor.area for sensor in sensors.values()})


def paths_of(areas: Iterable[str]) -> tuple[str, ...]:
    """These areas and every one above one of them, in the order of their paths."""
    paths: set[str] = set()
    for area in areas:
        paths.update(_upwards(area))
    return tuple(sorted(paths, key=area_order))


def count_of(counts: Iterable[AreaCount]) -> Count:
    """These counts in one."""

    def total(states: Sequence[str]) -> int:
        return sum(each.n for each in found if each.isa in states)

    found = tuple(counts)
    return Count(total(UNACKNOWLEDGED), total(ACTIVE), total(("SHLVD",)))


def roll_up(
    counts: Iterable[AreaCount], before: Mapping[str, AreaRollUp] = MappingProxyType({})
) -> dict[str, AreaRollUp]:
    """What stands in each area that has an alarm in it or below it, by path; in one pass over `counts`.

    What is as it was `before` is that very object, so that changes are found without comparing.
    """
    sums: dict[str, list[int]] = {}
    foremost: dict[str, tuple[bool, int, int]] = {}
    for each in counts:
        unacked, active, shelved = (each.n * kind for kind in _KINDS[each.isa])
        mark = (each.isa not in UNACKNOWLEDGED, each.priority, LISTED.index(each.isa)) if each.isa in LISTED else None
        for path in _upwards(each.area):
            total = sums.get(path)
            if total is None:
                sums[path] = [unacked, active, shelved]
            else:
                total[0] += unacked
                total[1] += active
                total[2] += shelved
            if mark is not None and mark < foremost.get(path, _LAST):
                foremost[path] = mark
    found = {path: _area(path, Count(*total), foremost.get(path)) for path, total in sums.items()}
    return {path: was if (was := before.get(path)) == area else area for path, area in found.items()}


def _area(path: str, count: Count, foremost: tuple[bool, int, int] | None) -> AreaRollUp:
    if foremost is None:
        return AreaRollUp(path, count)
    return AreaRollUp(path, count, foremost[1], LISTED[foremost[2]])


@lru_cache(maxsize=131_072)
def _upwards(area: str) -> tuple[str, ...]:
    """The area and every area above it."""
    parts = area.split("/") if area else []
    return tuple("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
