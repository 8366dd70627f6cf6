"""Why alarms are suppressed, in words for the list and the journal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ksys_core.domain.alarms.columns import Definitions, IndexArray
from ksys_core.domain.alarms.returns import returning
from ksys_core.domain.alarms.state import State
from ksys_core.domain.alarms.transitions import SUPR, UNSUPR, Transitions
from ksys_core.i18n import N_, Language, Translator
from ksys_core.services.alarms_suppression import Suppression


class Reasons:
    """Texts in the language of the plant, and which of them the database has already."""

    def __init__(self, language: Language, stored: Mapping[int, str]) -> None:
        self._tr = Translator(language)
        self._stored = dict(stored)

    def news(self, suppression: Suppression, definitions: Definitions, state: State, now: int) -> dict[int, str]:
        """The reasons that differ from the stored ones, by alarm id."""
        rows = np.flatnonzero(state.suppressed)
        texts: dict[int, list[str]] = {row: [] for row in rows.tolist()}
        for text, hidden in self._sources(suppression, now):
            for row in hidden.tolist():
                if row in texts:
                    texts[row].append(text)
        waits = returning(state)
        present: dict[int, str] = {}
        for row, of in texts.items():
            alarm_id = int(definitions.alarm_id[row])
            present[alarm_id] = self._waiting(alarm_id) if waits[row] else "; ".join(of)
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

    def _sources(self, suppression: Suppression, now: int) -> list[tuple[str, IndexArray]]:
        found = []
        for rule, placed in zip(suppression.rules, suppression.placed, strict=True):
            standing = suppression.standings[rule.rule_id]
            if standing.suppresses:
                text = f"R{rule.rule_id} {self._tr.pick(dict(rule.content.title))}: {rule.content.condition}"
                if standing.status == "holding":
                    text += self._tr(N_(" (over, hold-off {n} s)"), n=f"{rule.content.hold_off_s:g}")
                found.append((text, placed.rows))
        for maintenance, rows in suppression.maintenance:
            if maintenance.since <= now < maintenance.until:
                said = self._tr(N_("Maintenance of {area}: {reason}"), area=maintenance.area, reason=maintenance.reason)
                found.append((f"M{maintenance.maintenance_id} {said} ({maintenance.by})", rows))
        return found

    def _waiting(self, alarm_id: int) -> str:
        mark = self._tr(N_(" - over, waits to return"))
        text = self.of(alarm_id)
        return text if text.endswith(mark) else text + mark
