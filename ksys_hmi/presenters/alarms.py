"""Presenter of a list of alarms: reads what has changed, feeds the list's model, carries out what operators do."""

from __future__ import annotations

import platform
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ksys_core.domain.alarms.rows import AlarmRow
from ksys_core.domain.times import SECOND
from ksys_core.i18n import tr
from ksys_core.services import alarms
from ksys_core.services.alarms import LISTED, Outcome
from ksys_core.services.alarms_modes import FloodNow, current_flood
from ksys_core.store.alarms_live import Version, versions
from ksys_hmi.models.alarm_book import AlarmBook, Grouping, unit_of
from ksys_hmi.models.alarm_columns import AlarmColumns, Columns
from ksys_hmi.models.alarm_filter import EVERYTHING, AlarmFilter
from ksys_hmi.presenters.alarm_live import AlarmLivePresenter
from ksys_hmi.presenters.base import PageState, Presenter
from ksys_hmi.runtime import Runtime

NOT_NORMAL: Final = (*LISTED, "SHLVD", "DSUPR", "OOSRV")
_AT_ONCE: Final = 250
"""Rows read in one query: decoding more would hold up the loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsState(PageState):
    """What stands around the list; its rows are in the presenter's model.

    Attributes:
        shown: alarms that the filter lets through; total: alarms before it; unacknowledged: of these.
        waiting: new alarms that are not shown while the list is held; waiting_priority: the highest of them.
        flood: the flood that lasts; grouped: the list stands by areas.
    """

    shown: int = 0
    total: int = 0
    unacknowledged: int = 0
    waiting: int = 0
    waiting_priority: int | None = None
    filter: AlarmFilter = EVERYTHING
    flood: FloodNow | None = None
    grouped: bool = False


class AlarmsPresenter(Presenter[AlarmsState]):
    """Reads only the alarms that a message names. After a loss, and now and then, it compares the versions of all."""

    kinds = frozenset({"alarms", "alarm_modes", "limits", "sensors"})
    period_s = 30.0

    def __init__(
        self, runtime: Runtime, make_columns: Callable[[AlarmColumns], Columns], states: Sequence[str] = LISTED
    ) -> None:
        super().__init__(runtime, AlarmsState())
        self._states = tuple(states)
        self._versions: dict[int, Version] = {}
        self._changed: set[int] | None = None
        """Alarm ids to be read again; None: whatever differs."""
        self._modes_changed = True
        self._opened: frozenset[str] = frozenset()
        self._wants_groups: bool | None = None
        """What the person chose; None: groups while there is a flood."""
        self.live = AlarmLivePresenter(runtime)
        self.columns = AlarmColumns(runtime.zone, self.now_ns, lambda: self.live.state.readings, self._first_out)
        self._book = AlarmBook(self._states, make_columns(self.columns))
        self.model = self._book.model

    def start(self) -> None:
        super().start()
        self.live.start()

    def stop(self) -> None:
        super().stop()
        self.live.stop()

    def now_ns(self) -> int:
        """The time that the list is shown for: now, or when it was frozen."""
        return self.state.stale_since or self.runtime.now_ns()

    def on_event(self, kind: str, ids: object) -> None:
        named = tuple(ids) if kind == "alarms" and isinstance(ids, Sequence) else ()
        if kind == "alarm_modes":
            self._modes_changed = True
        elif not named:
            self._changed = None
        elif self._changed is not None:
            self._changed.update(named)
        super().on_event(kind, ids)

    async def load(self) -> AlarmsState:
        wanted, self._changed = self._changed, set()
        only_modes = self._modes_changed and wanted is not None and not wanted
        try:
            if not only_modes:
                await self._read_what_differs(wanted)
        except BaseException:
            self._changed = None  # what was to be read may not have been
            raise
        if wanted is None or self._modes_changed:
            await self._read_flood()
        return self._described(replace(self.state, loading=False, error=""))

    async def _read_flood(self) -> None:
        if self._states != LISTED:
            return
        self._modes_changed = False
        flood = await current_flood(self.runtime.db)
        if (flood is None) != (self.state.flood is None):
            self._wants_groups, self._opened = None, frozenset()
        self.state = replace(self.state, flood=flood)
        self._group(flood)

    async def _read_what_differs(self, wanted: set[int] | None) -> None:
        """Read the alarms of `wanted`; empty or None: all whose version is another one, the foremost first."""
        differing = sorted(wanted) if wanted else await self._differing()
        for start in range(0, len(differing), _AT_ONCE):
            part = differing[start : start + _AT_ONCE]
            table = await alarms.load_active(self.runtime.db, states=NOT_NORMAL, alarm_ids=part)
            self._book.take(table.rows, part)
            for alarm_id in part:
                self._versions.pop(alarm_id, None)
            listed = (row.alarm_id for row in table.rows if row.isa in self._states)
            self._versions.update((alarm_id, table.versions[alarm_id]) for alarm_id in listed)

    async def _differing(self) -> list[int]:
        found = await versions(self.runtime.db, self._states)
        scope = dict.fromkeys([*found, *self._versions])
        return [alarm_id for alarm_id in scope if found.get(alarm_id) != self._versions.get(alarm_id)]

    def set_filter(self, wanted: AlarmFilter) -> None:
        """Show only what `wanted` lets through."""
        if wanted != self._book.filter:
            self._at_once(lambda: self._book.show_only(wanted))

    def hold(self, held: bool) -> None:
        """Nothing moves while `held`; then what has waited is shown."""
        if held == self._book.held:
            return
        if held:
            self._book.hold()
        else:
            self._book.release()
            self._publish_counts()

    def group(self, wanted: bool) -> None:
        """Show the list by areas, or as one, until a flood begins or ends."""
        self._wants_groups = wanted
        self._at_once(lambda: self._group(self.state.flood))

    def open_area(self, area: str) -> None:
        """Show or fold the alarms of low priority of a unit of the plant."""
        self._opened ^= {area}
        self._at_once(lambda: self._group(self.state.flood))

    def _at_once(self, change: Callable[[], None]) -> None:
        """What the person asks for is shown also while the list is held."""
        held, self._book.held = self._book.held, False
        change()
        self._book.held = held
        self._publish_counts()

    def retranslate(self) -> None:
        self._book.retranslate()
        self.model.retranslate()

    @property
    def left_states(self) -> tuple[str, ...]:
        """States in which an alarm does not belong to this list."""
        return tuple(state for state in ("NORM", *NOT_NORMAL) if state not in self._states)

    def next_unacknowledged(self, after: AlarmRow | None) -> int | None:
        """Id of the unacknowledged alarm that follows in the order of the list, the first after the last."""
        ahead, first = None, None
        for row in self._book.rows.values():
            if row.unacknowledged:
                order = self._book.order(row)
                first = order if first is None else min(first, order)
                if after is not None and order > self._book.order(after):
                    ahead = order if ahead is None else min(ahead, order)
        found = ahead or first
        return None if found is None else int(found[-1])

    def make_sure_of(self, alarm_id: int) -> None:
        """Show an alarm that waits or whose area is folded."""
        row = self._book.rows[alarm_id]
        if not self.model.shows(alarm_id):
            self._opened |= {unit_of(row)}
            self._book.release()
            self._group(self.state.flood)
            self._publish_counts()

    def row(self, alarm_id: int) -> AlarmRow | None:
        """The alarm as it is now, whether it is shown or not."""
        return self._book.rows.get(alarm_id)

    def _first_out(self) -> int | None:
        return None if self.state.flood is None else self.state.flood.first_out.alarm_id

    def _group(self, flood: FloodNow | None) -> None:
        wanted = flood is not None if self._wants_groups is None else self._wants_groups
        self._book.group(Grouping(flood.first_out.alarm_id if flood else None, self._opened) if wanted else None)

    def _publish_counts(self) -> None:
        self.publish(self._described(self.state))

    def _described(self, state: AlarmsState) -> AlarmsState:
        waiting = self._book.waiting
        return replace(
            state,
            shown=self._book.passing,
            total=len(self._book.rows),
            unacknowledged=self._book.unacknowledged,
            waiting=len(waiting),
            waiting_priority=min((row.priority for row in waiting), default=None),
            filter=self._book.filter,
            grouped=self._book.grouping is not None,
        )

    def acknowledge(self, rows: Iterable[AlarmRow], note: str = "") -> None:
        """Acknowledge the displayed occurrences of these alarms; what the database answered goes to the status line."""
        keys = [row.key for row in rows if row.unacknowledged]
        if not keys:
            self.runtime.events.message.emit(tr("There is nothing to acknowledge."))
            return
        self._do(alarms.acknowledge(self.runtime.db, keys, platform.node(), note), "acknowledge")

    def unacknowledge(self, rows: Iterable[AlarmRow], reason: str) -> None:
        self._do(alarms.unacknowledge(self.runtime.db, _ids(rows), platform.node(), reason), "unacknowledge")

    def confirm(self, rows: Iterable[AlarmRow], note: str) -> None:
        """State that the corrective action has been taken."""
        self._do(alarms.confirm(self.runtime.db, _ids(rows), platform.node(), note), "confirm")

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
            self.on_event("alarms", [outcome.alarm_id for outcome in outcomes])

        self.runtime.spawn(work(), name)

    def _report(self, outcomes: Sequence[Outcome]) -> str:
        acked = sum(outcome.result == "acked" for outcome in outcomes)
        done = sum(outcome.result == "done" for outcome in outcomes)
        said = [tr.plural("{n} alarm acknowledged.", "{n} alarms acknowledged.", acked)] if acked else []
        said += [tr.plural("Done for {n} alarm.", "Done for {n} alarms.", done)] if done else []
        for outcome in outcomes:
            if outcome.result not in ("acked", "done"):
                row = self._book.rows.get(outcome.alarm_id)
                said.append(f"{row.tag if row else outcome.alarm_id}: {alarms.describe(outcome)}")
        return " ".join(said[:4])


def _ids(rows: Iterable[AlarmRow]) -> list[int]:
    return [row.alarm_id for row in rows]
