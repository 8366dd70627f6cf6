"""Made-up plant signals with a known season."""

from __future__ import annotations

import numpy as np

from ksys_core.domain.times import MINUTE
from ksys_core.forecasting.grid import RegularSeries

STEP = 60 * MINUTE
SEASON = 24
START = 1_700_000_000_000_000_000 // STEP * STEP


def daily(n: int = 480, *, noise: float = 0.3, seed: int = 3, level: float = 50.0, size: float = 8.0) -> RegularSeries:
    """Hourly values with a daily wave, autocorrelated noise and a slight rise."""
    rng = np.random.default_rng(seed)
    wander = np.zeros(n)
    shocks = rng.normal(0, noise, n)
    for i in range(1, n):
        wander[i] = 0.7 * wander[i - 1] + shocks[i]
    t = np.arange(n)
    return RegularSeries(START, STEP, level + size * np.sin(2 * np.pi * t / SEASON) + wander + 0.002 * t)


def with_values(y: RegularSeries, v: np.ndarray) -> RegularSeries:
    return RegularSeries(y.start, y.step, v.copy())
