"""Other tags as inputs of a model: their values up to the issue time, never after it.

Of each its newest value and its changes over some lags, scaled by its own training window. What is missing is NaN,
which trees know as missing: a dead input costs accuracy, not the forecast.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from pydantic import Field

from ksys_core.domain.series import ValueArray
from ksys_core.errors import KnownError
from ksys_core.forecasting.base import Frozen
from ksys_core.forecasting.boosting.features import Indices, Matrix
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.i18n import N_

MAX_INPUTS: Final = 20
FAR: Final = 1e6
LAGS: Final = (1, 2, 3, 6, 12)


class Input(Frozen):
    """A tag that is looked at, and how its values are scaled."""

    tag: str = Field(min_length=1, max_length=128)
    loc: float
    scale: float = Field(gt=0)


def input_names(count: int) -> tuple[str, ...]:
    """The columns of `count` inputs in order."""
    return tuple(f"input_{i}_{part}" for i in range(count) for part in ("level", *(f"lag_{k}" for k in LAGS)))


def input_of(y: RegularSeries, tag: str) -> Input:
    """How the input `tag` of `y` is scaled.

    Raises:
        KnownError: it has no values in the training window.
    """
    values = y.inputs.get(tag, np.empty(0))
    known = values[np.isfinite(values)]
    if not len(known):
        raise KnownError("forecast.input", N_("The input {tag} has no usable values in the training window."), tag=tag)
    spread = float(np.std(known))
    return Input(tag=tag, loc=float(np.mean(known)), scale=spread if spread > 0 else 1.0)


def scaled(y: RegularSeries, each: Input) -> ValueArray:
    """The scaled values of an input beside `y`; NaN where there are none."""
    values = y.inputs.get(each.tag)
    return np.full(len(y), np.nan) if values is None else np.clip((values - each.loc) / each.scale, -FAR, FAR)


def columns_of(values: ValueArray, origins: Indices) -> Matrix:
    """Newest value and changes float32[origins, columns]; origins are at least the longest lag."""
    newest = values[origins][:, None]
    changes = newest - values[origins[:, None] - np.array(LAGS)]
    return np.concatenate([newest, changes], axis=1).astype(np.float32)
