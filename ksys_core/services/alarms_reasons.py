"""Why alarms are suppressed, for the list and the journal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ksys_core.domain.alarms.columns import Definitions, IndexArray
from ksys_core.domain.alarms.reasons import ByMaintenance, ByRule, Cause, read, written
from ksys_core.domain.alarms.returns import returning
from ksys_core.domain.alarms.state import State
from ksys_core.domain.alarms.transitions import SUPR, UNSUPR, Transitions
from ksys_core.services.alarms_suppression import Suppression


class Reasons:
    """Reasons as they are stored (`ksys_core.domain.alarms.reasons`), and which the database has already."""

    def __init__(self, stored: Mapping[int, str]) -> None:
        self._stored = dict(stored)

    def news(self, suppression: Suppression, definitions: Definitions, state: State, now: int) -> dict[int, str]:
        """The reasons that differ from the stored ones, by alarm id."""
        rows = np.flatnonzero(state.suppressed)
        causes: dict[int, list[Cause]] = {row: [] for row in rows.tolist()}
        for cause, hidden in _sources(suppression, now):
            for row in hidden.tolist():
                if row in causes:
                    causes[row].append(cause)
        waits = returning(state)
        present: dict[int, str] = {}
        for row, of in causes.items():
            alarm_id = int(definitions.alarm_id[row])
            present[alarm_id] = self._waiting(alarm_id) if waits[row] else written(of) if of else ""
        gone = dict.fromkeys(self._stored.keys() - present.keys(), "")
        return gone | {i: text for i, text in present.items() if self._stored.get(i) != text}

    def of(self, alarm_id: int) -> str:
        return self._stored.get(alarm_id, "")

    def journaled(self, definitions: Definitions, transitions: Transitions, news: Mapping[int, str]) -> list[str]:
        """The reason of each transition: why it is suppressed, or was until now."""
        found = [""] * len(transitions)
        for place in np.flatnonzero(np.isin(transitions.event, [SUPR, UNSUPR])).tolist():
            alarm_id = int(definitions.alarm_id[transitions.row[place]])
            old = self.of(alarm_id)
            found[place] = news.get(alarm_id) or old if transitions.event[place] == SUPR else old
        return found

    def join(self, stored: Mapping[int, str]) -> None:
        """Alarms that are new to the evaluation have these reasons in the database."""
        self._stored |= stored

    def stored(self, news: Mapping[int, str]) -> None:
        """`news` are in the database."""
        for alarm_id, text in news.items():
            if text:
                self._stored[alarm_id] = text
            else:
                self._stored.pop(alarm_id, None)

    def _waiting(self, alarm_id: int) -> str:
        causes, _ = read(self.of(alarm_id))
        return written(causes, over=True)


def _sources(suppression: Suppression, now: int) -> list[tuple[Cause, IndexArray]]:
    found: list[tuple[Cause, IndexArray]] = []
    for rule, placed in zip(suppression.rules, suppression.placed, strict=True):
        standing = suppression.standings[rule.rule_id]
        if standing.suppresses:
            held = rule.content.hold_off_s if standing.status == "holding" else None
            cause = ByRule(f"R{rule.rule_id}", dict(rule.content.title), rule.content.condition, held)
            found.append((cause, placed.rows))
    for maintenance, rows in suppression.maintenance:
        if maintenance.since <= now < maintenance.until:
            number = f"M{maintenance.maintenance_id}"
            found.append((ByMaintenance(number, maintenance.area, maintenance.reason, maintenance.by), rows))
    return found
