"""Bounds of direct engines: quantiles of absolute errors per step that were made on a held-out part of the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import ValueArray
from ksys_core.forecasting.bands import normal_score

KNOTS: Final = (50.0, 80.0, 90.0, 95.0, 99.0)
"""Coverage in per cent of the quantiles that are kept."""

Table = npt.NDArray[np.float64]


def error_quantiles(errors: Table) -> Table:
    """float64[knots, steps] of absolute errors float64[n, steps], with the (n + 1) correction of split conformal."""
    n = len(errors)
    ranks = np.minimum(np.array(KNOTS) / 100 * (n + 1) / n, 1.0)
    found: Table = np.quantile(errors, ranks, axis=0)
    return found


def half_widths(table: Table, levels: Sequence[float]) -> Table:
    """float64[levels, steps] from a table of `error_quantiles`."""
    knots = [normal_score(knot) for knot in KNOTS]
    return np.array([_quantile(knots, table, normal_score(level)) for level in levels])


def _quantile(knots: Sequence[float], table: Table, score: float) -> ValueArray:
    """Error quantiles per step, interpolated between the knots on the normal scale, proportional beyond them."""
    if score >= knots[-1]:
        beyond: ValueArray = table[-1] * (score / knots[-1])
        return beyond
    scores = (0.0, *knots)
    above = next(i for i, knot in enumerate(scores) if score < knot)
    share = (score - scores[above - 1]) / (scores[above] - scores[above - 1])
    lower = table[above - 2] if above > 1 else np.zeros(table.shape[1])
    return np.asarray(lower + share * (table[above - 1] - lower), dtype=np.float64)
