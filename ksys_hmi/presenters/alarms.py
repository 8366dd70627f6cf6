"""Presenter of the active alarm list: loads what changed, sorts by priority, acknowledges what is displayed."""

from __future__ import annotations

import platform
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ksys_core.domain.times import SECOND
from ksys_core.i18n import tr
from ksys_core.services import alarms
from ksys_core.services.alarms import LISTED, AlarmRow, Outcome
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFilter:
    """What of the list is shown; empty means everything. Priority 1 unacknowledged is never hidden."""

    text: str = ""
    priorities: frozenset[int] = frozenset()
    area: str = ""

    def lets_through(self, row: AlarmRow) -> bool:
        if row.priority == 1 and row.unacknowledged:
            return True
        if self.priorities and row.priority not in self.priorities:
            return False
        if self.area and row.area != self.area and not row.area.startswith(f"{self.area}/"):
            return False
        return self.text.casefold() in f"{row.tag} {tr.pick(dict(row.description))} {row.area} {row.kind}".casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsState(PageState):
    """Attributes:
    rows: alarms after the filter, by priority, unacknowledged first, newest first.
    total: alarms before the filter; unacknowledged: of these.
    now_ns: when this was put together.
    """

    rows: tuple[AlarmRow, ...] = ()
    total: int = 0
    unacknowledged: int = 0
    filter: AlarmFilter = AlarmFilter()
    now_ns: int = 0


def sort_key(row: AlarmRow) -> tuple[int, bool, int, int]:
    """Order of the list; the same as the database's."""
    return row.priority, row.isa in ("ACKED", "LACKED"), -(row.active_since or 0), row.alarm_id


class AlarmsPresenter(Presenter[AlarmsState]):
    """Reads only the alarms that a message names; everything after a loss, and now and then for the present values."""

    kinds = frozenset({"alarms", "limits", "sensors"})

    def __init__(self, runtime: Runtime, states: Sequence[str] = LISTED) -> None:
        super().__init__(runtime, AlarmsState())
        self._states = tuple(states)
        self.period_s = runtime.settings.hmi.tile_refresh_s
        self._rows: dict[int, AlarmRow] = {}
        self._changed: set[int] | None = None
        """Alarm ids to be read again; None: all."""

    def on_event(self, kind: str, ids: object) -> None:
        named = tuple(ids) if kind == "alarms" and isinstance(ids, Sequence) else ()
        if not named:
            self._changed = None
        elif self._changed is not None:
            self._changed.update(named)
        super().on_event(kind, ids)

    async def load(self) -> AlarmsState:
        wanted, self._changed = self._changed, set()
        if wanted is None or not wanted:
            table = await alarms.load_active(self.runtime.db, states=self._states)
            self._rows = {row.alarm_id: row for row in table.rows}
        else:
            table = await alarms.load_active(self.runtime.db, states=self._states, alarm_ids=sorted(wanted))
            for alarm_id in wanted:
                self._rows.pop(alarm_id, None)
            self._rows.update((row.alarm_id, row) for row in table.rows)
        return self._filtered(self.state.filter)

    def set_filter(self, wanted: AlarmFilter) -> None:
        """Show only what `wanted` lets through."""
        self.publish(self._filtered(wanted))

    def _filtered(self, wanted: AlarmFilter) -> AlarmsState:
        rows = sorted((row for row in self._rows.values() if wanted.lets_through(row)), key=sort_key)
        return replace(
            self.state,
            loading=False,
            error="",
            rows=tuple(rows),
            total=len(self._rows),
            unacknowledged=sum(row.unacknowledged for row in self._rows.values()),
            filter=wanted,
            now_ns=self.runtime.now_ns(),
        )

    def acknowledge(self, rows: Iterable[AlarmRow]) -> None:
        """Acknowledge the displayed occurrences of these alarms; what the database answered goes to the status line."""
        keys = [row.key for row in rows if row.unacknowledged]
        if not keys:
            self.runtime.events.message.emit(tr("There is nothing to acknowledge."))
            return
        self._do(alarms.acknowledge(self.runtime.db, keys, platform.node()), "acknowledge")

    def unacknowledge(self, rows: Iterable[AlarmRow], reason: str) -> None:
        self._do(alarms.unacknowledge(self.runtime.db, _ids(rows), platform.node(), reason), "unacknowledge")

    def shelve(self, rows: Iterable[AlarmRow], reason: str, seconds: int | None) -> None:
        """Hide alarms for `seconds`, or until they return to normal."""
        until = None if seconds is None else self.runtime.now_ns() + seconds * SECOND
        self._do(alarms.shelve(self.runtime.db, _ids(rows), platform.node(), reason, until), "shelve")

    def unshelve(self, rows: Iterable[AlarmRow]) -> None:
        self._do(alarms.unshelve(self.runtime.db, _ids(rows), platform.node()), "unshelve")

    def reset(self, rows: Iterable[AlarmRow]) -> None:
        """Clear latched alarms that are acknowledged and back to normal."""
        self._do(alarms.reset(self.runtime.db, _ids(rows), platform.node()), "reset")

    def comment(self, rows: Iterable[AlarmRow], text: str) -> None:
        self._do(alarms.comment(self.runtime.db, _ids(rows), platform.node(), text), "comment")

    def return_to_service(self, rows: Iterable[AlarmRow]) -> None:
        self._do(alarms.return_to_service(self.runtime.db, _ids(rows), platform.node()), "return to service")

    def remove_from_service(self, rows: Iterable[AlarmRow], reason: str, permit: str, review_s: int) -> None:
        """Take alarms out of service under a work permit, to be reviewed in `review_s` seconds."""
        review = self.runtime.now_ns() + review_s * SECOND
        call = alarms.remove_from_service(self.runtime.db, _ids(rows), platform.node(), reason, permit, review)
        self._do(call, "remove from service")

    def _do(self, call: Coroutine[Any, Any, list[Outcome]], name: str) -> None:
        async def work() -> None:
            outcomes = await call
            self.runtime.events.message.emit(self._report(outcomes))
            self._changed = None
            self.refresh()

        self.runtime.spawn(work(), name)

    def _report(self, outcomes: Sequence[Outcome]) -> str:
        acked = sum(outcome.result == "acked" for outcome in outcomes)
        done = sum(outcome.result == "done" for outcome in outcomes)
        said = [tr.plural("{n} alarm acknowledged.", "{n} alarms acknowledged.", acked)] if acked else []
        said += [tr.plural("Done for {n} alarm.", "Done for {n} alarms.", done)] if done else []
        for outcome in outcomes:
            if outcome.result not in ("acked", "done"):
                row = self._rows.get(outcome.alarm_id)
                said.append(f"{row.tag if row else outcome.alarm_id}: {alarms.describe(outcome)}")
        return " ".join(said[:4])


def _ids(rows: Iterable[AlarmRow]) -> list[int]:
    return [row.alarm_id for row in rows]
