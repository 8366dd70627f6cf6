"""Presenter of the active alarm list: loads what changed, sorts by priority, acknowledges what is displayed."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ksys_core.i18n import tr
from ksys_core.services import alarms
from ksys_core.services.alarms import AlarmKey, AlarmRow, Outcome
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

Newest = tuple[float, int]
"""(value, quality) of a tag's newest reading."""


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

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, AlarmsState())
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
            table = await alarms.load_active(self.runtime.db)
            self._rows = {row.alarm_id: row for row in table.rows}
        else:
            table = await alarms.load_active(self.runtime.db, alarm_ids=sorted(wanted))
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
        self.runtime.spawn(self._acknowledge(keys), "acknowledge")

    async def _acknowledge(self, keys: list[AlarmKey]) -> None:
        outcomes = await alarms.acknowledge(self.runtime.db, keys, platform.node())
        self.runtime.events.message.emit(self._report(outcomes))
        self.refresh()

    def _report(self, outcomes: Sequence[Outcome]) -> str:
        done = sum(outcome.result == "acked" for outcome in outcomes)
        said = [tr.plural("{n} alarm acknowledged.", "{n} alarms acknowledged.", done)] if done else []
        for outcome in outcomes:
            if outcome.result != "acked":
                row = self._rows.get(outcome.alarm_id)
                said.append(f"{row.tag if row else outcome.alarm_id}: {alarms.describe(outcome)}")
        return " ".join(said[:4])
