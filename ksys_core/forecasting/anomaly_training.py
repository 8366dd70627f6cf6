"""A unit's detector from its history: VAR(3) by ridge, each tag's AR(3), and limits from errors not trained on.

The errors that limits are taken from are those of five blocks, each predicted by a model of the other four: errors on
what a model was fitted to are too small, most of all where a unit has many tags for its history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.errors import KnownError
from ksys_core.forecasting.anomaly_model import MAX_TAGS, MEAN, ORDER, Detector, Matrix
from ksys_core.forecasting.grid import bridged
from ksys_core.i18n import N_

LEAST_ROWS: Final = 300
BLOCKS: Final = 5
PENALTIES: Final = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
SHRINK: Final = 0.1
"""Part of the correlations that is not believed."""
QUANTILE: Final = 0.995
FACTOR: Final = 2.0
"""A unit's limit in quantiles of its moving mean."""
WIDER: Final = 0.5
"""The plausible range goes so much of the seen one beyond it."""
FASTER: Final = 1.5
LONGER: Final = 3
FLAT_LEAST: Final = 12
FLAT_MOST: Final = 0.1
"""A tag that stood still for more than this part of its history is not judged as flat."""
KNOWN: Final = 0.8
"""A tag that is known in less of the unit's samples is left out."""
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class UnitHistory:
    """Means of usable values on one grid from `begin` (ns UTC), float64[n, tags], NaN where there is none."""

    sensors: tuple[int, ...]
    begin: int
    step_s: int
    values: Matrix


def train(history: UnitHistory) -> Detector:
    """The detector of a unit.

    Raises:
        KnownError: too many tags, none that varies, or too little history or none.
    """
    if len(history.sensors) > MAX_TAGS:
        raise KnownError("anomalies.tags", N_("The unit has too many tags for one detector: divide it."))
    if not np.isfinite(history.values).any():
        raise KnownError("anomalies.none", N_("Its tags have no history yet."))
    kept = _usable(history.values)
    if not kept:
        raise KnownError("anomalies.few", N_("No tag of the unit has a history that varies."))
    raw = history.values[:, kept]
    loc, scale = np.nanmean(raw, axis=0), np.nanstd(raw, axis=0)
    z = (raw - loc) / scale
    filled = np.stack([bridged(column) for column in z.T], axis=1)
    x, y = _pairs(filled)
    if len(x) < LEAST_ROWS:
        raise KnownError("anomalies.short", N_("There is too little history of all tags at the same time."))
    coef, errors = _var(x, y)
    whiten = _whitening(errors)
    distance = moving_mean(((errors @ whiten.T) ** 2).sum(axis=1), MEAN)
    own, half = _own(x, y)
    low, high = np.nanmin(z, axis=0), np.nanmax(z, axis=0)
    room = WIDER * (high - low)
    steps = np.abs(np.diff(filled, axis=0))
    return Detector(
        format="ksys-detector",
        version=1,
        sensors=tuple(history.sensors[i] for i in kept),
        step_s=history.step_s,
        loc=_row(loc),
        scale=_row(scale),
        coef=tuple(map(_row, coef)),
        error=_row(np.maximum(errors.std(axis=0), _TINY)),
        whiten=tuple(map(_row, whiten)),
        limit=FACTOR * _quantile(distance),
        own=tuple(map(_row, own)),
        half=_row(half),
        flat=tuple(_flat_limit(column) for column in raw.T),
        rate=_row(np.maximum(FASTER * np.nanmax(steps, axis=0), _TINY)),
        low=_row(low - room),
        high=_row(high + room),
        rows=len(x),
        begin=history.begin,
        end=history.begin + len(raw) * history.step_s * 1_000_000_000,
    )


def moving_mean(values: Matrix, width: int) -> Matrix:
    """Means of the newest `width` values at each place (of fewer at the beginning)."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    stop = np.arange(1, len(values) + 1)
    start = np.maximum(stop - width, 0)
    means: Matrix = (total[stop] - total[start]) / (stop - start)
    return means


def runs(values: Matrix) -> npt.NDArray[np.int64]:
    """How many samples each value has been the same, without missing ones, int64[n]."""
    same = np.concatenate([[False], values[1:] == values[:-1]])
    place = np.arange(len(values))
    return place - np.maximum.accumulate(np.where(same, 0, place)) + 1


def _usable(values: Matrix) -> list[int]:
    """Tags that are known for most of the time and vary."""
    finite = np.isfinite(values)
    known = np.flatnonzero(finite[finite.any(axis=1)].mean(axis=0) >= KNOWN)
    return [i for i in known.tolist() if np.nanstd(values[:, i]) > _TINY * np.nanmax(np.abs(values[:, i]))]


def _pairs(z: Matrix) -> tuple[Matrix, Matrix]:
    """Inputs float64[n, 3 k + 1] (newest sample first, then 1) and targets float64[n, k] without missing values."""
    stop = max(len(z), ORDER)
    parts = [z[ORDER - 1 - lag : stop - 1 - lag] for lag in range(ORDER)]
    x = np.hstack([*parts, np.ones((stop - ORDER, 1))])
    whole = np.isfinite(x).all(axis=1) & np.isfinite(z[ORDER:]).all(axis=1)
    return x[whole], z[ORDER:][whole]


def _var(x: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
    """Coefficients float64[k, 3 k + 1] of the best penalty, and the errors of all blocks, each by the others."""
    blocks = np.array_split(np.arange(len(x)), BLOCKS)
    grams = [x[block].T @ x[block] for block in blocks]
    moments = [x[block].T @ y[block] for block in blocks]
    gram, moment = np.sum(grams, axis=0), np.sum(moments, axis=0)
    best: tuple[float, float, npt.NDArray[np.float64]] | None = None
    for penalty in PENALTIES:
        errors = np.concatenate(
            [
                y[block] - x[block] @ _solved(gram - own, moment - part, penalty * (len(x) - len(block)))
                for block, own, part in zip(blocks, grams, moments, strict=True)
            ]
        )
        loss = float((errors**2).mean())
        if best is None or loss < best[0]:
            best = loss, penalty, errors.astype(np.float64)
    assert best is not None
    return _solved(gram, moment, best[1] * len(x)).T, best[2]


def _solved(gram: Matrix, moment: Matrix, penalty: float) -> Matrix:
    """Ridge coefficients; the constant is not penalised."""
    weights = np.full(len(gram), penalty)
    weights[-1] = _TINY
    return np.asarray(np.linalg.solve(gram + np.diag(weights), moment), dtype=np.float64)


def _whitening(errors: Matrix) -> Matrix:
    """``R^(-1/2) D^(-1)`` of the errors: spreads D, shrunk correlations R.

    Of all ways to whiten, this one keeps each part closest to its own tag, so that its square is that tag's share of
    the distance (Garthwaite, Koch 2016).
    """
    spread = np.maximum(errors.std(axis=0), _TINY)
    z = (errors - errors.mean(axis=0)) / spread
    correlation = (1 - SHRINK) * (z.T @ z) / len(z) + SHRINK * np.eye(z.shape[1])
    powers, axes = np.linalg.eigh(correlation)
    whiten: Matrix = (axes / np.sqrt(powers)) @ axes.T / spread
    return whiten


def _own(x: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
    """Each tag's AR(3) coefficients float64[k, 4], and the half width of its 99.5 % interval."""
    k = y.shape[1]
    inputs = np.stack([*(x[:, lag * k : (lag + 1) * k].T for lag in range(ORDER)), np.ones((k, len(x)))], axis=2)
    errors = np.empty_like(y)
    for block in np.array_split(np.arange(len(x)), BLOCKS):
        rest = np.setdiff1d(np.arange(len(x)), block)
        errors[block] = y[block] - np.einsum("knf,kf->nk", inputs[:, block], _solved_each(inputs[:, rest], y[rest]))
    half = np.array([_quantile(np.abs(column)) for column in errors.T])
    return _solved_each(inputs, y), np.maximum(half, _TINY)


def _solved_each(inputs: npt.NDArray[np.float64], y: Matrix) -> Matrix:
    gram = np.einsum("knf,kng->kfg", inputs, inputs) + 1e-6 * len(y) * np.eye(inputs.shape[2])
    found: Matrix = np.linalg.solve(gram, np.einsum("knf,nk->kf", inputs, y)[:, :, None])[:, :, 0]
    return found


def _quantile(values: Matrix) -> float:
    """The ceil((n + 1) 0.995)-th smallest value (split conformal)."""
    rank = min(int(np.ceil((len(values) + 1) * QUANTILE)), len(values))
    return float(np.sort(values)[rank - 1])


def _flat_limit(values: Matrix) -> int:
    """Samples of standstill that were never seen by far; 0 where standstill is usual."""
    longest = int(runs(values).max())
    return 0 if longest > max(FLAT_MOST * len(values), FLAT_LEAST) else max(LONGER * longest, FLAT_LEAST)


def _row(values: Matrix) -> tuple[float, ...]:
    return tuple(values.tolist())
