"""Whether a challenger may take over: it has to beat its opponents on the same folds by more than chance and noise.

One-sided Diebold-Mariano test on the difference of the folds' mean absolute errors, with the small-sample correction of
Harvey, Leybourne, Newbold (1997); several decisions at once by Benjamini, Hochberg (1995).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.backtest import Backtest
from ksys_core.forecasting.scores import bucket_maes

ENOUGH_FOLDS: Final = 48
P_LIMIT: Final = 0.05
RATIO_LIMIT: Final = 0.98
COVERAGE_LIMIT: Final = 0.03
ONE_SIDED: Final = 1.645
"""Normal quantile of 95 %."""
PART_LIMIT: Final = 1.10


@dataclass(frozen=True, slots=True)
class Duel:
    """The challenger against one opponent.

    Attributes:
        n: folds on which both have a forecast and an actual.
        p: probability of so large an advantage when the opponent is as good.
        ratio: MAE of the challenger over the opponent's.
        worst_part: the largest such ratio over the parts of the horizon.
    """

    opponent: str
    n: int
    p: float
    ratio: float
    worst_part: float

    @property
    def won(self) -> bool:
        """Better by more than chance and noise, and nowhere much worse."""
        return (
            self.n >= ENOUGH_FOLDS and self.p < P_LIMIT and self.ratio < RATIO_LIMIT and self.worst_part <= PART_LIMIT
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """All duels of a challenger.

    Attributes:
        coverage_gap: how far its coverage is from what its bounds promise, 0-1, mean over levels.
        bounds_hold: at no level is the gap above three points by more than the folds' chance (one-sided, 5 %).
    """

    duels: tuple[Duel, ...]
    coverage_gap: float
    bounds_hold: bool

    @property
    def passed(self) -> bool:
        """Every duel is won and the bounds hold."""
        return bool(self.duels) and all(duel.won for duel in self.duels) and self.bounds_hold


def judged(challenger: Backtest, opponents: Mapping[str, Backtest]) -> Verdict:
    """The challenger against `opponents`, all tested on the same folds.

    Raises:
        ValueError: the folds differ.
    """
    if any(other.folds != challenger.folds for other in opponents.values()):
        raise ValueError("models tested on different folds can't be compared")
    duels = tuple(_duel(challenger, name, other) for name, other in opponents.items())
    gaps, noise = _coverage_gaps(challenger)
    return Verdict(duels, float(gaps.mean()), bool((gaps - ONE_SIDED * noise <= COVERAGE_LIMIT).all()))


def _duel(challenger: Backtest, name: str, other: Backtest) -> Duel:
    known = np.isfinite(challenger.value) & np.isfinite(other.value)
    actual = np.where(known, challenger.actual, np.nan)
    mine, theirs = (np.abs(test.value - actual) for test in (challenger, other))
    folds = np.isfinite(mine).any(axis=1)
    n = int(folds.sum())
    if n == 0:
        return Duel(name, 0, 1.0, math.inf, math.inf)
    losses = [np.nanmean(error[folds], axis=1) for error in (mine, theirs)]
    parts = bucket_maes(actual, other.value)
    worst = max(_ratio(mae, parts[steps]) for steps, mae in bucket_maes(actual, challenger.value).items())
    return Duel(
        name,
        n,
        diebold_mariano(losses[0], losses[1], overlap=challenger.folds.overlap),
        _ratio(float(np.nanmean(mine)), float(np.nanmean(theirs))),
        worst,
    )


def _ratio(mae: float, other: float) -> float:
    if other > 0:
        return mae / other
    return math.inf if mae > 0 else 1.0


def _coverage_gaps(test: Backtest) -> tuple[ValueArray, ValueArray]:
    """Distance of the coverage from each level, and its standard error from the scatter between folds."""
    known = np.isfinite(test.actual) & np.isfinite(test.value)
    folds = known.any(axis=1)
    n = int(folds.sum())
    levels = np.array(test.levels) / 100
    if n == 0:
        return np.full(len(levels), np.inf), np.zeros(len(levels))
    inside = known & (test.lo <= test.actual) & (test.actual <= test.hi)
    shares = inside[:, folds].sum(axis=2) / known[folds].sum(axis=1)
    return np.abs(shares.mean(axis=1) - levels), shares.std(axis=1) / math.sqrt(n)


def diebold_mariano(losses: ValueArray, other: ValueArray, *, overlap: int = 1) -> float:
    """The one-sided p-value of `losses` being smaller in the mean than `other`, float64[n] in the order of time.

    Args:
        overlap: forecasts in a row that share targets, so that their losses are correlated; 1: none do.
    """
    n = len(losses)
    difference = losses - other
    if n < 2 or overlap >= n:
        return 1.0
    mean = float(difference.mean())
    centred = difference - mean
    power = float(np.square(losses).mean() + np.square(other).mean())
    variance = float(centred @ centred) / n
    if not variance > 1e-24 * power:  # always the same difference
        return 0.0 if mean < 0 and mean * mean > 1e-24 * power else 1.0
    for lag in range(1, overlap):
        variance += 2 * float(centred[lag:] @ centred[:-lag]) / n
    if variance <= 0:  # the sum over lags can be, and then tells nothing
        return 1.0
    correction = (n + 1 - 2 * overlap + overlap * (overlap - 1) / n) / n
    statistic = mean / math.sqrt(variance / n) * math.sqrt(correction)
    return t_below(statistic, n - 1)


def t_below(x: float, freedom: int) -> float:
    """Probability that Student's t with `freedom` degrees of freedom is below `x`."""
    tail = _incomplete_beta(freedom / (freedom + x * x), freedom / 2, 0.5) / 2
    return tail if x < 0 else 1 - tail


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function (continued fraction, Numerical Recipes 6.4)."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x > (a + 1) / (a + b + 2):
        return 1 - math.exp(log_front) * _beta_fraction(1 - x, b, a) / b
    return math.exp(log_front) * _beta_fraction(x, a, b) / a


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction by Lentz's method."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / (1 + term * d)
            c = 1 + term / c
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def benjamini_hochberg(p: Sequence[float], rate: float = P_LIMIT) -> npt.NDArray[np.bool_]:
    """Which of several hypotheses to reject so that at most `rate` of the rejections are false in expectation."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    below = np.flatnonzero(values[order] <= rate * np.arange(1, len(values) + 1) / max(len(values), 1))
    rejected = np.zeros(len(values), dtype=np.bool_)
    if len(below):
        rejected[order[: below[-1] + 1]] = True
    return rejected
