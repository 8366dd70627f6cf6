"""Bounds of deployed models follow the errors that were made."""

from __future__ import annotations

import numpy as np

from ksys_core.forecasting.base import LEVELS
from ksys_core.forecasting.conformal import NEWEST, half_widths
from ksys_core.store import calibration
from ksys_core.store.pool import Database


async def renew(db: Database, *, now_ns: int) -> int:
    """Take the half widths of every deployed model anew from its newest matured errors; the number of steps."""
    rows = 0
    async for model_id, errors in calibration.matured(db, now_ns, newest=NEWEST):
        counts = np.isfinite(errors).sum(axis=0).tolist()
        rows += await calibration.write(db, model_id, counts, half_widths(errors, LEVELS))
    return rows
