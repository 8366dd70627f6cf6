"""Rows kept in order while they change: a batch is one merge and few signals, however long it is."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QObject

from ksys_hmi.models.rows import Column, RowsModel

RowT = TypeVar("RowT")
ItemT = TypeVar("ItemT")
Order = tuple[Any, ...]
"""Sorts the rows: tuples that can be compared with one another and are never equal for two rows."""
_ROOT: Final = QModelIndex()


class SortedRowsModel(RowsModel[RowT], Generic[RowT]):
    """Rows by rising `order`, changed in batches and never reset.

    New rows are appended, one change of layout brings every row to its place and those that leave to the end, where
    they are cut off. Selection and current row are persistent indexes: they stay with their rows.
    """

    def __init__(
        self,
        columns: Sequence[Column[RowT]],
        key: Callable[[RowT], object],
        order: Callable[[RowT], Order],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(columns, key, parent)
        self._order = order
        self._sorted: list[RowT] = []
        self._orders: list[Order] = []
        self._place: dict[object, Order] = {}
        self.rows = self._sorted

    def shows(self, key: object) -> bool:
        """Whether the row with this key is in the model."""
        return key in self._place

    def row_of(self, key: object) -> int | None:
        order = self._place.get(key)
        return None if order is None else bisect_left(self._orders, order)

    def show_rows(self, rows: Sequence[RowT]) -> None:
        """Show these rows and no others."""
        kept = {self.key(row) for row in rows}
        self.change(rows, [key for key in self._place if key not in kept])

    def change(self, changed: Iterable[RowT], gone: Iterable[object] = (), *, in_place: bool = False) -> None:
        """Take rows that are new or have changed and drop those with a key in `gone` (which may be unknown;
        none that is in `changed`).

        Args:
            in_place: rows that are in the model already stay where they are, whatever their order is now.
        """
        newest = {self.key(row): row for row in changed}
        leaving = sorted(bisect_left(self._orders, self._place[key]) for key in set(gone) & self._place.keys())
        rewritten: list[int] = []
        moved: dict[int, Order] = {}
        new: dict[Order, RowT] = {}
        for key, row in newest.items():
            before = self._place.get(key)
            order = before if in_place and before is not None else self._order(row)
            if before is None:
                new[order] = row
                continue
            position = bisect_left(self._orders, before)
            self._sorted[position] = row
            rewritten.append(position)
            if order != before:
                moved[position] = order
        self._repaint(rewritten)
        for position, order in moved.items():
            self._place[self.key(self._sorted[position])] = order
        self._append(new)
        self._arrange(moved, leaving, added=len(new))

    def _append(self, new: dict[Order, RowT]) -> None:
        if not new:
            return
        count = len(self._sorted)
        self.beginInsertRows(_ROOT, count, count + len(new) - 1)
        orders = sorted(new)
        self._place.update((self.key(row), order) for order, row in new.items())
        self._sorted.extend(new[order] for order in orders)
        self._orders.extend(orders)
        self.endInsertRows()

    def _arrange(self, moved: dict[int, Order], leaving: list[int], *, added: int) -> None:
        """Bring moved and appended rows to their places, those that leave to the end, and cut these off."""
        count = len(self._sorted)
        if moved or leaving or (added and not self._tail_fits(count - added)):
            source = self._source(moved, leaving, added)
            for position, order in moved.items():
                self._orders[position] = order
            self._permute(source)
        if leaving:
            self.beginRemoveRows(_ROOT, count - len(leaving), count - 1)
            for row in self._sorted[count - len(leaving) :]:
                del self._place[self.key(row)]
            del self._sorted[count - len(leaving) :]
            del self._orders[count - len(leaving) :]
            self.endRemoveRows()

    def _tail_fits(self, first_new: int) -> bool:
        return first_new == 0 or self._orders[first_new - 1] < self._orders[first_new]

    def _source(self, moved: dict[int, Order], leaving: list[int], added: int) -> NDArray[np.int64]:
        """For each row of the new list where it is now: the rows that stay in order, each of the others put in
        where it belongs among them, those that leave last. A sort of all would compare 20,000 tuples that fit."""
        count = len(self._orders)
        old = count - added
        loose = sorted(
            [(order, position) for position, order in moved.items()] + [(self._orders[n], n) for n in range(old, count)]
        )
        out = np.unique(np.array([*moved, *leaving], np.int64))
        stay = np.delete(np.arange(old), out)
        among = np.array([bisect_left(self._orders, order, 0, old) for order, _ in loose], np.int64)
        among -= np.searchsorted(out, among)
        placed = np.insert(stay, among, [position for _, position in loose])
        return np.concatenate([placed, np.array(leaving, np.int64)])

    def _permute(self, source: NDArray[np.int64]) -> None:
        """Row n becomes what was row ``source[n]``; what stays together is copied together."""
        self.layoutAboutToBeChanged.emit()
        breaks = np.flatnonzero(np.diff(source) != 1)
        firsts, lasts = source[np.r_[0, breaks + 1]].tolist(), source[np.r_[breaks, len(source) - 1]].tolist()
        runs = [slice(first, last + 1) for first, last in zip(firsts, lasts, strict=True)]
        self._sorted[:] = _joined(self._sorted, runs)
        self._orders[:] = _joined(self._orders, runs)
        kept = self.persistentIndexList()
        if kept:
            target = np.empty(len(source), np.int64)
            target[source] = np.arange(len(source))
            self.changePersistentIndexList(
                kept, [self.index(int(target[index.row()]), index.column()) for index in kept]
            )
        self.layoutChanged.emit()

    def _repaint(self, positions: list[int]) -> None:
        """Tell of rewritten rows, neighbours together; of many at once, for a view paints only what it shows."""
        if not positions:
            return
        at = np.unique(positions)
        breaks = np.flatnonzero(np.diff(at) > 1)
        starts, stops = at[np.r_[0, breaks + 1]], at[np.r_[breaks, len(at) - 1]]
        if len(starts) > _MOST_SIGNALS:
            starts, stops = at[:1], at[-1:]
        for first, last in zip(starts.tolist(), stops.tolist(), strict=True):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self._columns) - 1))


def _joined(items: list[ItemT], runs: Iterable[slice]) -> list[ItemT]:
    made: list[ItemT] = []
    for run in runs:
        made += items[run]
    return made


_MOST_SIGNALS: Final = 16
