"""Which engines may vote in a combination, judged on the newest part of what they may know.

Of each family the best votes, if it beats naive and seasonal naive and is not much worse than the best of all: a median
of few is drawn aside by one that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from ksys_core.forecasting.backtest import Backtest, Folds, folds

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


NEAR: Final = 1.2
"""How many times the least error a voter may have."""
SPARED: Final = 3
"""One of so many values, the newest, is what engines are judged on; they are fitted to the others."""
FEWEST: Final = 5
"""Origins below which nothing can be judged."""


def judging(n: int, horizon: int, count: int) -> Folds | None:
    """Origins over the newest part of `n` values: far enough apart to see every time of day; None: too few values."""
    room = n // SPARED - horizon
    apart = min(max(room // count, 1), horizon // 2 + 1)
    found = folds(n, horizon=horizon, first=max(n - n // SPARED, 1), count=count, apart=apart)
    return found if len(found.origins) >= FEWEST else None


def chosen(tests: Mapping[str, Backtest]) -> tuple[str, ...]:
    """The voters after `tests`; where no engine may vote, the better one of naive and seasonal naive."""
    losses = {name: float(np.nanmean(t.losses())) for name, t in tests.items() if np.isfinite(t.losses()).any()}
    yardsticks = {name: losses[name] for name in BASELINES if name in losses}
    if not yardsticks:
        return ()
    best: dict[str, str] = {}
    for name in sorted(losses, key=lambda name: losses[name]):
        if name in FAMILIES and losses[name] < min(yardsticks.values()):
            best.setdefault(FAMILIES[name], name)
    near = [name for name in best.values() if losses[name] <= NEAR * losses[next(iter(best.values()))]]
    return tuple(near) or (min(yardsticks, key=lambda name: yardsticks[name]),)
