"""Alarms counted by area, for the roll-up on the navigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ksys_core.store.pool import Database

_BY_AREA: Final = """
select s.area, d.priority::int as priority, a.isa_state as isa, count(*)::int as n
  from alarms a join alarm_definitions d using (alarm_id) join sensors s using (sensor_id)
 where a.isa_state <> 'NORM' group by 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class AreaCount:
    """`n` alarms of one priority and ISA state in one area (not below it)."""

    area: str
    priority: int
    isa: str
    n: int


async def counts_by_area(db: Database) -> tuple[AreaCount, ...]:
    """Every alarm that is not normal, counted."""
    return tuple(AreaCount(**row) for row in await db.fetch(_BY_AREA))
