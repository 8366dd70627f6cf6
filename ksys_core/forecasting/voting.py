"""Which engines may vote in a combination: of each family the best, if it beats naive and seasonal naive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from ksys_core.forecasting.backtest import Backtest

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


def chosen(tests: Mapping[str, Backtest]) -> tuple[str, ...]:
    """The best of each family that beats naive and seasonal naive over `tests`; else the better one of these."""
    losses = {name: float(np.nanmean(t.losses())) for name, t in tests.items() if np.isfinite(t.losses()).any()}
    yardsticks = {name: losses[name] for name in BASELINES if name in losses}
    if not yardsticks:
        return ()
    best: dict[str, str] = {}
    for name in sorted(losses, key=lambda name: losses[name]):
        if name in FAMILIES and losses[name] < min(yardsticks.values()):
            best.setdefault(FAMILIES[name], name)
    return tuple(best.values()) or (min(yardsticks, key=lambda name: yardsticks[name]),)
