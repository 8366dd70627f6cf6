"""What becomes of a trained model: in charge at once, in shadow, a fresh fit of the champion, or kept aside.

A challenger goes through the gate (`ksys_core.forecasting.gate`), then a day in shadow; among the candidates of one
night only those are promoted that Benjamini and Hochberg's rule leaves. A champion that turns out much worse than the
one before goes back by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from ksys_core.forecasting.gate import COVERAGE_LIMIT, PART_LIMIT, RATIO_LIMIT, Verdict, benjamini_hochberg

Outcome = Literal["champion", "challenger", "refreshed", "kept"]

REFRESH_LIMIT: Final = 1.02
"""A new fit of the champion's own kind may be so much worse than a baseline."""
ROLLBACK_LIMIT: Final = 1.3
SHADOW_PAIRS: Final = 48
"""Pairs of forecast and actual that a comparison in shadow needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """Two models on the same issue and target times, sums by horizon step, float64[steps].

    Attributes:
        n: pairs; own, other: absolute errors of the model and of the one in charge.
        hits: of the model's 80 and 95 % bounds, float64[2, steps].
    """

    n: npt.NDArray[np.float64]
    own: npt.NDArray[np.float64]
    other: npt.NDArray[np.float64]
    hits: npt.NDArray[np.float64]

    @property
    def pairs(self) -> int:
        return int(self.n.sum())

    @property
    def ratio(self) -> float:
        """MAE over the other's; also the ratio of their MASE by one scale."""
        own, other = float(self.own.sum()), float(self.other.sum())
        return own / other if other > 0 else (float("inf") if own > 0 else 1.0)

    @property
    def worst_part(self) -> float:
        """The largest ratio over the thirds of the horizon."""
        parts = np.array_split(np.arange(len(self.n)), min(3, len(self.n)))
        sums = [(float(self.own[part].sum()), float(self.other[part].sum())) for part in parts]
        return max((own / other if other > 0 else 1.0 for own, other in sums), default=1.0)

    @property
    def coverage_gap(self) -> float:
        """Mean distance of the coverage from 80 and 95 %."""
        return float(np.abs(self.hits.sum(axis=1) / max(self.pairs, 1) - np.array([0.80, 0.95])).mean())


def outcome(verdict: Verdict, *, fresh: bool, vacant: bool) -> Outcome:
    """What becomes of a model with this verdict.

    Args:
        fresh: it is a new fit of the champion's own kind, which forecasts as the champion does, but knows newer data.
        vacant: the sensor has no champion.
    """
    if fresh:
        level = all(duel.ratio <= REFRESH_LIMIT for duel in verdict.duels)
        return "refreshed" if level and verdict.bounds_hold else "kept"
    if not verdict.passed:
        return "kept"
    return "champion" if vacant else "challenger"


def weakest(verdict: Verdict) -> float:
    """The p-value of all duels together: of the one that is won by least."""
    return max((duel.p for duel in verdict.duels), default=1.0)


def proven(shadow: Shadow) -> bool:
    """Whether a day in shadow bears the gate out: better, nowhere much worse, and with bounds that hold."""
    return (
        shadow.pairs >= SHADOW_PAIRS
        and shadow.ratio < RATIO_LIMIT
        and shadow.worst_part <= PART_LIMIT
        and shadow.coverage_gap <= 2 * COVERAGE_LIMIT
    )


def failed(shadow: Shadow) -> bool:
    """Whether a new champion (`own`) is so much worse than the one before that it has to go."""
    return shadow.pairs >= SHADOW_PAIRS and shadow.ratio > ROLLBACK_LIMIT


def rejected_together(p: dict[int, float]) -> set[int]:
    """Keys whose advantage stands although so many were tested at once."""
    keys = list(p)
    kept = benjamini_hochberg([p[key] for key in keys])
    return {key for key, stands in zip(keys, kept, strict=True) if stands}
