"""What happened: transitions as columns, in the order in which the journal keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from ksys_core.domain.alarms.columns import FloatArray, IndexArray, IntArray, NsArray, SmallArray
from ksys_core.domain.alarms.isa import CodeArray

EVENTS: Final = (
    "ACT", "RTN", "RALM", "ACK", "UNACK", "CFRM", "SIL", "RESET", "SHLV", "UNSHLV", "SHLVEND",
    "SUPR", "UNSUPR", "OOS", "INSRV", "CMNT", "ATTR",
)  # fmt: skip
"""Kinds of journal entries; the first three and SHLVEND, SUPR, UNSUPR are the engine's."""
ACT, RTN, RALM = range(3)
SHLVEND, SUPR, UNSUPR = 10, 11, 12


@dataclass(frozen=True, slots=True, eq=False)
class Transitions:
    """`k` transitions in rising `detected`.

    Attributes:
        row: int64[k] index of the alarm in its `Definitions`.
        event: uint8[k] index into `EVENTS`.
        source, detected: int64[k] ns: the crossing, and when its delay was over.
        value, limit: float64[k]. occurrence: int32[k].
        isa_from, isa_to: uint8[k] indices into `ISA_STATES`. regions: uint8[k] bits of `isa.region_bits` afterwards.
    """

    row: IndexArray
    event: SmallArray
    source: NsArray
    detected: NsArray
    value: FloatArray
    limit: FloatArray
    occurrence: IntArray
    isa_from: CodeArray
    isa_to: CodeArray
    regions: CodeArray

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """All of `parts` in time order; what happened to one alarm at one instant keeps its order."""
        if not parts:
            return cls.none()
        columns: list[npt.NDArray[Any]] = [
            np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)
        ]
        row, detected = columns[0], columns[3]
        order = np.lexsort((np.arange(len(row)), row, detected))
        return cls(*(column[order] for column in columns))

    @classmethod
    def none(cls) -> Self:
        types = (np.int64, np.uint8, np.int64, np.int64, np.float64, np.float64, np.int32, np.uint8, np.uint8, np.uint8)
        empty: list[npt.NDArray[Any]] = [np.empty(0, dtype) for dtype in types]
        return cls(*empty)


@dataclass(slots=True)
class Recorder:
    """Collects transitions while a step runs."""

    parts: list[Transitions] = field(default_factory=list)

    def result(self) -> Transitions:
        return Transitions.joined(self.parts)
