"""What hides alarms by design at an instant, for the evaluator: acting rules and areas under maintenance."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from ksys_core.domain import quality
from ksys_core.domain.alarms.columns import NEVER, UNSEEN, Definitions, FlagArray, IndexArray
from ksys_core.domain.alarms.rules import Outlook, PlacedRule, Standing, condition_of, outlook, with_staleness
from ksys_core.domain.alarms.state import State
from ksys_core.domain.expressions import Expression, ExpressionError
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.series import Series
from ksys_core.domain.times import MINUTE, SECOND
from ksys_core.store import alarms_modes, alarms_rules
from ksys_core.store.alarms_evaluated import Loaded
from ksys_core.store.alarms_modes import Maintenance
from ksys_core.store.alarms_rules import Rule
from ksys_core.store.alarms_state import rows_of
from ksys_core.store.connection import Connection

Demands = list[tuple[int, FlagArray]]
AHEAD_NS: Final = 10 * MINUTE
"""A standing from further in the future than this comes from a clock that has been set back since."""
_CODES: Final = (quality.GOOD, quality.UNCERTAIN, quality.BAD, quality.BAD)


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What comes of some readings or of time: how rules stand, what they want when, and why not."""

    standings: Mapping[int, Standing]
    demands: Demands
    details: Mapping[int, str]
    changed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Suppression:
    """Rules and maintenance placed on the alarms that are evaluated; `standings` as of the newest judgement.

    Attributes:
        inputs: index of each followed tag in `Definitions.sensor_id`, by tag.
        maintenance: with the rows it hides.
        fresh: rules or maintenance were just read, and the database does not know yet what comes of them.
    """

    rules: tuple[Rule, ...] = ()
    placed: tuple[PlacedRule, ...] = ()
    inputs: Mapping[str, int] = field(default_factory=dict)
    maintenance: tuple[tuple[Maintenance, IndexArray], ...] = ()
    standings: Mapping[int, Standing] = field(default_factory=dict)
    fresh: bool = False

    def judge_time(self, loaded: Loaded, now: int) -> Judgement:
        """What it means that it is `now` (ns): inputs go stale, hold-offs and maintenance end."""
        state = loaded.state
        standings = {i: _not_ahead(standing, now) for i, standing in self.standings.items()}
        inputs = {tag: _present(loaded.definitions, state, index, now) for tag, index in self.inputs.items()}
        found = outlook(self.placed, standings, inputs, np.array([now], np.int64))
        wanted = self._mask(state, found.suppressing, now)
        return self._judgement(found, inputs, [] if np.array_equal(wanted, state.wanted) else [(now, wanted)])

    def judge_readings(self, loaded: Loaded, batch: ReadingBatch, now: int) -> Judgement:
        """What the readings of `batch` mean to the rules; `now` (ns) decides on maintenance."""
        state = loaded.state
        followed = loaded.definitions.sensor_id[list(self.inputs.values())]
        own = batch.only(np.isin(batch.sensor_id, followed))
        inputs = {tag: _news(loaded.definitions, state, index, own) for tag, index in self.inputs.items()}
        new = [series.t[series.t > state.last_t[self.inputs[tag]]] for tag, series in inputs.items()]
        found = outlook(self.placed, self.standings, inputs, np.unique(np.concatenate([*new, np.empty(0, np.int64)])))
        return self._judgement(found, inputs, [(t, self._mask(state, of, now)) for t, of in found.changes])

    def _judgement(self, found: Outlook, inputs: Mapping[str, Series], demands: Demands) -> Judgement:
        changed = self.fresh or dict(found.standings) != dict(self.standings)
        return Judgement(found.standings, demands, _details(self.placed, inputs) if changed else {}, changed)

    def _mask(self, state: State, suppressing: frozenset[int], now: int) -> FlagArray:
        """bool[n]: what these rules and the maintenance at `now` hide."""
        wanted = np.zeros(len(state.cond), np.bool_)
        for rule in self.placed:
            if rule.rule_id in suppressing:
                wanted[rule.rows] = True
        for maintenance, rows in self.maintenance:
            if maintenance.since <= now < maintenance.until:
                wanted[rows] = True
        return wanted

    def after(self, judgement: Judgement) -> Suppression:
        return replace(self, standings=judgement.standings, fresh=self.fresh and not judgement.changed)

    def maintenance_over(self, now: int) -> bool:
        return any(maintenance.until <= now for maintenance, _ in self.maintenance)

    async def keep(self, connection: Connection, judgement: Judgement) -> None:
        """Store how the rules stand, within the transaction that stores what came of it."""
        versions = {rule.rule_id: rule.version for rule in self.rules}
        await alarms_rules.keep_standings(connection, versions, judgement.standings, judgement.details)


def followed_tags(rules: tuple[Rule, ...]) -> set[str]:
    """Tags that the rules' conditions name."""
    return {tag for rule in rules if (found := _expression(rule)) is not None for tag in found.tags}


async def place(
    connection: Connection, rules: tuple[Rule, ...], definitions: Definitions, followed: Mapping[str, int]
) -> Suppression:
    """Rules, as they are stored to stand, and maintenance on what is evaluated; `followed`: sensor ids by tag."""
    hidden = await alarms_rules.rule_alarms(connection)
    placed = await asyncio.to_thread(
        lambda: tuple(_placed(rule, definitions, hidden.get(rule.rule_id, []), followed) for rule in rules)
    )
    standings = {
        rule.rule_id: Standing("broken") if at.expression is None else _repaired(rule.standing)
        for rule, at in zip(rules, placed, strict=True)
    }
    inputs = {tag: int(np.searchsorted(definitions.sensor_id, i)) for tag, i in followed.items()}
    made = Suppression(rules, placed, inputs, (), standings, fresh=True)
    return await with_maintenance(connection, made, definitions)


def going_on(made: Suppression, before: Suppression) -> Suppression:
    """`made` with each rule of the same version standing as it did `before`, which may be newer than what is stored."""
    versions = {rule.rule_id: rule.version for rule in before.rules}
    stood = {
        rule.rule_id: _repaired(before.standings[rule.rule_id])
        for rule in made.rules
        if versions.get(rule.rule_id) == rule.version and made.standings[rule.rule_id].status != "broken"
    }
    return replace(made, standings={**made.standings, **stood})


def _placed(rule: Rule, definitions: Definitions, alarm_ids: Sequence[int], followed: Mapping[str, int]) -> PlacedRule:
    """A rule whose condition can't be read, or names a tag that there is not, has no expression."""
    rows = rows_of(definitions, alarm_ids)
    expression = _expression(rule)
    if expression is not None and not expression.tags <= followed.keys():
        expression = None
    return PlacedRule(rule.rule_id, expression, round(rule.content.hold_off_s * SECOND), rows[rows >= 0])


async def with_maintenance(connection: Connection, made: Suppression, definitions: Definitions) -> Suppression:
    """`made` with the maintenance that the database knows now."""
    found = []
    for maintenance, ids in await alarms_modes.alarms_under_maintenance(connection):
        rows = rows_of(definitions, ids)
        found.append((maintenance, rows[rows >= 0]))
    differs = [each for each, _ in found] != [each for each, _ in made.maintenance]
    return replace(made, maintenance=tuple(found), fresh=made.fresh or differs)


def _expression(rule: Rule) -> Expression | None:
    try:
        return condition_of(rule.content.condition)
    except ExpressionError:
        return None


def _repaired(standing: Standing | None) -> Standing:
    return Standing() if standing is None or standing.status == "broken" else standing


def _not_ahead(standing: Standing, now: int) -> Standing:
    return replace(standing, since=UNSEEN) if standing.since > now + AHEAD_NS else standing


def _present(definitions: Definitions, state: State, index: int, now: int) -> Series:
    """The newest reading of a tag as it counts at `now`: BAD when it is stale."""
    t, stale_after = int(state.last_t[index]), int(definitions.stale_after[index])
    if t == UNSEEN:
        return Series.empty()
    stale = stale_after != NEVER and now - t > stale_after
    code = quality.BAD if stale else _CODES[state.last_q[index]]
    return Series.of([min(t, now)], [state.last_v[index]], [code])


def _news(definitions: Definitions, state: State, index: int, batch: ReadingBatch) -> Series:
    """The newest reading of a tag that is known and those of `batch` after it, BAD where it went stale in between."""
    own = (batch.sensor_id == definitions.sensor_id[index]) & (batch.t > state.last_t[index])
    t, place = np.unique(batch.t[own][::-1], return_index=True)
    v, q = batch.v[own][::-1][place], batch.quality[own][::-1][place]
    if state.last_t[index] != UNSEEN:
        t = np.append(state.last_t[index], t)
        v, q = np.append(state.last_v[index], v), np.append(np.uint8(_CODES[state.last_q[index]]), q)
    return with_staleness(Series.of(t, v, q), int(definitions.stale_after[index]))


def _details(placed: tuple[PlacedRule, ...], inputs: Mapping[str, Series]) -> dict[int, str]:
    """The inputs of each rule with their newest values, or that they are of no use."""
    found = {}
    for rule in placed:
        said = []
        for tag in sorted(rule.expression.tags if rule.expression is not None else ()):
            series = inputs[tag]
            good = len(series) and quality.usable(series.quality[-1:])[0]
            said.append(f"{tag} = {series.v[-1]:g}" if good else f"{tag} = ?")
        found[rule.rule_id] = ", ".join(said)
    return found
