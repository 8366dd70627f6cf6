"""How often the gate promotes a challenger that is no better than the champion, beside "lower MAE" alone.

Champion and challenger forecast the same noise with errors of the same distribution, correlated along the horizon; a
third one is 15 % better and should pass.

``python -m tests.benchmarks.promotion [--json] [--trials N] [--folds N] [--seed N]``
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ksys_core.forecasting.backtest import Backtest, Folds
from ksys_core.forecasting.bands import normal_score
from ksys_core.forecasting.base import LEVELS
from ksys_core.forecasting.gate import judged
from tests.benchmarks.report import line, parser

STEPS = 12
BETTER = 0.85


@dataclass(frozen=True)
class Shares:
    """Of the trials: equal challengers that pass the gate, that have the lower MAE; better ones that pass."""

    gate: float
    lower_mae: float
    better: float


def _errors(draw: np.random.Generator, folds: int) -> np.ndarray:
    """Errors float64[folds, steps] that grow with the horizon, as those of a random walk do."""
    return np.cumsum(draw.standard_normal((folds, STEPS)), axis=1)


def _test(where: Folds, error: np.ndarray, size: float = 1.0) -> Backtest:
    spread = size * np.sqrt(np.arange(1, STEPS + 1))
    half = np.array([normal_score(level) for level in LEVELS])[:, None, None] * spread
    value = size * error
    return Backtest(where, LEVELS, np.zeros_like(error), value, value - half, value + half)


def promoted(*, trials: int, folds: int, seed: int) -> Shares:
    """Play `trials` comparisons over so many folds."""
    draw = np.random.default_rng(seed)
    where = Folds(tuple(range(0, folds * STEPS, STEPS)), STEPS, STEPS)
    passed = lower = better = 0
    for _ in range(trials):
        common = _errors(draw, folds)  # what no model could know
        own, other, third = (0.8 * common + 0.6 * _errors(draw, folds) for _ in range(3))
        champion = {"champion": _test(where, other)}
        equal = _test(where, own)
        passed += judged(equal, champion).passed
        lower += bool(np.abs(equal.value).mean() < np.abs(other).mean())
        better += judged(_test(where, third, BETTER), champion).passed
    return Shares(passed / trials, lower / trials, better / trials)


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--trials", type=int, default=4000)
    given.add_argument("--folds", type=int, default=144)
    given.add_argument("--seed", type=int, default=1)
    options = given.parse_args()
    shares = promoted(trials=options.trials, folds=options.folds, seed=options.seed)
    for name, value in (("equal_challengers_promoted", shares.gate), ("better_challengers_promoted", shares.better)):
        line(name, value, "share", shares.lower_mae, as_json=options.json, folds=options.folds, trials=options.trials)


if __name__ == "__main__":
    main()
