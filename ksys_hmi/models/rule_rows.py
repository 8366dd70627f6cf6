"""Columns of the rules, of the alarms that a rule hides, and of areas under maintenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.areas import area_title
from ksys_core.domain.alarms.columns import UNSEEN
from ksys_core.domain.times import SECOND
from ksys_core.i18n import N_, tr
from ksys_core.services.alarms_modes import Maintenance
from ksys_core.services.alarms_rules import Rule, RuledAlarm
from ksys_hmi.alarm_words import kind_word
from ksys_hmi.formats import format_age, format_day_time
from ksys_hmi.models.rows import Column, RowsModel

_STATUS: Final[Mapping[str, str]] = {
    "off": N_("does not suppress"),
    "on": N_("SUPPRESSES"),
    "holding": N_("SUPPRESSES, hold-off runs"),
    "lost": N_("does not suppress: an input is of no use"),
    "broken": N_("does not suppress: its condition cannot be understood"),
}
_CLASSES: Final[Mapping[str, str]] = {
    "process": N_("process"),
    "safety": N_("safety"),
    "environmental": N_("environment"),
    "quality": N_("quality"),
    "asset": N_("equipment"),
    "hma": N_("highly managed"),
}


def rule_status(rule: Rule) -> str:
    """How the rule stands, in words."""
    if rule.approved_by is None:
        return tr("not approved: does not act")
    if not rule.enabled:
        return tr("switched off")
    return tr("not judged yet") if rule.standing is None else tr(_STATUS[rule.standing.status])


def rule_targets(rule: Rule) -> str:
    """What it suppresses, in short."""
    content = rule.content
    parts = [area_title(area) for area in content.areas] + [*content.tags, *content.groups]
    if content.alarm_ids:
        parts.append(tr.plural("{n} alarm", "{n} alarms", len(content.alarm_ids)))
    return ", ".join(parts)


def rule_model(zone: ZoneInfo) -> RowsModel[Rule]:
    """Rules by number."""

    def since(rule: Rule) -> str:
        standing = rule.standing
        return "" if standing is None or standing.since == UNSEEN else format_day_time(standing.since, zone)

    def approval(rule: Rule) -> str:
        if rule.approved_by is None or rule.approved_at is None:
            return "-"
        said = f"{rule.approved_by}  {format_day_time(rule.approved_at, zone)}"
        return said if rule.approved_by != rule.written_by else said + tr(" (own rule)")

    columns: tuple[Column[Rule], ...] = (
        Column(N_("Rule"), lambda rule: f"R{rule.rule_id}"),
        Column(N_("State"), rule_status),
        Column(N_("Since then"), since),
        Column(N_("Inputs"), lambda rule: rule.detail),
        Column(N_("Title"), lambda rule: tr.pick(dict(rule.content.title))),
        Column(N_("Condition"), lambda rule: rule.content.condition),
        Column(N_("Suppresses"), rule_targets),
        Column(N_("Hold-off, s"), lambda rule: f"{rule.content.hold_off_s:g}", numeric=True),
        Column(N_("Owner"), lambda rule: rule.content.owner),
        Column(N_("Approved"), approval),
        Column(N_("Written by"), lambda rule: rule.written_by),
    )
    return RowsModel(columns, key=lambda rule: rule.rule_id)


def ruled_model() -> RowsModel[RuledAlarm]:
    """Alarms that a rule hides."""
    columns: tuple[Column[RuledAlarm], ...] = (
        Column(N_("P"), lambda alarm: str(alarm.priority), numeric=True),
        Column(N_("Tag"), lambda alarm: alarm.tag),
        Column(N_("Kind"), lambda alarm: alarm.kind, tooltip=lambda alarm: kind_word(alarm.kind)),
        Column(N_("Class"), lambda alarm: tr(_CLASSES.get(alarm.alarm_class, alarm.alarm_class))),
        Column(N_("Area"), lambda alarm: area_title(alarm.area)),
    )
    return RowsModel(columns, key=lambda alarm: alarm.alarm_id)


def maintenance_model(zone: ZoneInfo, now: Callable[[], int]) -> RowsModel[Maintenance]:
    """Areas under maintenance with the time that is left."""
    columns: tuple[Column[Maintenance], ...] = (
        Column(N_("Area"), lambda each: area_title(each.area)),
        Column(N_("Left"), lambda each: format_age((each.until - now()) / SECOND), numeric=True),
        Column(N_("Until"), lambda each: format_day_time(each.until, zone)),
        Column(N_("Begun"), lambda each: format_day_time(each.since, zone)),
        Column(N_("Who"), lambda each: each.by),
        Column(N_("Reason"), lambda each: each.reason),
    )
    return RowsModel(columns, key=lambda each: each.maintenance_id)
