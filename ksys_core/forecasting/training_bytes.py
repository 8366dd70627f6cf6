"""A backtest as bytes, for as long as its job lasts: numbers only, to the last bit."""

from __future__ import annotations

import zlib

import numpy as np

from ksys_core.errors import KnownError
from ksys_core.forecasting.backtest import Backtest, Folds, actuals
from ksys_core.forecasting.base import LEVELS
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.i18n import N_

_TABLES = 1 + 2 * len(LEVELS)


def packed(test: Backtest) -> bytes:
    """Forecasts, bounds and times of `test`; its folds and actuals follow from the data."""
    costs = np.array([test.fit_s, test.update_s])
    tables = np.concatenate([test.value[None], test.lo, test.hi])
    return zlib.compress(costs.astype("<f8").tobytes() + tables.astype("<f8").tobytes(), 1)


def unpacked(data: bytes, y: RegularSeries, where: Folds) -> Backtest:
    """The backtest on the folds `where` of `y`.

    Raises:
        KnownError: it was made on other folds.
    """
    shape = (_TABLES, len(where.origins), where.horizon)
    size = 8 * (2 + int(np.prod(shape)))
    reader = zlib.decompressobj()
    plain = reader.decompress(data, size + 1)
    if len(plain) != size:
        raise KnownError("training.step", N_("A step that was kept does not belong to this job."))
    costs = np.frombuffer(plain, "<f8", 2)
    tables = np.frombuffer(plain, "<f8", offset=16).reshape(shape).astype(np.float64)
    levels = len(LEVELS)
    return Backtest(
        where,
        LEVELS,
        actuals(y, where),
        tables[0],
        tables[1 : 1 + levels],
        tables[1 + levels :],
        float(costs[0]),
        float(costs[1]),
    )
