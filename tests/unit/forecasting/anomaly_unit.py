"""A small made-up unit: two flows that follow each other, a level, and a tag of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ksys_core.forecasting.anomaly_model import Detector
from ksys_core.forecasting.anomaly_training import UnitHistory, train

SENSORS = (11, 12, 13, 14)


def normal(n: int, seed: int = 1) -> NDArray[np.float64]:
    """Samples of the unit as it works, float64[n, 4]."""
    noise = np.random.default_rng(seed).normal(0, 1, (n, 4))
    x = np.zeros((n, 4))
    for i in range(1, n):
        x[i, 0] = 0.9 * x[i - 1, 0] + noise[i, 0]
        x[i, 1] = 0.8 * x[i - 1, 0] + 0.2 * noise[i, 1]
        x[i, 2] = 0.95 * x[i - 1, 2] + 0.1 * (x[i - 1, 0] - x[i - 1, 1]) + 0.1 * noise[i, 2]
        x[i, 3] = 0.5 * x[i - 1, 3] + noise[i, 3]
    found: NDArray[np.float64] = x * np.array([5, 4, 10, 0.1]) + np.array([100, 80, 50, 7])
    return found


def detector(n: int = 1500) -> Detector:
    """Trained on the normal unit."""
    return train(UnitHistory(SENSORS, 0, 60, normal(n)))
