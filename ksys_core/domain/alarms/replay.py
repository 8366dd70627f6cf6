"""The journal alone rebuilds the state of every alarm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ksys_core.domain.alarms.isa import isa_of_bits
from ksys_core.domain.alarms.transitions import Transitions


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """State of one alarm after its last entry: the regions' bits (see `isa.region_bits`) and the occurrence."""

    regions: int
    occurrence: int


NORMAL = Rebuilt(4, 0)
"""An alarm without entries: acknowledged, nothing else."""
_STATE = isa_of_bits(np.arange(64, dtype=np.uint8))


@dataclass(frozen=True, slots=True)
class Break:
    """Entry number `place` of an alarm left another state than the entry before it had led to."""

    row: int
    place: int


def replay(parts: Iterable[Transitions]) -> tuple[dict[int, Rebuilt], list[Break]]:
    """State by alarm (row) after the journal's entries in order, and where the chain of states is broken."""
    found: dict[int, Rebuilt] = {}
    breaks: list[Break] = []
    place = 0
    for part in parts:
        for k in range(len(part)):
            row = int(part.row[k])
            before = found.get(row, NORMAL)
            if part.isa_from[k] != _STATE[before.regions] or part.isa_to[k] != _STATE[part.regions[k]]:
                breaks.append(Break(row, place))
            found[row] = Rebuilt(int(part.regions[k]), int(part.occurrence[k]))
            place += 1
    return found, breaks
