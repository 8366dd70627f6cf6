"""Alarm definitions as columns: what the engine reads and never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from ksys_core.domain.alarms.definition import KINDS, LIMIT_KINDS
from ksys_core.domain.times import SECOND

FloatArray = npt.NDArray[np.float64]
NsArray = npt.NDArray[np.int64]
IndexArray = npt.NDArray[np.int64]
IntArray = npt.NDArray[np.int32]
SmallArray = npt.NDArray[np.uint8]
FlagArray = npt.NDArray[np.bool_]

NEVER: Final = np.iinfo(np.int64).max
"""A deadline that does not come."""
UNSEEN: Final = np.iinfo(np.int64).min
"""The time of something that has not happened."""
HIGH_KINDS: Final = frozenset(KINDS) - {"L", "LL"}


def seconds(value: npt.ArrayLike) -> NsArray:
    """Nanoseconds of seconds, rounded to the microsecond the database keeps."""
    return np.round(np.asarray(value, np.float64) * 1e6).astype(np.int64) * (SECOND // 1_000_000)


@dataclass(frozen=True, slots=True, eq=False)
class Definitions:
    """`n` alarms of `m` tags, sorted by tag.

    Attributes:
        sensor_id: int32[m], rising.
        stale_after: int64[m] ns without a reading after which a tag is stale; `NEVER` where unknown.
        alarm_id: int32[n].
        sensor: int64[n] index into `sensor_id`, rising.
        kind: uint8[n] index into `KINDS`.
        sign: float64[n], 1 for alarms of high values, -1 of low ones.
        limit: float64[n] in the tag's unit (or what the kind compares); NaN: none in force, never active.
        beyond, clear: float64[n], signed: a signed value above `beyond` is out, below `clear` it is normal.
        on_delay, off_delay, realarm: int64[n] ns; `NEVER` for no re-alarm.
        count: uint8[n] entries within `on_delay` that activate too; 0: no counting.
        priority: uint8[n], 1 the highest. latching: bool[n].
        group: int32[n], -1 for none. reference: int64[n] index of the set-point's tag, -1 for none.
        plain: every alarm compares the value itself with a limit.
    """

    sensor_id: IntArray
    stale_after: NsArray
    alarm_id: IntArray
    sensor: IndexArray
    kind: SmallArray
    sign: FloatArray
    limit: FloatArray
    beyond: FloatArray
    clear: FloatArray
    on_delay: NsArray
    off_delay: NsArray
    realarm: NsArray
    count: SmallArray
    priority: SmallArray
    latching: FlagArray
    group: IntArray
    reference: IndexArray
    plain: bool

    def __len__(self) -> int:
        return len(self.alarm_id)

    @property
    def most_counted(self) -> int:
        """Columns the state needs to count entries."""
        return int(self.count.max(initial=0))

    @classmethod
    def of(
        cls,
        *,
        alarm_id: npt.ArrayLike,
        sensor_id: npt.ArrayLike,
        kind: list[str] | str,
        limit: npt.ArrayLike,
        dead_band: npt.ArrayLike = 0.0,
        on_delay_s: npt.ArrayLike = 0.0,
        off_delay_s: npt.ArrayLike = 0.0,
        realarm_s: npt.ArrayLike = np.nan,
        count: npt.ArrayLike = 0,
        priority: npt.ArrayLike = 3,
        latching: npt.ArrayLike = False,
        group: npt.ArrayLike = -1,
        reference_id: npt.ArrayLike = -1,
        stale_after_s: Mapping[int, float] | None = None,
        followed: Sequence[int] = (),
    ) -> Self:
        """Definitions from columns in any order (scalars are repeated).

        Dead bands in the tag's unit; `realarm_s` NaN: never; `reference_id` -1: none; `stale_after_s` by sensor id;
        `followed`: sensor ids of tags whose readings are wanted although they may have no alarm.
        """
        ids = np.asarray(alarm_id, np.int32)
        n = len(ids)
        tags = np.broadcast_to(np.asarray(sensor_id, np.int32), n)
        references = np.broadcast_to(np.asarray(reference_id, np.int32), n)
        order = np.lexsort((ids, tags))
        sensors = np.unique(np.concatenate([tags, references[references >= 0], followed])).astype(np.int32)
        given: tuple[_Column, ...] = (
            ("alarm_id", ids, np.int32),
            *_comparison([kind] * n if isinstance(kind, str) else kind, limit, dead_band),
            ("on_delay", seconds(on_delay_s), np.int64),
            ("off_delay", seconds(off_delay_s), np.int64),
            ("realarm", _or_never(realarm_s), np.int64),
            ("count", count, np.uint8),
            ("priority", priority, np.uint8),
            ("latching", latching, np.bool_),
            ("group", group, np.int32),
        )
        columns: dict[str, npt.NDArray[Any]] = {
            name: np.ascontiguousarray(np.broadcast_to(np.asarray(values), n)[order], dtype)
            for name, values, dtype in given
        }
        columns["sensor"] = np.searchsorted(sensors, tags[order])
        columns["reference"] = np.where(references[order] < 0, -1, np.searchsorted(sensors, references[order]))
        columns["stale_after"] = _or_never([(stale_after_s or {}).get(tag, np.nan) for tag in sensors.tolist()])
        return cls.whole(sensor_id=sensors, **columns)

    @classmethod
    def whole(cls, **columns: npt.NDArray[Any]) -> Self:
        """Definitions from columns that are as the attributes say, which nobody may write to any more."""
        plain = bool(np.isin(columns["kind"], [KINDS.index(k) for k in LIMIT_KINDS]).all())
        for array in columns.values():
            array.setflags(write=False)
        return cls(plain=plain, **columns)


_Column = tuple[str, npt.ArrayLike, npt.DTypeLike]


def _comparison(kind: list[str], limit: npt.ArrayLike, dead_band: npt.ArrayLike) -> tuple[_Column, ...]:
    kinds = np.array([KINDS.index(k) for k in kind], np.uint8)
    sign = np.where(np.isin(kinds, [KINDS.index(k) for k in HIGH_KINDS]), 1.0, -1.0)
    beyond = sign * np.asarray(limit, np.float64)
    clear = beyond - np.asarray(dead_band, np.float64)
    return (
        ("kind", kinds, np.uint8),
        ("sign", sign, np.float64),
        ("limit", limit, np.float64),
        ("beyond", beyond, np.float64),
        ("clear", clear, np.float64),
    )


def _or_never(given_s: npt.ArrayLike) -> NsArray:
    """Nanoseconds of seconds; `NEVER` for NaN."""
    values = np.asarray(given_s, np.float64)
    return np.where(np.isnan(values), NEVER, seconds(np.nan_to_num(values)))
