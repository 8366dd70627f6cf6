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


@dataclass(frozen=True, slots=True)
class Pulse:
    """Signs of life, nanoseconds UTC; None where there has never been one.

    `filled` is the part (0-1) of the sources' history that is in while it is being filled, else None.
    `evaluated_ns` is the last pass of the alarm evaluation, `evaluation_due_ns` when the next one was to follow.
    """

    clock_ns: int
    newest_reading_ns: int | None
    heartbeat_ns: int | None
    filled: float | None
    evaluated_ns: int | None
    evaluation_due_ns: int | None


_PULSE = """
select clock_timestamp() as clock,
       (select max(ts) from sensor_latest) as newest_reading,
       (select max(heartbeat_at) from service_instances) as heartbeat,
       (select sum(fill_done)::float8 / sum(fill_total) from data_sources
         where enabled and fill_total > 0 having sum(fill_done) < sum(fill_total)) as filled,
       (select evaluated_at from alarm_evaluation) as evaluated, (select next_at from alarm_evaluation) as due
"""


async def pulse(db: Database) -> Pulse:
    """The database's clock, its newest reading, the newest heartbeat of any service instance, its last evaluation."""
    row = await db.fetchrow(_PULSE)
    assert row is not None
    newest, heartbeat, evaluated, due = (row[name] for name in ("newest_reading", "heartbeat", "evaluated", "due"))
    return Pulse(
        clock_ns=to_ns(row["clock"]),
        newest_reading_ns=newest and to_ns(newest),
        heartbeat_ns=heartbeat and to_ns(heartbeat),
        filled=row["filled"],
        evaluated_ns=evaluated and to_ns(evaluated),
        evaluation_due_ns=due and to_ns(due),
    )


async def lost_sources(db: Database) -> tuple[str, ...]:
    """Names of the enabled data sources that give nothing."""
    rows = await db.fetch("select name from data_sources where enabled and state in ('lost', 'failed') order by name")
    return tuple(row["name"] for row in rows)
