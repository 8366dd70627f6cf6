"""Values far from their neighbours, marked and never deleted (after Hampel 1974: medians instead of means)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import ValueArray

REACH: Final = 3
"""Neighbours to each side. Where the series rises or falls steadily, a value is the median of its neighbourhood."""
TIMES: Final = 6.0
"""Robust standard deviations of the distances from that median."""
TO_SIGMA: Final = 1.4826
LEAST: Final = 0.1
"""Of the whole series' standard deviation: one that stands still most of the time has no smaller spread."""


def outliers(v: ValueArray) -> npt.NDArray[np.bool_]:
    """Which of `v` (NaN: missing, never marked) stand out of their neighbourhood of seven values."""
    known = np.isfinite(v)
    found = np.zeros(len(v), dtype=np.bool_)
    if known.sum() < 3:
        return found
    around = np.lib.stride_tricks.sliding_window_view(np.pad(v, REACH, constant_values=np.nan), 2 * REACH + 1)
    away = np.abs(v[known] - np.nanmedian(around[known], axis=1))
    spread = max(TO_SIGMA * float(np.median(away)), LEAST * float(np.std(v[known])))
    found[known] = away > TIMES * spread
    return found
