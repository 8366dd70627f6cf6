"""Rules of suppression by design: a condition over tags, what it hides, and how it stands from reading to reading.

Doubt speaks for the alarm: a rule one of whose inputs is bad, stale or missing does not suppress.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ksys_core.domain.alarms.columns import UNSEEN, IndexArray, NsArray
from ksys_core.domain.alarms.definition import Texts
from ksys_core.domain.expression_parser import parse
from ksys_core.domain.expression_values import evaluate
from ksys_core.domain.expressions import Expression, ExpressionError
from ksys_core.domain.quality import BAD, usable
from ksys_core.domain.series import Series
from ksys_core.errors import KnownError
from ksys_core.i18n import N_

LONGEST_HOLD_OFF_S: Final = 86_400.0
LONGEST_TITLE: Final = 200
_FOREVER_S: Final = 1e9
"""Gap limit of the evaluation: how old a reading may be is decided by each tag's own staleness."""

RuleStatus = Literal["off", "on", "holding", "lost", "broken"]


@dataclass(frozen=True, slots=True)
class NewRule:
    """What an engineer writes. A rule hides the alarms of the areas (and below), tags, groups and ids it names.

    Attributes:
        title: by language. condition: a formula without windows; a value other than 0 suppresses.
        hold_off_s: seconds for which it suppresses on after its condition has ended.
    """

    title: Texts
    condition: str
    areas: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    alarm_ids: tuple[int, ...] = ()
    hold_off_s: float = 60.0
    owner: str = ""

    def check(self) -> None:
        """Raise `KnownError` for what cannot be a rule, whatever tags there are."""
        if not any(text.strip() for text in self.title.values()):
            raise KnownError("rules.title", N_("Please give the rule a title."))
        if any(len(text) > LONGEST_TITLE for text in (*self.title.values(), self.owner)):
            raise KnownError("rules.long", N_("Titles and names have at most {most} characters."), most=LONGEST_TITLE)
        if any("\0" in text for text in (*self.title.values(), self.owner, *self.areas, *self.tags, *self.groups)):
            raise KnownError("alarm.text", N_("The text has a character that cannot be stored."))
        if not 0 <= self.hold_off_s <= LONGEST_HOLD_OFF_S:
            raise KnownError("rules.hold_off", N_("The hold-off must lie between 0 and 86400 seconds."))
        if not (self.areas or self.tags or self.groups or self.alarm_ids):
            raise KnownError("rules.nothing", N_("Name an area, a tag, a group or an alarm that the rule suppresses."))


def condition_of(text: str, known_tags: tuple[str, ...] | None = None) -> Expression:
    """The formula of a rule; raises `ExpressionError` for mistakes, unknown tags, windows, and one without any tag."""
    found = parse(text, known_tags)
    if found.reach_s > 0:
        raise ExpressionError(
            "rules.window",
            N_("A rule looks at present values: put the window into a virtual tag and use that."),
        )
    if not found.tags:
        raise ExpressionError("rules.constant", N_("The condition names no tag: it would never change."))
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rule stands, since when (ns).

    `on` and `holding` (the condition has ended, the hold-off runs) suppress; `lost`: an input is bad or stale;
    `broken`: the condition cannot be understood any more, such as when a tag is gone.
    """

    status: RuleStatus = "off"
    since: int = UNSEEN

    @property
    def suppresses(self) -> bool:
        return self.status in ("on", "holding")

    def after(self, t: int, truth: bool | None, hold_off: int) -> Standing:
        """Standing once the condition is known to be true, false or unknown (None) at `t`; `hold_off` in ns.

        What is not later than `since` is accounted for and changes nothing.
        """
        if t <= self.since or self.status == "broken":
            return self
        if truth is None:
            return self if self.status == "lost" else Standing("lost", t)
        if truth:
            return self if self.status == "on" else Standing("on", t)
        if self.status == "on" and hold_off > 0:
            return Standing("holding", t)
        if self.status == "holding":
            end = self.since + hold_off
            return Standing("off", end) if t >= end else self
        return self if self.status == "off" else Standing("off", t)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedRule:
    """A rule on given definitions: its formula (None: broken) and the rows it hides."""

    rule_id: int
    expression: Expression | None
    hold_off: int
    rows: IndexArray


@dataclass(frozen=True, slots=True)
class Outlook:
    """Standings of all rules by id, and the instants at which the set of suppressing ones changed."""

    standings: Mapping[int, Standing]
    changes: tuple[tuple[int, frozenset[int]], ...]

    @property
    def suppressing(self) -> frozenset[int]:
        return _suppressing(self.standings)


def outlook(
    rules: tuple[PlacedRule, ...], standings: Mapping[int, Standing], inputs: Mapping[str, Series], grid: NsArray
) -> Outlook:
    """Judge every rule at each instant of `grid` (ns, rising).

    Args:
        standings: those so far; a rule without one is off.
        inputs: readings of the tags the rules name, with the ones that precede `grid`, BAD where a tag went stale.
    """
    truths = {rule.rule_id: _truths(rule, inputs, grid) for rule in rules}
    now = {rule.rule_id: standings.get(rule.rule_id, Standing()) for rule in rules}
    suppressing = _suppressing(now)
    changes = []
    for place, t in enumerate(grid.tolist()):
        for rule in rules:
            now[rule.rule_id] = now[rule.rule_id].after(t, truths[rule.rule_id][place], rule.hold_off)
        if _suppressing(now) != suppressing:
            suppressing = _suppressing(now)
            changes.append((t, suppressing))
    return Outlook(now, tuple(changes))


def _suppressing(standings: Mapping[int, Standing]) -> frozenset[int]:
    return frozenset(rule_id for rule_id, standing in standings.items() if standing.suppresses)


def _truths(rule: PlacedRule, inputs: Mapping[str, Series], grid: NsArray) -> list[bool | None]:
    if rule.expression is None:
        return [None] * len(grid)
    known = {tag: inputs.get(tag, Series.empty()) for tag in rule.expression.tags}
    values = evaluate(rule.expression, grid, known, _FOREVER_S)
    certain = usable(values.quality)
    return [bool(v != 0) if c else None for v, c in zip(values.v.tolist(), certain.tolist(), strict=True)]


def with_staleness(series: Series, stale_after: int) -> Series:
    """`series` with a BAD reading where it went stale: `stale_after` ns after a reading whose next one came later."""
    gone = np.flatnonzero(np.diff(series.t) > stale_after)
    if not len(gone):
        return series
    return Series(
        np.insert(series.t, gone + 1, series.t[gone] + stale_after + 1),
        np.insert(series.v, gone + 1, np.nan),
        np.insert(series.quality, gone + 1, np.uint8(BAD)),
    )
