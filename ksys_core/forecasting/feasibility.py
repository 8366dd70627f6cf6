"""What can be trained with the data at hand, told before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ksys_core.domain.times import DAY, SECOND
from ksys_core.forecasting.evaluation import FOLDS, SELECTING
from ksys_core.forecasting.gate import ENOUGH_FOLDS

LEAST_FOLDS: Final = 3
MOST_FOLDS: Final = 10
TIGHT: Final = 100
"""A surplus of fewer values is tight."""


@dataclass(frozen=True, slots=True)
class Feasibility:
    """Whether `available` values are enough.

    Attributes:
        folds: walk-forward folds that are counted on; required: values they need.
        missing_days: how much more history is needed; 0 when it is enough.
        scored_folds: folds that count in a comparison of models.
        decides: they are enough for the gate, so that a model can be promoted.
    """

    state: Literal["error", "tight", "ok"]
    available: int
    required: int
    folds: int
    missing_days: float
    scored_folds: int

    @property
    def decides(self) -> bool:
        return self.scored_folds >= ENOUGH_FOLDS


def feasibility(available: int, *, interval_s: int, horizon: int, season: int = 1, folds: int = FOLDS) -> Feasibility:
    """What `available` usable values allow.

    A test takes one horizon; between 3 and 10 tests are counted on, and one horizon more is trained on at least.
    Besides, a third of the values, and three seasons with a horizon, come before the first of three tests at least.

    Args:
        interval_s: seconds a value; horizon, season: steps; folds: tests that are wanted at most.
    """
    counted = min(max(available // horizon - 1, LEAST_FOLDS), MOST_FOLDS)
    tests = LEAST_FOLDS * horizon
    third = 3 * (tests - 1) // 2 + 1  # the fewest values of which two thirds make up the tests
    required = max((counted + 1) * horizon, 3 * season + horizon + tests, third)
    surplus = available - required
    state: Literal["error", "tight", "ok"] = "error" if surplus < 0 else "tight" if surplus < TIGHT else "ok"
    first = max(available // 3, 3 * season + horizon)
    made = min(max((available - first) // horizon, 0), folds)
    return Feasibility(
        state=state,
        available=available,
        required=required,
        folds=counted,
        missing_days=max(0, -surplus) * interval_s * SECOND / DAY,
        scored_folds=made - made // SELECTING,
    )
