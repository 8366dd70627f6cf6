"""Values far from their neighbours, marked and never deleted (Hampel 1974: median and median absolute deviation)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import ValueArray

REACH: Final = 12
"""Neighbours to each side."""
TIMES: Final = 5.0
"""Robust standard deviations from the median of the neighbourhood."""
TO_SIGMA: Final = 1.4826
LEAST: Final = 0.1
"""Of the whole series' standard deviation: a neighbourhood that stands still is not narrower."""


def outliers(v: ValueArray) -> npt.NDArray[np.bool_]:
    """Which of `v` (NaN: missing, never marked) stand out of their neighbourhood of 25 values."""
    known = np.isfinite(v)
    if known.sum() < 3:
        return np.zeros(len(v), dtype=np.bool_)
    padded = np.pad(v, REACH, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1)[known]
    middle = np.nanmedian(around, axis=1)
    spread = TO_SIGMA * np.nanmedian(np.abs(around - middle[:, None]), axis=1)
    least = LEAST * float(np.std(v[known]))
    found = np.zeros(len(v), dtype=np.bool_)
    found[known] = np.abs(v[known] - middle) > TIMES * np.maximum(spread, least)
    return found
