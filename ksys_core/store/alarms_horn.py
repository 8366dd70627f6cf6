"""Who owns the horn, and what it sounds for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ksys_core.store.pool import Database

OWNED_S: Final = 15
"""An owner that has not claimed the horn for so long has it no longer; the function in the database says the same."""

_OWNER: Final = """
select station, login from alarm_horn where seen_at >= now() - make_interval(secs => $1)
"""
_SOUNDING: Final = """
select alarm_id from alarms
 where isa_state in ('UNACK', 'LUNACK') and silenced_occurrence < occurrence order by alarm_id
"""


@dataclass(frozen=True, slots=True)
class HornOwner:
    """The station that sounds the horn, and who is logged in there."""

    station: str
    login: str


async def claim(db: Database, station: str, *, take: bool = False) -> HornOwner:
    """Claim the horn for `station` or keep it; `take` it also from a living one. Gives who has it then."""
    row = await db.fetchrow("select station, login from alarm_horn_claim($1, $2)", station, take)
    assert row is not None
    return HornOwner(**row)


async def release(db: Database, station: str) -> None:
    """Give the horn back."""
    await db.execute("select alarm_horn_release($1)", station)


async def owner(db: Database) -> HornOwner | None:
    """Who has the horn; None when nobody does."""
    row = await db.fetchrow(_OWNER, float(OWNED_S))
    return None if row is None else HornOwner(**row)


async def sounding(db: Database) -> list[int]:
    """Ids of the alarms that ask for the horn now."""
    return [row["alarm_id"] for row in await db.fetch(_SOUNDING)]
