"""Rolling-origin walk-forward: what an engine would have forecast at past times, knowing only what was before them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import ValueArray
from ksys_core.errors import KnownError
from ksys_core.forecasting.attempts import attempt, fit_recorded
from ksys_core.forecasting.bands import tidy
from ksys_core.forecasting.base import LEVELS, MAX_LATE, Fitted, Forecast, Frozen, ModelSpec
from ksys_core.forecasting.conformal import NEWEST, half_widths
from ksys_core.forecasting.grid import RegularSeries

Table = npt.NDArray[np.float64]

MOST_MISSING: Final = 0.5
"""Part of the origins at which an engine may have no forecast."""


@dataclass(frozen=True, slots=True)
class Folds:
    """Where forecasts are made: `origins` values are known, the next `horizon` are forecast; `apart` steps between."""

    origins: tuple[int, ...]
    horizon: int
    apart: int

    @property
    def overlap(self) -> int:
        """How many forecasts in a row share targets; 1: none do."""
        return -(-self.horizon // self.apart)


def folds(n: int, *, horizon: int, first: int, count: int, apart: int | None = None) -> Folds:
    """The newest `count` origins, `apart` steps from each other, whose targets lie within `n` values.

    Args:
        first: values that must be known before the first origin.
        apart: None: `horizon`, so that no two forecasts share a target.
    """
    step = horizon if apart is None else apart
    if horizon < 1 or step < 1 or first < 1 or count < 0:
        raise ValueError("horizon, distance and first origin must be positive")
    origins = range(n - horizon, first - 1, -step)[:count]
    return Folds(tuple(reversed(origins)), horizon, step)


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """Forecasts of one engine beside what came.

    Attributes:
        folds: where they were made.
        levels: coverage of the bounds in per cent, rising.
        actual: float64[origins, steps]; NaN where there is none.
        value: float64[origins, steps]; NaN rows where none could be made from the newest values.
        lo, hi: float64[levels, origins, steps].
        fit_s: seconds of one fit; `update_s`: of one continuation with its forecast.
    """

    folds: Folds
    levels: tuple[float, ...]
    actual: Table
    value: Table
    lo: Table
    hi: Table
    fit_s: float = 0.0
    update_s: float = 0.0

    def part(self, first: int, last: int | None = None) -> Backtest:
        """The folds from number `first` up to and without `last`."""
        cut = slice(first, last)
        return replace(
            self,
            folds=replace(self.folds, origins=self.folds.origins[cut]),
            actual=self.actual[cut],
            value=self.value[cut],
            lo=self.lo[:, cut],
            hi=self.hi[:, cut],
        )

    def losses(self) -> ValueArray:
        """Mean absolute error of each fold, float64[origins]; NaN where a fold has no pair."""
        error = np.abs(self.value - self.actual)
        known = np.isfinite(error)
        count = known.sum(axis=1)
        total = np.where(known, error, 0.0).sum(axis=1)
        losses: ValueArray = np.divide(total, count, out=np.full(len(error), np.nan), where=count > 0)
        return losses


def actuals(y: RegularSeries, where: Folds) -> Table:
    """What came at the targets of `where`, float64[origins, steps]."""
    index = np.array(where.origins, dtype=np.int64)[:, None] + np.arange(where.horizon)
    found: Table = y.v[index]
    return found


def walk_forward(
    spec: ModelSpec[Any, Any],
    y: RegularSeries,
    where: Folds,
    *,
    season: int,
    params: Frozen | None = None,
    refit_every: int | None = None,
    levels: Sequence[float] = LEVELS,
    note: Callable[[int], None] = lambda _folds: None,
    model: Fitted | None = None,
) -> Backtest:
    """Fit before the first origin, then continue the model from origin to origin; where a new fit fails, it stays.

    Args:
        refit_every: folds after which the model is fitted anew; None: never.
        note: told how many folds are done, after each.
        model: one that is fitted already, to nothing that comes after the first origin.

    Raises:
        KnownError: too few origins have a forecast; the newest reason.
    """
    shape = (len(where.origins), where.horizon)
    value = np.full(shape, np.nan)
    lo, hi = np.full((2, len(levels), *shape), np.nan)
    fit_s: list[float] = []
    update_s: list[float] = []
    failed: list[KnownError] = []
    for i, origin in enumerate(where.origins):
        note(i)
        past = y.part(0, origin)
        if model is None or (refit_every is not None and i % refit_every == 0):
            begun = time.perf_counter()
            fitted = attempt(partial(fit_recorded, spec, past, season=season, horizon=where.horizon, params=params))
            fit_s.append(time.perf_counter() - begun)
            if not isinstance(fitted, KnownError):
                model = fitted[0]
            elif model is None:
                failed.append(fitted)
                continue
        begun = time.perf_counter()
        made = _continued(model, past, levels)
        update_s.append(time.perf_counter() - begun)
        if isinstance(made, KnownError):
            failed.append(made)
        else:
            value[i], lo[:, i], hi[:, i] = made.value, made.lo, made.hi
    if len(failed) > MOST_MISSING * len(where.origins):
        raise failed[-1]
    return Backtest(where, tuple(levels), actuals(y, where), value, lo, hi, _median(fit_s), _median(update_s))


def _continued(model: Fitted, past: RegularSeries, levels: Sequence[float]) -> Forecast | KnownError:
    """The forecast after `past`, or why there is none: newest values are missing, or a long gap is too near."""
    try:
        return tidy(model.update(past.tail(model.lookback + MAX_LATE)).predict(levels=levels))
    except KnownError as error:
        return error


def _median(seconds: Sequence[float]) -> float:
    return float(np.median(seconds)) if seconds else 0.0


def conformal(test: Backtest) -> Backtest:
    """`test` with bounds as the product makes them: from the newest errors of each step that had matured at the origin.

    Where too few had, its own bounds stay.
    """
    origins = np.array(test.folds.origins, dtype=np.int64)
    due = origins[:, None] + np.arange(1, test.folds.horizon + 1)
    errors = np.abs(test.value - test.actual)
    below, above = test.value - test.lo, test.hi - test.value
    for i, origin in enumerate(origins):
        matured = np.where(due[:i] <= origin, errors[:i], np.nan)
        half = half_widths(_packed(matured), test.levels)
        below[:, i], above[:, i] = (np.where(np.isnan(half), own[:, i], half) for own in (below, above))
    below, above = (np.maximum.accumulate(np.maximum.accumulate(part, axis=2), axis=0) for part in (below, above))
    return replace(test, lo=test.value - below, hi=test.value + above)


def _packed(errors: Table) -> Table:
    """The newest `NEWEST` known errors of every step, oldest first behind NaN."""
    order = np.argsort(np.isfinite(errors), axis=0, kind="stable")[-NEWEST:]
    packed: Table = np.take_along_axis(errors, order, axis=0)
    return packed


def median(tests: Sequence[Backtest]) -> Backtest:
    """The median of the forecasts and bounds of `tests`, which were made on the same folds."""
    if len({test.folds for test in tests}) != 1:
        raise ValueError("forecasts of different folds can't be combined")
    value, lo, hi = (np.median([getattr(test, name) for test in tests], axis=0) for name in ("value", "lo", "hi"))
    first = tests[0]
    costs = {name: sum(getattr(test, name) for test in tests) for name in ("fit_s", "update_s")}
    return replace(first, value=value, lo=lo, hi=hi, **costs)
