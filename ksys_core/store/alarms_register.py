"""What key figures need beside the journal: the alarms that are configured, what was done without leave, upsets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import NsArray
from ksys_core.domain.alarms.reasons import reason_words
from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.pool import Database

_WITHIN: Final = "($1::text is null or area = $1 or starts_with(area, $1 || '/'))"
_CONFIGURED: Final = f"""
select d.alarm_id, d.priority, d.response_s from alarm_definitions d join sensors s using (sensor_id)
 where d.enabled and {_WITHIN}
"""  # noqa: S608 - a constant
_UNAUTHORISED: Final = f"""
with entries as (
  select reason from alarm_events where source_ts >= $2 and source_ts < $3 and kind = 'SUPR' and {_WITHIN}
), without_permit as (
  select a.alarm_id from alarms a join alarm_definitions d using (alarm_id) join sensors s using (sensor_id)
   where a.out_of_service and btrim(a.oos_permit) = '' and {_WITHIN}
     and exists (select from alarm_events e
                  where e.alarm_id = a.alarm_id and e.kind = 'OOS' and e.source_ts >= $2 and e.source_ts < $3)
)
select (select count(*) from entries where btrim(reason) = '') + (select count(*) from without_permit) + c.disabled
         as suppressions, c.changed as changes
  from alarm_unauthorised_changes($2, $3, $1) c
"""  # noqa: S608 - a constant
# What is hidden now, since the entry that hid it. Too old: suppressed or shelved for over a day, or past its review.
_HIDDEN: Final = f"""
select a.alarm_id, a.isa_state, e.source_ts as since,
       case a.isa_state when 'SHLVD' then a.shelved_by when 'OOSRV' then a.oos_by else e.actor end as by_whom,
       case a.isa_state when 'SHLVD' then a.shelved_reason when 'OOSRV' then a.oos_reason
                        else a.suppressed_reason end as reason,
       case a.isa_state when 'SHLVD' then a.shelved_until when 'OOSRV' then a.oos_review end as until,
       coalesce(case when a.isa_state = 'OOSRV' then a.oos_review < $2
                     else e.source_ts < $2::timestamptz - interval '1 day' end, false) as too_old
  from alarms a join alarm_definitions d using (alarm_id) join sensors s using (sensor_id)
  left join lateral (
    select source_ts, actor from alarm_events b where b.alarm_id = a.alarm_id
       and b.kind = case a.isa_state when 'SHLVD' then 'SHLV' when 'OOSRV' then 'OOS' else 'SUPR' end
     order by b.source_ts desc, b.event_id desc limit 1) e on true
 where a.isa_state in ('SHLVD', 'DSUPR', 'OOSRV') and {_WITHIN} order by e.source_ts, a.alarm_id
"""  # noqa: S608 - a constant
_FIRST: Final = "select min(source_ts) from alarm_events"
_UPSETS: Final = f"""
select ts_from from (
  select e.ts_from, coalesce(s.area, e.area) as area
    from labelled_events e left join sensors s using (sensor_id)) upsets
 where ts_from >= $2 and ts_from < $3 and {_WITHIN} order by ts_from
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Register:
    """The enabled alarms: priority (1-4), and the maximum time to respond in seconds of those that have one."""

    priority: Mapping[int, int]
    response_s: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Unauthorised:
    """What was done without a rule, permit or change request.

    Attributes:
        suppressions: suppressed without a rule's reason, disabled without a change request, and what is out of service
            without a permit.
        changes: other changes of definitions, and of limits, that name no change request.
    """

    suppressions: int
    changes: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """An alarm that is shelved, suppressed or out of service.

    Attributes:
        state: SHLVD, DSUPR or OOSRV. since, until: ns; `until` is the end of the shelf or the date of the review.
        too_old: shelved or suppressed for over a day, or past its review.
    """

    alarm: int
    state: str
    since: int | None
    by: str
    reason: str
    until: int | None
    too_old: bool

    @property
    def reason_words(self) -> str:
        """Of a suppression in the reader's language; what a person has typed stays as it is."""
        return reason_words(self.reason) if self.state == "DSUPR" else self.reason


async def hidden(db: Database, now: int, area: str | None = None) -> list[Hidden]:
    """What is hidden now, oldest first."""
    return [
        Hidden(
            row["alarm_id"],
            row["isa_state"],
            None if row["since"] is None else to_ns(row["since"]),
            row["by_whom"] or "",
            row["reason"],
            None if row["until"] is None else to_ns(row["until"]),
            row["too_old"],
        )
        for row in await db.fetch(_HIDDEN, area, to_datetime(now))
    ]


async def configured(db: Database, area: str | None = None) -> Register:
    """The enabled alarms of one area (None: all)."""
    rows = await db.fetch(_CONFIGURED, area)
    return Register(
        {row["alarm_id"]: row["priority"] for row in rows},
        {row["alarm_id"]: row["response_s"] for row in rows if row["response_s"] is not None},
    )


async def unauthorised(db: Database, start: int, stop: int, area: str | None = None) -> Unauthorised:
    """Counts of ``[start, stop)`` (ns)."""
    row = await db.fetchrow(_UNAUTHORISED, area, to_datetime(start), to_datetime(stop))
    assert row is not None
    return Unauthorised(row["suppressions"], row["changes"])


async def journal_begin(db: Database) -> int | None:
    """Time of the oldest entry (ns); None while the journal is empty."""
    first = await db.fetchval(_FIRST)
    return None if first is None else to_ns(first)


async def upsets(db: Database, start: int, stop: int, area: str | None = None) -> NsArray:
    """int64[k]: when the labelled events of ``[start, stop)`` began, rising."""
    rows = await db.fetch(_UPSETS, area, to_datetime(start), to_datetime(stop))
    return np.array([to_ns(row["ts_from"]) for row in rows], np.int64)
