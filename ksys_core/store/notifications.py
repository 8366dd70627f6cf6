"""The messages of the routes: what has become due, what is to be sent now, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.i18n import Language
from ksys_core.store.pool import Database

MOST_AT_ONCE: Final = 500
TRIES: Final = 6
FIRST_WAIT_S: Final = 30
"""Wait after the first failure; it doubles with each."""

# An alarm waits since the newest entry of its journal that made it unacknowledged: it was activated, sounded again,
# came back from a shelf, from suppression or into service, or its acknowledgement was withdrawn. Each is told once.
# The conditions are those of the index alarm_events_sounded.
_ENQUEUE: Final = """
with waiting as materialized (
  select a.alarm_id, a.occurrence, e.event_id, e.detected_ts
    from alarms a cross join lateral (
      select event_id, detected_ts from alarm_events b
       where b.alarm_id = a.alarm_id and b.occurrence = a.occurrence and b.isa_to in ('UNACK', 'LUNACK')
         and b.kind in ('ACT', 'RALM', 'SHLVEND', 'UNSUPR', 'INSRV', 'UNACK')
       order by b.event_id desc limit 1) e
   where a.isa_state in ('UNACK', 'LUNACK') and exists (select from notification_routes where enabled))
insert into notifications (route_id, alarm_id, occurrence, event_id, due_at, next_try_at)
select r.route_id, a.alarm_id, a.occurrence, a.event_id, w.due, w.due
  from waiting a join alarm_definitions d using (alarm_id) join sensors s using (sensor_id)
  join notification_routes r on r.enabled and d.priority = any(r.priorities)
   and (r.area = '' or s.area = r.area or starts_with(s.area, r.area || '/')),
       lateral (select a.detected_ts + make_interval(secs => coalesce(r.after_s, r.after_share
                * coalesce(d.response_s, case d.priority when 1 then 180 when 2 then 600 else 1800 end))) as due) w
 where w.due <= $1::timestamptz and w.due > greatest(r.since, $1::timestamptz - interval '1 day')
on conflict (route_id, alarm_id, event_id) do nothing
"""
# What nobody needs to be told any more, or is told anew.
_CANCEL: Final = """
update notifications n set state = 'cancelled', finished_at = $1::timestamptz
  from alarms a, notification_routes r
 where n.state = 'waiting' and a.alarm_id = n.alarm_id and r.route_id = n.route_id
   and (a.isa_state not in ('UNACK', 'LUNACK') or a.occurrence <> n.occurrence or not r.enabled
        or exists (select from notifications m where m.route_id = n.route_id and m.alarm_id = n.alarm_id
                      and m.event_id > n.event_id))
"""
_CLAIM: Final = """
with due as (
  select n.notification_id from notifications n join notification_routes r using (route_id)
    left join alarm_definitions d using (alarm_id),
         lateral (select ($1::timestamptz at time zone $2)::time as clock) t
   where (n.state = 'waiting' and n.next_try_at <= $1::timestamptz
          or n.state = 'sending' and n.claimed_at < $1::timestamptz - interval '3 minutes')
     and (n.alarm_id is null or r.quiet_from is null or d.priority <= r.quiet_least
          or not case when r.quiet_from < r.quiet_to then t.clock >= r.quiet_from and t.clock < r.quiet_to
                      else t.clock >= r.quiet_from or t.clock < r.quiet_to end)
   order by d.priority nulls first, n.notification_id limit $3 for update of n skip locked),
taken as (
  update notifications n set state = 'sending', attempts = attempts + 1, claimed_at = $1::timestamptz
    from due where n.notification_id = due.notification_id returning n.*)
select t.notification_id, t.route_id, r.address, r.language, t.attempts, t.due_at, d.priority, s.tag, s.description,
       s.area, s.unit, s.decimals, d.kind, a.value, a.limit_value, a.active_since, d.action
  from taken t join notification_routes r using (route_id)
  left join alarms a using (alarm_id) left join alarm_definitions d using (alarm_id)
  left join sensors s on s.sensor_id = d.sensor_id
 order by t.route_id, d.priority, a.active_since, t.notification_id
"""
_FINISH: Final = """
update notifications set
  state = case when $2 = '' then 'sent' when attempts >= $4 then 'failed' else 'waiting' end,
  finished_at = case when $2 = '' or attempts >= $4 then $3::timestamptz end, error = $2,
  next_try_at = $3::timestamptz + make_interval(secs => $5 * power(2, attempts - 1))
 where notification_id = any($1)
"""
_LOG: Final = """
select n.notification_id, n.route_id, r.name as route, n.state, n.due_at, n.next_try_at, n.attempts, n.finished_at,
       n.error, s.tag, d.kind, d.priority, n.requested_by
  from notifications n join notification_routes r using (route_id)
  left join alarm_definitions d using (alarm_id) left join sensors s on s.sensor_id = d.sensor_id
 order by n.notification_id desc limit $1
"""
_TRIM: Final = "delete from notifications where finished_at < $1::timestamptz - interval '90 days'"


@dataclass(frozen=True, slots=True)
class Message:
    """One alarm to be told over one route now (`tag` None: a test). Times in ns."""

    notification_id: int
    route_id: int
    address: str
    language: Language
    attempts: int
    due: int
    priority: int | None
    tag: str | None
    description: dict[str, str]
    area: str | None
    unit: str | None
    decimals: int | None
    kind: str | None
    value: float | None
    limit: float | None
    since: int | None
    action: dict[str, str]

    def __repr__(self) -> str:  # the address is a secret
        return f"Message({self.notification_id}, route {self.route_id})"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as the log shows it. Times in ns; `tag` None: a test."""

    notification_id: int
    route_id: int
    route: str
    state: str
    due: int
    next_try: int
    attempts: int
    finished: int | None
    error: str
    tag: str | None
    kind: str | None
    priority: int | None
    requested_by: str


async def enqueue(db: Database, now_ns: int) -> None:
    """A message for each alarm due at a route, once each time it sounds; what is acknowledged since is cancelled."""
    now = to_datetime(now_ns)
    async with db.transaction() as connection:
        added = await connection.execute(_ENQUEUE, now)
        cancelled = await connection.execute(_CANCEL, now)
        if not (added.endswith(" 0") and cancelled.endswith(" 0")):
            await connection.execute("select ksys_notify('notifications')")


async def claim(db: Database, now_ns: int, zone: str) -> list[Message]:
    """What is to be sent now, by route; quiet hours are judged in `zone`."""
    rows = await db.fetch(_CLAIM, to_datetime(now_ns), zone, MOST_AT_ONCE)
    return [_message(dict(row)) for row in rows]


async def finish(db: Database, ids: Sequence[int], error: str, now_ns: int) -> None:
    """Note that messages were sent (`error` empty) or why not; they are tried again until `TRIES`."""
    async with db.transaction() as connection:
        await connection.execute(_FINISH, list(ids), error, to_datetime(now_ns), TRIES, float(FIRST_WAIT_S))
        await connection.execute("select ksys_notify('notifications')")


async def log(db: Database, limit: int = 200) -> list[Sent]:
    """The newest messages."""
    found = []
    for row in await db.fetch(_LOG, limit):
        values = dict(row)
        values["due"], values["next_try"] = to_ns(values.pop("due_at")), to_ns(values.pop("next_try_at"))
        finished = values.pop("finished_at")
        found.append(Sent(**values, finished=None if finished is None else to_ns(finished)))
    return found


async def trim(db: Database, now_ns: int) -> None:
    """Forget messages older than three months."""
    await db.execute(_TRIM, to_datetime(now_ns))


def _message(row: dict[str, Any]) -> Message:
    since = row.pop("active_since")
    return Message(
        due=to_ns(row.pop("due_at")),
        since=None if since is None else to_ns(since),
        limit=row.pop("limit_value"),
        description=json.loads(row.pop("description") or "{}"),
        action=json.loads(row.pop("action") or "{}"),
        **row,
    )
