"""All alarms of a list, what of them its table shows in which order, and what waits while the table must not move."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ksys_core.areas import area_order, area_title
from ksys_core.domain.alarms.rows import UNACKNOWLEDGED, AlarmRow
from ksys_core.i18n import tr
from ksys_hmi.models.alarm_filter import EVERYTHING, AlarmFilter
from ksys_hmi.models.rows import Column
from ksys_hmi.models.sorted_rows import Order, SortedRowsModel

_ACKNOWLEDGED: Final = ("ACKED", "LACKED")
_ENDS: Final[Mapping[str, Callable[[AlarmRow], int | None]]] = {
    "SHLVD": lambda row: row.shelved_until,
    "OOSRV": lambda row: row.oos_review,
}
FOLDED: Final = (3, 4)
"""Priorities that a group hides until it is opened."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The line above the alarms of one unit of the plant while the list is grouped.

    Attributes:
        area: the unit: the topmost part of its alarms' areas.
        priority, isa: of the foremost alarm: the highest unacknowledged priority, else the highest.
        folded: how many are hidden below it; 0 also when `opened`.
    """

    area: str
    unacknowledged: int
    total: int
    folded: int
    opened: bool
    priority: int
    isa: str


DeskRow = AlarmRow | Heading
DeskModel = SortedRowsModel[DeskRow]


@dataclass(frozen=True, slots=True)
class Grouping:
    """By units of the plant, with the alarm that came first in the flood (`first_out`, an id) above everything."""

    first_out: int | None = None
    opened: frozenset[str] = frozenset()


def unit_of(row: AlarmRow) -> str:
    """The topmost part of the alarm's area."""
    return row.area.partition("/")[0]


def row_key(row: DeskRow) -> object:
    return row.area if isinstance(row, Heading) else row.alarm_id


def searched_text(row: AlarmRow) -> str:
    """What the filter's text is looked for in."""
    return f"{row.tag} {tr.pick(dict(row.description))} {row.area} {area_title(row.area)} {row.kind}".casefold()


class AlarmBook:
    """Keeps the alarms in one of `states` and feeds its `model` with changes only.

    While it is held nothing in the model moves: rows that stay are rewritten where they are (one that has left the
    list says so by its state), new ones wait and are counted. Of an empty list nothing can move:
    the first come at once.
    """

    def __init__(self, states: Sequence[str], columns: Sequence[Column[DeskRow]]) -> None:
        self._states = frozenset(states)
        self.model: DeskModel = SortedRowsModel(columns, row_key, self.order)
        self.rows: dict[int, AlarmRow] = {}
        self.filter: AlarmFilter = EVERYTHING
        self.grouping: Grouping | None = None
        self.held = False
        self._unacknowledged: set[int] = set()
        self._searched: dict[int, str] = {}
        self._passing: dict[str, set[int]] = {}
        """Ids that the filter lets through, by unit."""
        self._late: set[int] = set()
        self._rearranged = False

    @property
    def unacknowledged(self) -> int:
        return len(self._unacknowledged)

    @property
    def passing(self) -> int:
        """How many alarms the filter lets through."""
        return sum(map(len, self._passing.values()))

    @property
    def waiting(self) -> list[AlarmRow]:
        """New alarms that are not shown yet."""
        late = (self.rows.get(alarm_id) for alarm_id in self._late if not self.model.shows(alarm_id))
        return [row for row in late if row is not None and self._is_shown(row)]

    def take(self, read: Iterable[AlarmRow], asked: Iterable[int]) -> None:
        """Alarms as they are now; of those `asked` for, the ones not `read` are normal."""
        found = {row.alarm_id: row for row in read}
        touched = found.keys() | asked
        before = {alarm_id: self.rows.get(alarm_id) for alarm_id in touched}
        for alarm_id in touched:
            row = found.get(alarm_id)
            if row is not None and row.isa in self._states:
                self._keep(row)
            else:
                self._forget(alarm_id)
        if self.held and self.model.rows:
            self._rewrite(found, before)
        else:
            self._show(touched, self._areas_of(found.values()) | self._areas_of(before.values()))

    def show_only(self, wanted: AlarmFilter) -> None:
        """Show what `wanted` lets through."""
        self.filter = wanted
        self._regroup()
        self._rearrange()

    def group(self, grouping: Grouping | None) -> None:
        """Show the list by areas, or as one (None)."""
        if grouping != self.grouping:
            self.grouping = grouping
            self._rearrange()

    def hold(self) -> None:
        """From now on nothing moves."""
        self.held = True

    def release(self) -> None:
        """Show what has waited."""
        self.held = False
        late, self._late = self._late, set()
        if self._rearranged:
            self._rearrange()
        elif late:
            self._show(late, self._passing.keys() | self._shown_headings())

    def retranslate(self) -> None:
        """Texts that are searched are those of the language."""
        self._searched.clear()
        self.show_only(self.filter)

    def order(self, row: DeskRow) -> Order:
        """By priority, the unacknowledged of each first, the newest first; grouped: within units. What is shelved or
        out of service by when that ends."""
        if isinstance(row, Heading):
            return 1, area_order(row.area), 0, False, 0, 0
        if row.isa in _ENDS and row.isa in self._states:
            return 1, (), 0, False, _ENDS[row.isa](row) or 0, row.alarm_id
        rank = row.priority, row.isa in _ACKNOWLEDGED, -(row.active_since or 0), row.alarm_id
        if self.grouping is None:
            return 1, (), *rank
        return (0, (), *rank) if row.alarm_id == self.grouping.first_out else (1, area_order(unit_of(row)), *rank)

    def _keep(self, row: AlarmRow) -> None:
        alarm_id, before = row.alarm_id, self.rows.get(row.alarm_id)
        if before is not None and unit_of(before) != unit_of(row):
            self._forget(alarm_id)
        self.rows[alarm_id] = row
        if before is None or (before.tag, before.description) != (row.tag, row.description):
            self._searched.pop(alarm_id, None)
        (self._unacknowledged.add if row.isa in UNACKNOWLEDGED else self._unacknowledged.discard)(alarm_id)
        if self._passes(row):
            self._passing.setdefault(unit_of(row), set()).add(alarm_id)
        elif unit_of(row) in self._passing:
            self._drop(unit_of(row), alarm_id)

    def _forget(self, alarm_id: int) -> None:
        row = self.rows.pop(alarm_id, None)
        self._unacknowledged.discard(alarm_id)
        self._searched.pop(alarm_id, None)
        if row is not None and unit_of(row) in self._passing:
            self._drop(unit_of(row), alarm_id)

    def _drop(self, area: str, alarm_id: int) -> None:
        self._passing[area].discard(alarm_id)
        if not self._passing[area]:
            del self._passing[area]

    def _passes(self, row: AlarmRow) -> bool:
        searched = self._searched.get(row.alarm_id)
        if searched is None:
            searched = self._searched[row.alarm_id] = searched_text(row)
        return self.filter.lets_through(row, searched)

    def _regroup(self) -> None:
        self._passing = {}
        for row in self.rows.values():
            if self._passes(row):
                self._passing.setdefault(unit_of(row), set()).add(row.alarm_id)

    def _is_shown(self, row: AlarmRow) -> bool:
        if row.alarm_id not in self._passing.get(unit_of(row), ()):
            return False
        grouping = self.grouping
        if grouping is None or row.priority not in FOLDED or row.alarm_id == grouping.first_out:
            return True
        return unit_of(row) in grouping.opened

    def _areas_of(self, rows: Iterable[AlarmRow | None]) -> set[str]:
        return {unit_of(row) for row in rows if row is not None} if self.grouping is not None else set()

    def _shown_headings(self) -> set[str]:
        return {row.area for row in self.model.rows if isinstance(row, Heading)}

    def _show(self, alarm_ids: Iterable[int], areas: Iterable[str]) -> None:
        changed: list[DeskRow] = []
        gone: list[object] = []
        for alarm_id in alarm_ids:
            row = self.rows.get(alarm_id)
            if row is not None and self._is_shown(row):
                changed.append(row)
            else:
                gone.append(alarm_id)
        if self.grouping is not None:
            for area in areas:
                if area in self._passing:
                    changed.append(self._heading(area, self.grouping))
                else:
                    gone.append(area)
        self.model.change(changed, gone)

    def _rewrite(self, found: dict[int, AlarmRow], before: dict[int, AlarmRow | None]) -> None:
        """What is in the model as it is now, without moving it; the rest waits."""
        self._late |= before.keys()
        rows: list[DeskRow] = []
        for alarm_id, was in before.items():
            row = found.get(alarm_id) or (replace(was, isa="NORM") if was is not None else None)
            if row is not None and self.model.shows(alarm_id):
                rows.append(row)
        if self.grouping is not None:
            areas = self._areas_of(found.values()) | self._areas_of(before.values())
            shown = (area for area in areas if self.model.shows(area) and area in self._passing)
            rows += [self._heading(area, self.grouping) for area in shown]
        self.model.change(rows, in_place=True)

    def _rearrange(self) -> None:
        """Everything anew, as far as it differs; held, it waits."""
        self._rearranged = self.held
        if self.held:
            return
        self._late.clear()
        rows: list[DeskRow] = [row for row in self.rows.values() if self._is_shown(row)]
        if self.grouping is not None:
            rows += [self._heading(area, self.grouping) for area in self._passing]
        self.model.show_rows(rows)

    def _heading(self, area: str, grouping: Grouping) -> Heading:
        alarms = [self.rows[alarm_id] for alarm_id in self._passing[area]]
        unacknowledged = [row for row in alarms if row.unacknowledged]
        foremost = min(unacknowledged or alarms, key=lambda row: (row.priority, row.alarm_id))
        opened = area in grouping.opened
        return Heading(
            area,
            len(unacknowledged),
            len(alarms),
            0 if opened else sum(not self._is_shown(row) for row in alarms),
            opened,
            foremost.priority,
            foremost.isa,
        )
