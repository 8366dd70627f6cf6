"""The priority of an alarm, from the severity of its consequence and the maximum time to respond.

The default is alarm-model's matrix after EEMUA 191; a site may set its own (settings value ``alarms.matrix``). The
database's function `alarm_derived_priority` is the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, get_args

from ksys_core.errors import KnownError
from ksys_core.i18n import N_

Severity = Literal["minor", "major", "severe"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
BANDS: Final = 4
"""Ranges of the time to respond, the longest first."""

Row = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class PriorityMatrix:
    """Priorities 1 (the highest) to 4 by severity and range of the time to respond; None: nobody need answer.

    Attributes:
        bounds_s: falling bounds between the ranges, in seconds; a time that equals one belongs to the range before it,
            but the first, which ends the range below it.
    """

    bounds_s: tuple[float, float, float] = (1800.0, 600.0, 180.0)
    minor: Row = (None, 3, 3, 2)
    major: Row = (3, 3, 2, 1)
    severe: Row = (2, 2, 1, 1)

    def row(self, severity: str) -> Row:
        """Priorities of a severity, by range."""
        return {"minor": self.minor, "major": self.major, "severe": self.severe}[severity]

    def band(self, response_s: float) -> int:
        """The range that a time to respond (seconds) falls into, 0 for the longest."""
        longest, middle, shortest = self.bounds_s
        return 0 if response_s > longest else 1 if response_s >= middle else 2 if response_s >= shortest else 3

    def priority(self, severity: str, response_s: float) -> int | None:
        """The priority that follows."""
        return self.row(severity)[self.band(response_s)]

    def check(self) -> None:
        """Raise `KnownError` where the matrix contradicts itself."""
        if not all(math.isfinite(b) and b > 0 for b in self.bounds_s) or any(
            longer <= shorter for longer, shorter in pairwise(self.bounds_s)
        ):
            raise KnownError(
                "matrix.bounds", N_("The three times of the matrix must be above zero and fall from left to right.")
            )
        rows = [self.row(severity) for severity in SEVERITIES]
        if any(p is not None and p not in (1, 2, 3, 4) for row in rows for p in row):
            raise KnownError("matrix.priority", N_("The matrix has priorities 1 to 4, or none."))
        columns = [*rows, *zip(*rows, strict=True)]
        if any(_rank(later) > _rank(earlier) for line in columns for earlier, later in pairwise(line)):
            raise KnownError(
                "matrix.order",
                N_("Less time or a more severe consequence must not lead to a lower priority. Change the matrix."),
            )

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {"bounds_s": list(self.bounds_s), **{name: list(self.row(name)) for name in SEVERITIES}}


def _rank(priority: int | None) -> int:
    return 5 if priority is None else priority


def matrix_of(value: Mapping[str, Any]) -> PriorityMatrix:
    """The matrix of its JSON object.

    Raises:
        KnownError: it is none, or contradicts itself.
    """
    try:
        bounds = [float(b) for b in value["bounds_s"]]
        rows = {name: _row(value[name]) for name in SEVERITIES}
        matrix = PriorityMatrix((bounds[0], bounds[1], bounds[2]), **rows)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise KnownError(
            "matrix.form",
            N_("A priority matrix has bounds_s with 3 times (s), and minor, major, severe with 4 priorities each."),
        ) from error
    matrix.check()
    return matrix


def _row(values: Sequence[Any]) -> Row:
    if len(values) != BANDS or isinstance(values, str):
        raise ValueError("a row has four priorities")
    return tuple(None if v is None else int(v) for v in values)


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a priority comes about.

    Attributes:
        priority: None where it can't be derived, or nobody need answer.
        severity, band: what it follows from; `band` is the range of the time to respond. None where one is missing.
        objections: English sentences, to be translated, why this is no alarm (rather an interlock or an event).
    """

    priority: int | None
    severity: str | None
    band: int | None
    objections: tuple[str, ...] = ()


def derive(matrix: PriorityMatrix, severity: str | None, response_s: float | None, *, has_action: bool) -> Derivation:
    """Priority of an alarm with the reasons that speak against its being one."""
    objections = [] if has_action else [N_("No corrective action is defined: an event, not an alarm.")]
    if not severity or response_s is None:
        return Derivation(None, severity or None, None, tuple(objections))
    band, priority = matrix.band(response_s), matrix.priority(severity, response_s)
    if band == BANDS - 1:
        objections.append(N_("Nobody can act in so short a time: an interlock, not an alarm."))
    if priority is None:
        objections.append(N_("The matrix gives no priority: an event, not an alarm."))
    return Derivation(priority, severity, band, tuple(objections))
