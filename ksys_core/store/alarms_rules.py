"""Rules of suppression by design: the rows of ``alarm_rules``, and how the service sees each."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Final

import asyncpg

from ksys_core.domain.alarms.columns import UNSEEN
from ksys_core.domain.alarms.rules import NewRule, RuleStatus, Standing
from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store.alarms_desk import checked_reason, checked_text
from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database

_COLUMNS: Final = """
r.rule_id, r.title, r.condition, r.areas, r.tags, r.groups, r.alarm_ids, r.hold_off_s, r.owner, r.enabled, r.version,
r.approved_by, r.approved_at, r.written_by, r.updated_at, s.status, s.since, s.detail
  from alarm_rules r left join alarm_rule_states s on s.rule_id = r.rule_id and s.version = r.version
"""
_ALL: Final = f"select {_COLUMNS} order by r.rule_id"
_ACTING: Final = f"select {_COLUMNS} where r.enabled and r.approved_by is not null order by r.rule_id"
_SUPPRESSED: Final = """
select d.alarm_id, s.tag, d.kind, d.label, s.area, d.priority, d.class, d.group_name
  from alarm_definitions d join sensors s using (sensor_id)
 where d.enabled and s.enabled
   and (d.alarm_id = any($1::int[]) or s.tag = any($2::text[])
        or (d.group_name <> '' and d.group_name = any($3::text[]))
        or exists (select from unnest($4::text[]) a where s.area = a or starts_with(s.area, a || '/')))
 order by d.priority, s.tag, d.kind, d.label
"""
# Each way to name alarms by itself, so that one that a rule does not use costs nothing.
_HIDDEN: Final = """
select r.rule_id, array(
         select unnest(r.alarm_ids)
         union select d.alarm_id from sensors s join alarm_definitions d using (sensor_id) where s.tag = any(r.tags)
         union select d.alarm_id from alarm_definitions d
                where cardinality(r.groups) > 0 and d.group_name <> '' and d.group_name = any(r.groups)
         union select d.alarm_id from sensors s join alarm_definitions d using (sensor_id)
                where cardinality(r.areas) > 0
                  and exists (select from unnest(r.areas) a where s.area = a or starts_with(s.area, a || '/'))) as ids
  from alarm_rules r where r.enabled and r.approved_by is not null
"""
_UNKNOWN: Final = """
select (select array_agg(t) from unnest($1::text[]) t where not exists (select from sensors where tag = t)),
       (select array_agg(g) from unnest($2::text[]) g
         where g = '' or not exists (select from alarm_definitions where group_name = g)),
       (select array_agg(a) from unnest($3::text[]) a
         where a = '' or not exists (select from sensors where area = a or starts_with(area, a || '/'))),
       (select array_agg(i) from unnest($4::int[]) i
         where not exists (select from alarm_definitions where alarm_id = i))
"""
_NAMED: Final = """
select * from (
  select d.alarm_id, concat_ws(' ', s.tag, d.kind, nullif(d.label, '')) as name
    from alarm_definitions d join sensors s using (sensor_id)
   where exists (select from unnest($1::text[]) n where starts_with(n, s.tag || ' '))) named
 where name = any($1::text[])
"""
_KEEP: Final = """
insert into alarm_rule_states as k (rule_id, version, status, since, detail)
select u.* from unnest($1::int[], $2::int[], $3::text[], $4::timestamptz[], $5::text[])
                  as u(rule_id, version, status, since, detail) join alarm_rules using (rule_id)
on conflict (rule_id) do update
   set version = excluded.version, status = excluded.status, since = excluded.since, detail = excluded.detail
"""
_FORGET: Final = "delete from alarm_rule_states where rule_id <> all($1::int[])"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is stored; times in ns.

    Attributes:
        version: counts changes; an approval is about one version, which `written_by` wrote.
        standing: how the service sees it, None while it does not act. detail: its inputs' values.
    """

    rule_id: int
    content: NewRule
    enabled: bool
    version: int
    approved_by: str | None
    approved_at: int | None
    written_by: str
    updated_at: int
    standing: Standing | None
    detail: str

    @property
    def acts(self) -> bool:
        return self.enabled and self.approved_by is not None


@dataclass(frozen=True, slots=True)
class RuledAlarm:
    """An alarm that a rule hides."""

    alarm_id: int
    tag: str
    kind: str
    label: str
    area: str
    priority: int
    alarm_class: str
    group: str


async def all_rules(db: Database) -> tuple[Rule, ...]:
    """Every rule, by number."""
    return tuple(_rule(row) for row in await db.fetch(_ALL))


async def acting_rules(connection: Connection) -> tuple[Rule, ...]:
    """Rules that are approved and enabled, by number."""
    return tuple(_rule(row) for row in await connection.fetch(_ACTING))


async def suppressed_by(db: Database, rule: NewRule) -> tuple[RuledAlarm, ...]:
    """The alarms the rule would hide, by priority."""
    rows = await db.fetch(_SUPPRESSED, list(rule.alarm_ids), list(rule.tags), list(rule.groups), list(rule.areas))
    return tuple(RuledAlarm(*row) for row in rows)


async def alarms_named(db: Database, names: Collection[str]) -> tuple[int, ...]:
    """Ids of alarms by ``"TAG KIND"`` (and the label, where there is one), in this order.

    Raises:
        KnownError: there is no such alarm.
    """
    found = {row["name"]: row["alarm_id"] for row in await db.fetch(_NAMED, list(names))}
    for name in names:
        if name not in found:
            raise KnownError("rules.alarm", N_("There is no alarm {name}. Write tag and kind: FEED_FLOW L."), name=name)
    return tuple(found[name] for name in names)


async def refuse_unknown(db: Database, rule: NewRule) -> None:
    """Raise `KnownError` for the first tag, group, area or alarm of the rule that does not exist."""
    targets = list(rule.tags), list(rule.groups), list(rule.areas), list(rule.alarm_ids)
    row = await db.fetchrow(_UNKNOWN, *targets)
    missing = [str(name) for names in (row or ()) for name in names or ()]
    if missing:
        raise KnownError(
            "rules.target", N_("There is no tag, group, area or alarm {name} to suppress."), name=missing[0]
        )


async def save(db: Database, rule: NewRule, station: str, *, rule_id: int | None = None, version: int = 0) -> int:
    """Store a new rule, or another version of `rule_id` that is still at `version`; gives its number."""
    given = json.dumps(asdict(rule))
    for text in (*rule.title.values(), rule.owner, *rule.areas, *rule.tags, *rule.groups, station):
        checked_text(text)
    return int(await db.fetchval("select alarm_rule_save($1, $2, $3, $4)", rule_id, version, given, station))


async def approve(db: Database, rule_id: int, version: int, station: str) -> bool:
    """Approve the version that was displayed; False when it is approved already.

    Raises:
        KnownError: the approver wrote it, and the site does not permit that.
    """
    return bool(await db.fetchval("select alarm_rule_approve($1, $2, $3)", rule_id, version, station))


async def permit_own_approval(db: Database, permitted: bool, reason: str, station: str) -> bool:
    """Permit people to approve their own rules, or refuse it again; False when it is so already."""
    given = permitted, checked_reason(reason), station
    return bool(await db.fetchval("select alarm_rule_permit_own_approval($1, $2, $3)", *given))


async def enable(db: Database, rule_id: int, enabled: bool, reason: str, station: str) -> bool:
    """Put a rule to work or to rest; False when it is so already."""
    return bool(
        await db.fetchval("select alarm_rule_enable($1, $2, $3, $4)", rule_id, enabled, checked_reason(reason), station)
    )


async def keep_standings(
    connection: Connection, versions: Mapping[int, int], standings: Mapping[int, Standing], details: Mapping[int, str]
) -> None:
    """Write how the acting rules stand, and forget those that act no longer."""
    ids = list(standings)
    await connection.execute(
        _KEEP,
        ids,
        [versions[rule_id] for rule_id in ids],
        [standings[rule_id].status for rule_id in ids],
        [None if standings[i].since == UNSEEN else to_datetime(standings[i].since) for i in ids],
        [details.get(rule_id, "") for rule_id in ids],
    )
    await connection.execute(_FORGET, ids)
    await connection.execute("select ksys_notify('alarm_modes')")


async def rule_alarms(connection: Connection) -> dict[int, list[int]]:
    """The alarms that each acting rule hides, by rule."""
    return {row["rule_id"]: row["ids"] for row in await connection.fetch(_HIDDEN)}


def _rule(row: asyncpg.Record) -> Rule:
    status: RuleStatus | None = row["status"]
    content = NewRule(
        title=json.loads(row["title"]),
        condition=row["condition"],
        hold_off_s=row["hold_off_s"],
        owner=row["owner"],
        **{name: tuple(row[name]) for name in ("areas", "tags", "groups", "alarm_ids")},
    )
    return Rule(
        rule_id=row["rule_id"],
        content=content,
        enabled=row["enabled"],
        version=row["version"],
        approved_by=row["approved_by"],
        approved_at=row["approved_at"] and to_ns(row["approved_at"]),
        written_by=row["written_by"],
        updated_at=to_ns(row["updated_at"]),
        standing=status and Standing(status, UNSEEN if row["since"] is None else to_ns(row["since"])),
        detail=row["detail"] or "",
    )
