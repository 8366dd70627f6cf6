"""Which engines may vote in a combination, judged on the newest part of what they may know.

What so few forecasts say of an engine is mostly chance, so the learners, which are the best nearly everywhere, vote
unless they fail. Of each other family the best votes if it beats the learners and naive and seasonal naive; and the
better of these two votes beside the learners if it beats them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.backtest import Backtest, Folds, folds
from ksys_core.forecasting.base import MAX_LATE

BASELINES: Final = ("naive", "seasonal_naive")
FAMILIES: Final = {
    "ridge": "regression",
    "xgboost": "trees",
    "mstl": "decomposition",
    "auto_ets": "smoothing",
    "auto_theta": "smoothing",
    "auto_arima": "arima",
}
"""Engines that may vote, with their families: of each family only the best does."""
LEARNERS: Final = ("ridge", "xgboost")
FAILED: Final = 1.5
"""Times the least error of all with which a learner has failed."""
SPARED: Final = 3
"""One of so many values, the newest, is what engines are judged on; they are fitted to the others."""
FEWEST: Final = 5
"""Origins below which nothing can be judged."""


def judging(v: ValueArray, horizon: int, count: int) -> Folds | None:
    """Origins over the newest part of `v` that have something to forecast from and to be compared with.

    They are far enough apart to see every time of day; None: too few.
    """
    n = len(v)
    room = n // SPARED - horizon
    apart = min(max(room // count, 1), horizon // 2 + 1)
    every = folds(n, horizon=horizon, first=max(n - n // SPARED, 1), count=n, apart=apart)
    known = np.concatenate(([0], np.cumsum(np.isfinite(v))))
    origins = np.array(every.origins, dtype=np.int64)
    before = known[origins] > known[np.maximum(origins - MAX_LATE - 1, 0)]
    usable = origins[before & (known[origins + horizon] > known[origins])][-count:]
    return Folds(tuple(usable.tolist()), horizon, apart) if len(usable) >= FEWEST else None


def chosen(tests: Mapping[str, Backtest]) -> tuple[str, ...]:
    """The voters after `tests`, the best one first; where no engine may vote, the better of the baselines."""
    losses = {name: float(np.nanmean(t.losses())) for name, t in tests.items() if np.isfinite(t.losses()).any()}
    ranked = sorted((name for name in losses if name in FAMILIES or name in BASELINES), key=lambda name: losses[name])
    if not any(name in BASELINES for name in ranked):
        return ()
    learners = [name for name in ranked if name in LEARNERS and losses[name] < FAILED * losses[ranked[0]]]
    baseline = next(name for name in ranked if name in BASELINES)
    better = ranked[: min(ranked.index(name) for name in (baseline, *learners))]
    best = {FAMILIES[name]: name for name in reversed(better) if name not in LEARNERS}
    votes = {*best.values(), *learners}
    if not votes or (learners and losses[baseline] < losses[learners[0]]):
        votes.add(baseline)
    return tuple(name for name in ranked if name in votes)
