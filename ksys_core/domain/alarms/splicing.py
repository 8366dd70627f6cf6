"""Definitions of which some have been read again: the whole anew, each alarm with the state in which it stands.

What is known goes on: only alarms and tags that are new take the state that was read with them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.alarms.columns import NEVER, Definitions, IndexArray, IntArray
from ksys_core.domain.alarms.state import Columns, Spells, State

_OF_TAGS: Final = ("last_t", "last_v", "last_q")
_PLACED: Final = ("sensor_id", "stale_after", "sensor", "reference", "plain")
"""Columns of definitions that are not simply those of its alarms, one after another."""


@dataclass(frozen=True, slots=True, eq=False)
class Splice:
    """The definitions from now on, and for each of their alarms and tags where it was, or -1: before, and as read."""

    definitions: Definitions
    row_before: IndexArray
    row_read: IndexArray
    tag_before: IndexArray
    tag_read: IndexArray

    def state(self, before: State, read: State) -> State:
        """The state of `definitions`: that of `before`, and of what was not there, that which was `read`."""
        made = State.initial(self.definitions)
        rows, tags = (self.row_before, self.row_read), (self.tag_before, self.tag_read)
        new_rows = np.where(self.row_before < 0, self.row_read, -1)
        for field in fields(State):
            new, old, fresh = (getattr(state, field.name) for state in (made, before, read))
            if isinstance(new, Spells):
                setattr(made, field.name, _moved(old, self.row_before).and_also(_moved(fresh, new_rows)))
            elif isinstance(new, Columns):
                for name in (inner.name for inner in fields(new)):
                    _fill(getattr(new, name), getattr(old, name), getattr(fresh, name), *rows)
            elif field.name == "returns":
                new[:] = old
            else:
                _fill(new, old, fresh, *(tags if field.name in _OF_TAGS else rows))
        return made

    def gone(self, before: Definitions) -> IntArray:
        """Alarms that are evaluated no longer."""
        return np.setdiff1d(before.alarm_id, self.definitions.alarm_id, assume_unique=True)


def splice(
    before: Definitions, read: Definitions, tags: Collection[int] | None, followed: Collection[int] = ()
) -> Splice:
    """`before` with all alarms of `tags` (None: of every tag) replaced by those of `read`; see `Definitions.of`."""
    tag = before.sensor_id[before.sensor]
    replaced = np.ones(len(tag), np.bool_) if tags is None else np.isin(tag, list(tags))
    kept = np.flatnonzero(~replaced)
    both_tags = np.concatenate([tag[kept], read.sensor_id[read.sensor]])
    references = np.concatenate([_references(before)[kept], _references(read)])
    ids = np.concatenate([before.alarm_id[kept], read.alarm_id])
    order = np.argsort(both_tags.astype(np.int64) << 32 | ids, kind="stable")
    sensors = np.unique(np.concatenate([both_tags, references[references >= 0], list(followed)])).astype(np.int32)
    tag_before, tag_read = _places(before.sensor_id, sensors), _places(read.sensor_id, sensors)
    # What was read says how often a tag comes, but of one that is only a set-point there it says nothing.
    told = np.ones(len(sensors), np.bool_) if tags is None else np.isin(sensors, [*tags, *followed])
    stale_after = np.full(len(sensors), NEVER, np.int64)
    _fill(stale_after, before.stale_after, read.stale_after, np.where(told & (tag_read >= 0), -1, tag_before), tag_read)
    columns: dict[str, npt.NDArray[Any]] = {
        field.name: np.concatenate([getattr(before, field.name)[kept], getattr(read, field.name)])[order]
        for field in fields(Definitions)
        if field.name not in _PLACED
    }
    columns["sensor"] = np.searchsorted(sensors, both_tags[order])
    columns["reference"] = np.where(references[order] < 0, -1, np.searchsorted(sensors, references[order]))
    row_before = np.concatenate([kept, _places(before.alarm_id, read.alarm_id)])[order]
    row_read = np.concatenate([np.full(len(kept), -1, np.int64), np.arange(len(read))])[order]
    made = Definitions.whole(sensor_id=sensors, stale_after=stale_after, **columns)
    return Splice(made, row_before, row_read, tag_before, tag_read)


def _references(definitions: Definitions) -> IntArray:
    """Sensor ids of the set-points, -1 for none."""
    if not len(definitions.sensor_id):
        return np.empty(0, np.int32)
    return np.where(definitions.reference < 0, -1, definitions.sensor_id[definitions.reference]).astype(np.int32)


def _places(among: IntArray | IndexArray, wanted: IntArray | IndexArray) -> IndexArray:
    """Index of each of `wanted` in `among`, whose values are unique; -1 where it is not there."""
    if not len(among):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(among, kind="stable")
    place = order[np.minimum(np.searchsorted(among, wanted, sorter=order), len(among) - 1)]
    return np.where(among[place] == wanted, place, -1)


def _moved(spells: Spells, was: IndexArray) -> Spells:
    """The spells of alarms that are still there, of which each `was` at that row, or -1."""
    there = np.flatnonzero(was >= 0)
    at = _places(was[there], spells.row)
    kept = spells.only(at >= 0)
    kept.row = there[at[at >= 0]]
    return kept


def _fill(new: Any, old: Any, fresh: Any, before: IndexArray, read: IndexArray) -> None:
    """Rows of `new` from `old` where they were `before`, else from `fresh`; as many columns as both have."""
    for source, places in ((fresh, np.where(before < 0, read, -1)), (old, before)):
        chosen = np.flatnonzero(places >= 0)
        if new.ndim == 1:
            new[chosen] = source[places[chosen]]
        else:
            width = min(new.shape[1], source.shape[1])
            new[chosen, :width] = source[places[chosen], :width]
