"""Changes are found, and autocorrelation alone is none."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ksys_core.forecasting.drift import (
    PSI_BINS,
    RECENT,
    REFERENCE,
    Whitener,
    adwin,
    coverage_drift,
    cusum,
    error_drift,
    independent_lag,
    input_drift,
    matched,
    psi,
)

units = st.floats(0, 1).map(lambda v: round(v, 4))


def autoregressive(n: int, phi: float, seed: int) -> np.ndarray:
    """Stationary AR(1) of variance 1, made in blocks."""
    rng = np.random.default_rng(seed)
    if phi == 0:
        return rng.normal(size=n)
    out, last = np.empty(n), float(rng.normal())
    for start in range(0, n, 200):
        size = min(200, n - start)
        powers = phi ** np.arange(1, size + 1)
        shocks = math.sqrt(1 - phi * phi) * rng.normal(size=size)
        out[start : start + size] = powers * (last + np.cumsum(shocks / powers))
        last = float(out[start + size - 1])
    return out


@pytest.mark.parametrize("phi", [0.0, 0.6, 0.95, 0.999])
def test_stationary_errors_are_rarely_called_drift(phi: float) -> None:
    alarms = sum(bool(error_drift(autoregressive(2000, phi, seed))) for seed in range(1000))
    assert alarms / 1000 < 0.05


@pytest.mark.parametrize("phi", [0.0, 0.6, 0.95, 0.999])
def test_bounds_that_hold_in_the_long_run_are_rarely_called_drift(phi: float) -> None:
    alarms = 0
    for seed in range(1000):
        errors = autoregressive(2016, phi, seed)
        alarms += bool(coverage_drift(errors, np.abs(errors) < 1.6449))
    assert alarms / 1000 < 0.05


@pytest.mark.parametrize(("half", "severity"), [(1.0, "act"), (1.35, "watch"), (2.6, "watch")])
def test_bounds_of_another_width_are_a_coverage_drift(half: float, severity: str) -> None:
    errors = autoregressive(2016, 0.3, 1)
    (found,) = coverage_drift(errors, np.abs(errors) < half)
    assert (found.kind, found.severity, found.threshold) == ("coverage", severity, 0.05)
    assert found.statistic > 0.05
    assert coverage_drift(errors[:20], np.abs(errors[:20]) < half) == [], "chance alone"


@pytest.mark.parametrize(("phi", "n"), [(0.0, 2_000), (0.95, 40_000), (0.999, 900_000)])
def test_stationary_values_are_rarely_called_drift(phi: float, n: int) -> None:
    runs = 60 if n < 100_000 else 12
    hours = np.arange(n) // 12 % 24
    alarms = 0
    for seed in range(runs):
        old, new = np.split(autoregressive(2 * n, phi, seed), 2)
        alarms += bool(input_drift(old, new, hours, hours))
    assert alarms / runs < 0.05
    assert input_drift(old, new + 2, hours, hours)  # there is enough to judge by


def test_too_little_is_no_judgement() -> None:
    short = autoregressive(REFERENCE + RECENT - 1, 0.5, 1)
    assert error_drift(short) == []
    assert error_drift(np.zeros(2000)) == []
    hours = np.arange(500) % 24
    assert input_drift(autoregressive(500, 0.999, 1), autoregressive(500, 0.999, 2) + 9, hours, hours) == []
    assert input_drift(np.ones(500), np.ones(500), hours, hours) == []


@pytest.mark.parametrize("phi", [0.0, 0.6])
def test_larger_errors_are_a_concept_drift(phi: float) -> None:
    found = 0
    for seed in range(50):
        errors = autoregressive(2000, phi, seed)
        errors[-120:] *= 3
        found += "concept" in {finding.kind for finding in error_drift(errors)}
    assert found >= 48


@pytest.mark.parametrize("phi", [0.0, 0.6])
@pytest.mark.parametrize("shift", [-2.0, 2.0])
def test_a_constant_error_is_a_bias(phi: float, shift: float) -> None:
    found = 0
    for seed in range(50):
        errors = autoregressive(2000, phi, seed)
        errors[-150:] += shift
        found += "bias" in {finding.kind for finding in error_drift(errors)}
    assert found >= 48


@pytest.mark.parametrize(("shift", "severity"), [(0.45, "watch"), (1.5, "act")])
def test_other_values_are_an_input_drift(shift: float, severity: str) -> None:
    hours = np.arange(60_000) // 12 % 24
    old, new = autoregressive(60_000, 0.9, 1), autoregressive(60_000, 0.9, 2) + shift
    (finding,) = input_drift(old, new, hours, hours)
    assert (finding.kind, finding.severity) == ("input", severity)
    assert finding.statistic > finding.threshold


def test_other_hours_are_no_drift() -> None:
    """Only nights since training: the values of nights are compared with nights."""
    hours = np.arange(4000) % 24
    old = np.random.default_rng(1).normal(size=4000) + 3.0 * (hours >= 12)
    night = hours < 12
    new = np.random.default_rng(2).normal(size=4000)[night]
    values, others = matched(old, new, hours, hours[night])
    assert len(values) == len(others)
    assert psi(values, others) < 0.1
    assert psi(old, new) > 0.25


def test_the_whitener_finds_its_model() -> None:
    errors = 3 + autoregressive(50_000, 0.8, 4)
    model = Whitener.of(errors)
    assert model is not None
    assert model.phi == pytest.approx(0.8, abs=0.02)
    assert model.sigma == pytest.approx(0.6, abs=0.02)
    assert model.shocks(errors).std() == pytest.approx(1, abs=0.02)
    assert model.shocks(errors).mean() == pytest.approx(0, abs=0.02)


@given(arrays(float, st.integers(1, 60), elements=st.floats(-5, 5).map(lambda v: round(v, 4))), st.floats(0, 1))
def test_cusum_is_its_recursion(shocks: np.ndarray, slack: float) -> None:
    high = low = 0.0
    wanted = []
    for shock in shocks:
        high, low = max(0.0, high + shock - slack), max(0.0, low - shock - slack)
        wanted.append(max(high, low))
    assert np.allclose(cusum(shocks, slack), wanted, atol=1e-9)


@given(arrays(float, st.integers(1, 60), elements=units), st.sampled_from([1e-5, 0.05, 0.5]))
def test_adwin_cuts_where_the_bound_is_passed_most(values: np.ndarray, delta: float) -> None:
    start = 0
    while True:
        part = values[start:]
        n, best, place = len(part), 0.0, 0
        for i in range(1, n) if n >= 10 else ():
            m = 1 / (1 / i + 1 / (n - i))
            log = math.log(2 * math.log(n) / delta)
            bound = math.sqrt(2 / m * part.var() * log) + 2 / (3 * m) * log
            excess = abs(part[:i].mean() - part[i:].mean()) - bound
            if excess > best + 1e-12:
                best, place = excess, i
        if not place:
            break
        start += place
    assert (adwin(values, delta) or 0) == start


def test_adwin_finds_a_step() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate((rng.uniform(0, 0.2, 300), rng.uniform(0.3, 0.5, 100)))
    assert adwin(values, 1e-5) == pytest.approx(300, abs=3)


def test_the_lag_of_independence() -> None:
    lag = independent_lag(autoregressive(200_000, 0.95, 5))
    assert lag is not None
    assert lag == pytest.approx(math.log(0.2) / math.log(0.95), rel=0.3)
    assert independent_lag(np.sin(np.arange(1000))) is None


@given(st.integers(0, 50), st.integers(40, 200), st.integers(40, 200))
def test_psi_is_its_sum(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    old, new = rng.normal(size=n), rng.normal(0.3, 1, m)
    edges = [-math.inf, *(float(np.quantile(old, i / PSI_BINS)) for i in range(1, PSI_BINS)), math.inf]
    total = 0.0
    for a, b in pairwise(edges):
        p, q = (
            (sum(a < float(x) <= b for x in values) + 0.5) / (len(values) + 0.5 * PSI_BINS) for values in (old, new)
        )
        total += (q - p) * math.log(q / p)
    assert psi(old, new) == pytest.approx(total - (PSI_BINS - 1) * (1 / n + 1 / m), abs=1e-9)
