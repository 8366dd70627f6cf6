"""First bounds of a new model: the errors that its kind makes in walk-forward over the newest part of its history."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np

from ksys_core.errors import KnownError
from ksys_core.forecasting.attempts import attempt
from ksys_core.forecasting.backtest import walk_forward
from ksys_core.forecasting.base import LEVELS, Frozen, ModelSpec
from ksys_core.forecasting.conformal import HalfWidths, half_widths
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.voting import judging

ORIGINS: Final = 60


def seed(
    spec: ModelSpec[Any, Any], y: RegularSeries, *, season: int, horizon: int, params: Frozen
) -> HalfWidths | None:
    """Half widths of the product's levels; None where the history is too short, or `spec` has made its own so."""
    where = None if spec.held_out else judging(y.v, horizon, ORIGINS)
    if where is None:
        return None
    test = attempt(partial(walk_forward, spec, y, where, season=season, params=params))
    if isinstance(test, KnownError):
        return None
    half = half_widths(np.abs(test.value - test.actual), LEVELS)
    return half if np.isfinite(half).all() else None
