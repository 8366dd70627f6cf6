"""Whether a model's world has changed, without being misled by autocorrelation.

Errors are whitened by an AR(1) model of the reference before they are tested, and values are thinned until they are
nearly independent: tests for independent samples alarm most of the time on what a plant measures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.season import autocorrelation

Kind = Literal["concept", "bias", "input", "coverage"]
Severity = Literal["watch", "act"]

RECENT: Final = 288
"""Newest errors that are judged."""
REFERENCE: Final = 300
"""Errors before these that are needed to judge by."""
NEWEST: Final = 48
WORSE: Final = 1.5
ADWIN_DELTA: Final = 1e-5
CLIPPED: Final = 8.0
"""An error of so many reference errors counts as 1 for ADWIN, which wants values of 0 to 1."""
CUSUM_SLACK: Final = 0.5
CUSUM_LIMIT: Final = 8.0
PSI_WATCH: Final = 0.1
PSI_ACT: Final = 0.25
PSI_BINS: Final = 10
PSI_POINTS: Final = 300
COVERAGE: Final = 0.90
"""Share of errors that the bounds promise to hold."""
COVERAGE_OFF: Final = 0.05
"""How far it may be off."""
CHANCE: Final = 3.0
"""So many standard errors are chance."""
INDEPENDENT: Final = 0.2
"""Autocorrelation below which samples count as independent."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One change: a statistic beyond its threshold."""

    kind: Kind
    severity: Severity
    statistic: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Whitener:
    """The AR(1) model of errors: ``e[t] = intercept + phi e[t-1] + sigma u[t]``."""

    intercept: float
    phi: float
    sigma: float

    @classmethod
    def of(cls, errors: ValueArray) -> Whitener | None:
        """Fitted to `errors` by least squares less its small-sample bias (Kendall 1954); None when they do not vary."""
        before, after = errors[:-1], errors[1:]
        centre = before - before.mean()
        power = float(centre @ centre)
        if not power > 0:
            return None
        phi = float(centre @ (after - after.mean())) / power
        phi = min(max(phi + (1 + 3 * phi) / len(errors), -0.999), 0.9999)
        rest = after - after.mean() - phi * centre
        sigma = float(np.sqrt((rest**2).mean()))
        return cls(float(after.mean() - phi * before.mean()), phi, sigma) if sigma > 0 else None

    def shocks(self, errors: ValueArray) -> ValueArray:
        """The u of `errors` from their second on, in units of sigma, float64[n - 1]."""
        shocks: ValueArray = (errors[1:] - self.phi * errors[:-1] - self.intercept) / self.sigma
        return shocks


def error_drift(errors: ValueArray) -> list[Finding]:
    """What the newest `RECENT` errors show beside those before them; nothing while there are too few.

    Args:
        errors: one-step errors without gaps, oldest first, float64[n].
    """
    if len(errors) < REFERENCE + RECENT:
        return []
    reference = errors[:-RECENT]
    whitener = Whitener.of(reference)
    if whitener is None:
        return []
    shocks = whitener.shocks(errors)
    findings = []
    ratio = float(np.abs(errors[-NEWEST:]).mean() / np.abs(reference).mean())
    size = np.abs(shocks)
    change = adwin(np.minimum(size / (CLIPPED * size[:-RECENT].mean()), 1.0), ADWIN_DELTA)
    if ratio > WORSE and change is not None and change >= len(shocks) - RECENT:
        findings.append(Finding("concept", "act", ratio, WORSE))
    highest = float(cusum(shocks[-RECENT:], CUSUM_SLACK).max())
    if highest > CUSUM_LIMIT:
        findings.append(Finding("bias", "act", highest, CUSUM_LIMIT))
    return findings


def coverage_drift(errors: ValueArray, inside: npt.NDArray[np.bool_]) -> list[Finding]:
    """Whether the 90 % bounds held other than they promise, by more than chance; nothing while that can't be told.

    Args:
        errors: one-step errors without gaps, oldest first; `inside`: whether the bounds of each held it.
    """
    whitener = Whitener.of(errors) if len(errors) > 2 else None
    if whitener is None:
        return []
    phi = max(whitener.phi, 0.0)
    independent = len(errors) * (1 - phi) / (1 + phi)
    chance = CHANCE * math.sqrt(COVERAGE * (1 - COVERAGE) / independent)
    share = float(inside.mean())
    off = abs(share - COVERAGE)
    if off <= max(COVERAGE_OFF, chance):
        return []
    return [Finding("coverage", "act" if share < COVERAGE - 2 * COVERAGE_OFF else "watch", off, COVERAGE_OFF)]


def adwin(values: ValueArray, delta: float) -> int | None:
    """Where the mean of `values` (each 0 to 1) last changed; None: nowhere.

    The window is cut at every place where the means of both sides differ by more than chance allows, as long as there
    is one (Bifet, Gavalda 2007, ADWIN0 with the bound for small variances).
    """
    start = 0
    while (cut := _cut(values[start:], delta)) is not None:
        start += cut
    return start or None


def _cut(values: ValueArray, delta: float) -> int | None:
    """The place that separates two different means most clearly."""
    n = len(values)
    if n < 10:
        return None
    left = np.arange(1, n)
    total = np.cumsum(values)
    means = total[:-1] / left, (total[-1] - total[:-1]) / (n - left)
    size = 1 / (1 / left + 1 / (n - left))
    log = math.log(2 * math.log(n) / delta)
    limit = np.sqrt(2 / size * values.var() * log) + 2 / (3 * size) * log
    excess = np.abs(means[0] - means[1]) - limit
    best = int(np.argmax(excess))
    return best + 1 if excess[best] > 0 else None


def cusum(shocks: ValueArray, slack: float) -> ValueArray:
    """The larger of the sums of shocks above and below `slack`, each starting anew at 0 (Page 1954), float64[n]."""
    sides = []
    for signed in (shocks, -shocks):
        walk = np.concatenate(([0.0], np.cumsum(signed - slack)))
        sides.append((walk - np.minimum.accumulate(walk))[1:])
    larger: ValueArray = np.maximum(*sides)
    return larger


def input_drift(
    reference: ValueArray, recent: ValueArray, reference_hours: npt.NDArray[np.int64], hours: npt.NDArray[np.int64]
) -> list[Finding]:
    """Whether values come from another distribution than in training; nothing while there are too few.

    Args:
        reference: values in training, oldest first; NaN where missing. `reference_hours`: hour of day of each.
        recent: values since, and their `hours`.
    """
    known, now = np.isfinite(reference), np.isfinite(recent)
    lag = independent_lag(reference[known])
    if lag is None:
        return []
    old, new = matched(reference[known][::lag], recent[now][::lag], reference_hours[known][::lag], hours[now][::lag])
    if len(old) < PSI_POINTS:
        return []
    found = psi(old, new)
    if found <= PSI_WATCH:
        return []
    act = found > PSI_ACT
    return [Finding("input", "act" if act else "watch", found, PSI_ACT if act else PSI_WATCH)]


def independent_lag(v: ValueArray) -> int | None:
    """The first lag from which on, for as long again, the autocorrelation stays small; None when there is none."""
    longest = len(v) // 4
    if longest < 2 or not np.ptp(v) > 0:
        return None
    small = np.abs(autocorrelation(v, longest)) < INDEPENDENT
    for lag in np.flatnonzero(small):
        if 2 * lag <= longest and small[lag : 2 * lag + 1].all():
            return int(lag)
    return None


def matched(
    old: ValueArray, new: ValueArray, old_hours: npt.NDArray[np.int64], new_hours: npt.NDArray[np.int64]
) -> tuple[ValueArray, ValueArray]:
    """As many values of each hour of the day from both, the newest ones."""
    pairs = []
    for hour in range(24):
        mine, theirs = old[old_hours == hour], new[new_hours == hour]
        n = min(len(mine), len(theirs))
        pairs.append((mine[len(mine) - n :], theirs[len(theirs) - n :]))
    return np.concatenate([mine for mine, _ in pairs]), np.concatenate([theirs for _, theirs in pairs])


def psi(old: ValueArray, new: ValueArray) -> float:
    """Population stability index over the tenths of `old`, less what it would be in the mean by chance alone."""
    edges = np.unique(np.quantile(old, np.arange(1, PSI_BINS) / PSI_BINS))
    shares = []
    for values in (old, new):
        counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
        shares.append((counts + 0.5) / (len(values) + 0.5 * (len(edges) + 1)))
    index = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    return index - len(edges) * (1 / len(old) + 1 / len(new))
