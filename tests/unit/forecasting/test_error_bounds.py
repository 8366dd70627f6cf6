"""Bounds from held-out errors: the quantile asked for, between the stored ones and beyond them."""

from __future__ import annotations

import numpy as np
import pytest

from ksys_core.forecasting.bands import normal_score
from ksys_core.forecasting.error_bounds import KNOTS, error_quantiles, half_widths


def test_normal_errors_give_normal_bounds() -> None:
    errors = np.abs(np.random.default_rng(1).normal(0, [1.0, 3.0], (20_000, 2)))
    levels = (30.0, 50.0, 66.0, 80.0, 93.0, 99.0, 99.9)
    half = half_widths(error_quantiles(errors), levels)
    assert half.shape == (len(levels), 2)
    for row, level in zip(half, levels, strict=True):
        assert row == pytest.approx(np.array([1.0, 3.0]) * normal_score(level), rel=0.05)


def test_stored_quantiles_come_back() -> None:
    table = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 3.5], [4.0, 4.0], [9.0, 9.0]])
    assert half_widths(table, KNOTS) == pytest.approx(table)


def test_few_errors_give_wider_bounds() -> None:
    """The 80 % bound of four errors is the largest: ceil((n + 1) 0.8) = 4."""
    errors = np.array([[1.0], [2.0], [3.0], [4.0]])
    assert half_widths(error_quantiles(errors), (80.0,))[0, 0] == 4.0
