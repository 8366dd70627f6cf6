"""Rules of suppression by design for those who write them: validated, previewed, approved. The database decides."""

from __future__ import annotations

from ksys_core.domain.alarms.rules import NewRule, condition_of
from ksys_core.store import alarms_rules, virtual
from ksys_core.store.alarms_rules import (
    Rule,
    RuledAlarm,
    alarms_named,
    all_rules,
    approve,
    enable,
    permit_own_approval,
    suppressed_by,
)
from ksys_core.store.pool import Database

__all__ = ["NewRule", "Rule", "RuledAlarm", "alarms_named", "all_rules", "approve", "enable", "permit_own_approval",
           "preview", "save", "suppressed_by"]  # fmt: skip


async def preview(db: Database, rule: NewRule) -> tuple[RuledAlarm, ...]:
    """The alarms that the rule would hide, by priority.

    Raises:
        KnownError: something it names does not exist, or its condition is no formula over present values.
    """
    rule.check()
    condition_of(rule.condition, tuple(await virtual.all_tags(db)))
    await alarms_rules.refuse_unknown(db, rule)
    return await suppressed_by(db, rule)


async def save(db: Database, rule: NewRule, station: str, *, rule_id: int | None = None, version: int = 0) -> int:
    """Check and store a new rule, or another version of `rule_id` that is still at `version`; gives its number.

    What was approved is not any more: it acts again once someone has approved this version.

    Raises:
        KnownError: as in `preview`; or someone else has changed the rule since.
    """
    await preview(db, rule)
    return await alarms_rules.save(db, rule, station, rule_id=rule_id, version=version)
