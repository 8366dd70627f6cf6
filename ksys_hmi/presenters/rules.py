"""Presenter of suppression by design: rules, what the chosen one hides, and areas under maintenance."""

from __future__ import annotations

import platform
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ksys_core.errors import KnownError
from ksys_core.i18n import tr
from ksys_core.services import alarms_modes, alarms_rules
from ksys_core.services.alarms_kpis import alarm_names
from ksys_core.services.alarms_modes import Maintenance
from ksys_core.services.alarms_rules import NewRule, Rule, RuledAlarm
from ksys_hmi.models.area_roll_up import area_paths
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

__all__ = ["Preview", "Rule", "RuleDraft", "RulesPresenter", "RulesState"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesState(PageState):
    """Attributes:
    chosen: number of the rule whose `alarms` are shown; None: no rule is chosen.
    areas: every area that may be put under maintenance.
    """

    rules: tuple[Rule, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    chosen: int | None = None
    alarms: tuple[RuledAlarm, ...] = ()
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as it is typed: targets by name, alarms as "TAG KIND"."""

    title: Mapping[str, str]
    condition: str
    areas: tuple[str, ...]
    tags: tuple[str, ...]
    groups: tuple[str, ...]
    alarms: tuple[str, ...]
    hold_off_s: float
    owner: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would hide, or why it cannot be a rule."""

    alarms: tuple[RuledAlarm, ...] = ()
    error: str = ""


class RulesPresenter(Presenter[RulesState]):
    """Follows what people write and what the service sees."""

    kinds = frozenset({"alarm_rules", "alarm_modes", "sensors"})
    period_s = 10.0  # the time that maintenance has left

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, RulesState())
        self._station = platform.node()

    async def load(self) -> RulesState:
        db, chosen = self.runtime.db, self.state.chosen
        rules = await alarms_rules.all_rules(db)
        rule = next((each for each in rules if each.rule_id == chosen), None)
        alarms = await alarms_rules.suppressed_by(db, rule.content) if rule else ()
        maintenance = await alarms_modes.maintenance(db)
        if chosen != self.state.chosen:
            return self.state  # another rule was chosen meanwhile; its load is under way
        return replace(
            self.state,
            loading=False,
            error="",
            rules=rules,
            maintenance=maintenance,
            alarms=alarms,
            areas=area_paths(self.runtime.sensors),
        )

    def choose(self, rule_id: int | None) -> None:
        """Show the alarms of this rule."""
        if rule_id != self.state.chosen:
            self.publish(replace(self.state, chosen=rule_id, alarms=()))
            self.refresh()

    async def draft_of(self, rule: Rule) -> RuleDraft:
        """The rule as it would be typed."""
        named = await alarm_names(self.runtime.db, rule.content.alarm_ids)
        content = rule.content
        return RuleDraft(
            content.title,
            content.condition,
            content.areas,
            content.tags,
            content.groups,
            tuple(name.short for _, name in sorted(named.items())),
            content.hold_off_s,
            content.owner,
        )

    async def preview(self, draft: RuleDraft) -> Preview:
        """What the draft would hide; a mistake is told, not raised."""
        try:
            return Preview(await alarms_rules.preview(self.runtime.db, await self._rule(draft)))
        except KnownError as error:
            return Preview(error=str(error))

    async def save(self, draft: RuleDraft, rule: Rule | None) -> str:
        """Store a new rule, or another version of `rule`; why it was refused, or "" when it came through."""
        old = (rule.rule_id, rule.version) if rule else (None, 0)
        try:
            made = await self._rule(draft)
            rule_id = await alarms_rules.save(self.runtime.db, made, self._station, rule_id=old[0], version=old[1])
        except KnownError as error:
            return str(error)
        self.publish(replace(self.state, chosen=rule_id))
        self.runtime.events.message.emit(
            tr("R{rule} is stored. It acts once another engineer has approved it.", rule=rule_id)
        )
        self.refresh()
        return ""

    def approve(self, rule: Rule) -> None:
        """Approve the version that is displayed."""

        async def work() -> str:
            done = await alarms_rules.approve(self.runtime.db, rule.rule_id, rule.version, self._station)
            said = tr("R{rule} is approved.", rule=rule.rule_id)
            return said if done else tr("R{rule} was approved already.", rule=rule.rule_id)

        self._do(work(), "approve a rule")

    def enable(self, rule: Rule, reason: str) -> None:
        """Switch the rule off when it is on, on when it is off."""

        async def work() -> str:
            await alarms_rules.enable(self.runtime.db, rule.rule_id, not rule.enabled, reason, self._station)
            text = tr("R{rule} is switched off.") if rule.enabled else tr("R{rule} is switched on.")
            return text.format(rule=rule.rule_id)

        self._do(work(), "switch a rule")

    def maintain(self, area: str, seconds: float, reason: str) -> None:
        """Put an area under maintenance."""

        async def work() -> str:
            await alarms_modes.start_maintenance(self.runtime.db, area, seconds, reason, self._station)
            return tr("Maintenance of {area} has begun.", area=area)

        self._do(work(), "start maintenance")

    def end_maintenance(self, maintenance: Maintenance, reason: str) -> None:
        """End it early."""

        async def work() -> str:
            await alarms_modes.end_maintenance(self.runtime.db, maintenance.maintenance_id, self._station, reason)
            return tr("Maintenance of {area} has ended.", area=maintenance.area)

        self._do(work(), "end maintenance")

    async def _rule(self, draft: RuleDraft) -> NewRule:
        ids = await alarms_rules.alarms_named(self.runtime.db, draft.alarms)
        return NewRule(
            dict(draft.title),
            draft.condition,
            draft.areas,
            draft.tags,
            draft.groups,
            ids,
            draft.hold_off_s,
            draft.owner,
        )

    def _do(self, call: Coroutine[Any, Any, str], name: str) -> None:
        async def work() -> None:
            self.runtime.events.message.emit(await call)
            self.refresh()

        self.runtime.spawn(work(), name)
