"""The key figures as a table with targets and verdicts: one for the screen, the command and the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ksys_core.i18n import N_
from ksys_core.services.alarms_kpis import AlarmKpis

Verdict = Literal["good", "manageable", "above", "unknown"]
VERDICTS: Final[dict[Verdict, str]] = {
    "good": N_("Good"),
    "manageable": N_("Manageable"),
    "above": N_("Above the target"),
    "unknown": N_("Not known"),
}
MATURITY: Final = {
    "predictive": N_("predictive"),
    "robust": N_("robust"),
    "stable": N_("stable"),
    "reactive": N_("reactive"),
    "overloaded": N_("overloaded"),
}
MIX_TARGETS: Final = {1: "5", 2: "15", 3: "80 (3 + 4)", 4: ""}
"""Percent of annunciations and of configured alarms by priority."""


@dataclass(frozen=True, slots=True)
class Target:
    """Up to `acceptable` (below it when `strict`) is good, up to `manageable` is manageable."""

    acceptable: float
    manageable: float | None = None
    strict: bool = False

    @property
    def text(self) -> str:
        if not self.acceptable:
            return "0"
        return f"{'<' if self.strict else '≤'} {self.acceptable:g}"

    @property
    def manageable_text(self) -> str:
        return "" if self.manageable is None else f"≤ {self.manageable:g}"

    def verdict(self, value: float | None) -> Verdict:
        if value is None:
            return "unknown"
        if value < self.acceptable or (value == self.acceptable and not self.strict):
            return "good"
        return "manageable" if self.manageable is not None and value <= self.manageable else "above"


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure; `title` is English, marked for translation. `value` None: there is nothing to tell it from."""

    title: str
    value: float | None
    decimals: int
    target: Target

    @property
    def verdict(self) -> Verdict:
        return self.target.verdict(self.value)


def figures(found: AlarmKpis) -> tuple[Figure, ...]:
    """Every key figure after ISA-18.2 and EEMUA 191 that has a target."""
    rates = found.rates
    acknowledged = [each.p95 for each in found.ack_share.values() if each.p95 is not None]
    given = (
        (N_("Annunciations a day"), rates.per_day, 1, Target(150, 300)),
        (N_("Annunciations an hour"), rates.per_hour, 2, Target(6, 12)),
        (N_("Annunciations in 10 minutes"), rates.per_10min, 2, Target(1, 2)),
        (N_("Hours with more than 30, %"), rates.hours_over_30, 2, Target(1, strict=True)),
        (N_("10 minutes with more than 10, %"), rates.buckets_over_10, 2, Target(1, strict=True)),
        (N_("Most in 10 minutes"), rates.peak, 0, Target(10)),
        (N_("Most in an hour"), rates.peak_hour, 0, Target(15)),
        (N_("Most in a minute"), rates.peak_minute, 0, Target(2)),
        (N_("Floods"), len(found.floods), 0, Target(0)),
        (N_("Time in floods, %"), found.in_flood, 2, Target(1, strict=True)),
        (N_("Most in 10 minutes after an upset"), found.after_upset, 0, Target(10, 20, strict=True)),
        (N_("Due to the ten most frequent, %"), found.top_load, 1, Target(5)),
        (N_("Chattering alarms"), len(found.chattering), 0, Target(0)),
        (N_("Fleeting alarms"), len(found.fleeting), 0, Target(0)),
        (N_("Stale alarms, most on a day"), found.stale, 0, Target(5, strict=True)),
        (N_("Standing alarms, mean"), found.standing, 1, Target(10, strict=True)),
        (N_("Shelved alarms, mean"), found.shelved, 1, Target(30, strict=True)),
        (N_("Suppressions without leave"), found.unauthorised.suppressions, 0, Target(0)),
        (N_("Changes without a change request"), found.unauthorised.changes, 0, Target(0)),
        (N_("Acknowledged after % of the time to respond (95 %)"), max(acknowledged, default=None), 1,
         Target(10, strict=True)),
    )  # fmt: skip
    return tuple(
        Figure(title, None if value is None else float(value), decimals, target)
        for title, value, decimals, target in given
    )
