"""Questions to a database that tell whether it is in order."""

from __future__ import annotations

from typing import Final

from ksys_core.store.pool import Database

GROUP_ROLES: Final = ("ksys_viewer", "ksys_operator", "ksys_engineer", "ksys_admin", "ksys_service")

_ROLES: Final = "select name from unnest($1::text[]) name where not exists (select from pg_roles where rolname = name)"
_LATEST: Final = """
select s.tag from sensors s
left join sensor_latest l using (sensor_id)
cross join lateral (select max(ts) as newest from sensor_readings r where r.sensor_id = s.sensor_id) r
where r.newest is distinct from l.ts order by 1
"""
_ORPHANS: Final = """
select l.sensor_id::text from sensor_latest l where not exists (select from sensors s where s.sensor_id = l.sensor_id)
"""
_LIMITS: Final = """
select s.tag from sensors s join lateral (
  select max(value) filter (where kind = 'LL') ll, max(value) filter (where kind = 'L') l,
         max(value) filter (where kind = 'H') h, max(value) filter (where kind = 'HH') hh
  from sensor_limits where sensor_id = s.sensor_id and valid_to is null) v on true
where greatest(ll, l) >= least(h, hh) or ll >= l or h >= hh order by 1
"""


async def missing_roles(db: Database) -> list[str]:
    """Group roles that don't exist."""
    return [row[0] for row in await db.fetch(_ROLES, list(GROUP_ROLES))]


async def wrong_latest(db: Database) -> list[str]:
    """Tags whose newest value isn't their newest reading."""
    return [row[0] for row in await db.fetch(_LATEST)]


async def orphaned(db: Database) -> list[str]:
    """Numbers of sensors that have a newest value and no tag."""
    return [row[0] for row in await db.fetch(_ORPHANS)]


async def disordered_limits(db: Database) -> list[str]:
    """Tags whose limits don't rise from LL to HH."""
    return [row[0] for row in await db.fetch(_LIMITS)]


async def count_tags(db: Database) -> int:
    """Number of tags."""
    count: int = await db.fetchval("select count(*) from sensors")
    return count
