"""Who is logged in, what the person may do, and what time it is at the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ksys_core.domain.times import to_ns
from ksys_core.store.pool import Database

Right = Literal["viewer", "operator", "engineer", "admin"]

_SESSION = """
select session_user::text as login,
       array(select name from unnest(array['viewer', 'operator', 'engineer', 'admin']) as name
             where pg_has_role(session_user, 'ksys_' || name, 'member')) as rights
"""


@dataclass(frozen=True, slots=True)
class Session:
    """The login role and the rights that its group roles give (each includes the one before it)."""

    login: str
    rights: frozenset[Right]


async def open_session(db: Database) -> Session:
    """The person behind `db`'s connections."""
    row = await db.fetchrow(_SESSION)
    assert row is not None
    return Session(row["login"], frozenset(row["rights"]))


async def clock_ns(db: Database) -> int:
    """The database's clock, nanoseconds UTC."""
    return to_ns(await db.fetchval("select clock_timestamp()"))
