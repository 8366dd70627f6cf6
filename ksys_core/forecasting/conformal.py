"""Bounds from the errors that were made: rolling split conformal per horizon step.

With n absolute errors of a step, the value forecast now plus or minus the ceil((n + 1) p)-th smallest of them holds the
coming value with probability at least p, whatever the distribution, as long as errors of now are like those of then
(Vovk et al. 2005; Lei et al. 2018). The quantiles are taken where the errors are: `ksys_core.store.calibration`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.forecasting.base import Forecast

ENOUGH: Final = 60
"""Errors of a step that must have matured before they are used."""
NEWEST: Final = 500
"""The newest errors of a step that are used."""

HalfWidths = npt.NDArray[np.float64]
"""float64[levels, steps]; NaN where too few errors have matured."""


def calibrated(forecast: Forecast, half: HalfWidths) -> Forecast:
    """`forecast` with bounds `half` to both sides for the steps that `half` has; elsewhere its own stay."""
    own = np.full_like(forecast.lo, np.nan)
    steps = min(len(forecast.value), half.shape[1])
    own[:, :steps] = half[:, :steps]
    lo = np.where(np.isnan(own), forecast.lo, forecast.value - own)
    hi = np.where(np.isnan(own), forecast.hi, forecast.value + own)
    return Forecast(forecast.value, forecast.levels, lo, hi)
