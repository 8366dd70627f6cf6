"""The accuracy targets, and what of them needs no measured series: the gate and the drift tests on made-up errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ksys_core.forecasting.backtest import Backtest, Folds
from ksys_core.forecasting.drift import RECENT, REFERENCE, error_drift
from ksys_core.forecasting.gate import judged


@dataclass(frozen=True)
class Target:
    """A figure that must be at most `must`, and is aimed to be at most `stretch`."""

    must: float
    stretch: float

    def beside(self, value: float | None) -> dict[str, object]:
        """The figure with what is asked of it; `held` None: it was not measured."""
        short = None if value is None else float(f"{value:.4g}")
        held = None if value is None else "stretch" if value <= self.stretch else "must" if value <= self.must else "no"
        return {"value": short, "must": self.must, "stretch": self.stretch, "held": held}


TARGETS = {
    "default_over_seasonal_naive": Target(0.70, 0.61),
    "share_5_percent_worse_than_baselines": Target(0.10, 0.0),
    "default_over_prophet": Target(0.75, 0.60),
    "default_over_arima_ets_theta": Target(0.90, 0.80),
    "coverage_gap_90": Target(0.02, 0.01),
    "interval_score_over_native": Target(0.85, 0.75),
    "equal_challengers_promoted": Target(0.07, 0.02),
    "false_drift_retrainings": Target(2.0, 0.5),
}
PUBLISHED = {"bwdf_first_day_mae": {"winner": 0.985, "middle": 1.34, "unit": "L/s", "weeks": "other ones than ours"}}
"""Figures of others where the data are at hand."""

HOUR = 12
MONTH = 30 * 24 * HOUR
"""Samples of five minutes."""


def ar1(rng: np.random.Generator, shape: tuple[int, int], phi: float) -> np.ndarray:
    """Autocorrelated noise of unit spread along the second axis."""
    shocks = rng.normal(0, np.sqrt(1 - phi * phi), shape)
    wander = np.zeros(shape)
    wander[:, 0] = rng.normal(size=shape[0])
    for i in range(1, shape[1]):
        wander[:, i] = phi * wander[:, i - 1] + shocks[:, i]
    return wander


def equal_challengers_promoted(trials: int, folds: int = 144, horizon: int = 24) -> float:
    """Part of challengers that pass the gate although they are exactly as good as what they are up against."""
    where = Folds(tuple(range(1000, 1000 + folds * horizon, horizon)), horizon, horizon)
    passed = 0
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        common = ar1(rng, (folds, horizon), 0.8)
        tests = [_test(where, common + 0.5 * ar1(rng, (folds, horizon), 0.8)) for _ in range(2)]
        passed += judged(tests[0], {"champion": tests[1]}).passed
    return passed / trials


def _test(where: Folds, errors: np.ndarray) -> Backtest:
    """A model with these errors and bounds that hold what they promise."""
    half = np.quantile(np.abs(errors), (0.80, 0.95))[:, None, None]
    return Backtest(where, (80.0, 95.0), np.zeros(errors.shape), errors, errors - half, errors + half)


def false_drift_retrainings(months: int, phi: float = 0.6) -> float:
    """Retrainings a sensor and month where nothing changed, judged every hour, beginning anew after each."""
    errors = ar1(np.random.default_rng(3), (months, MONTH), phi)
    retrained = 0
    for sensor in errors:
        since = 0
        for now in range(REFERENCE + RECENT, MONTH, HOUR):
            seen = sensor[max(since, now - 7 * 24 * HOUR) : now]
            if any(finding.severity == "act" for finding in error_drift(seen)):
                retrained += 1
                since = now
    return retrained / months
