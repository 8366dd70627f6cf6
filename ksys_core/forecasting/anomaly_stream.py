"""Anomalies as samples come: one state in, one state out, the same however the samples are cut.

One tag is judged by its own prediction (outside the 99.5 % interval in 3 of 5 samples), by standstill, by its change
and by its range; the unit by the moving mean of the Mahalanobis distance of what the VAR(3) model did not foresee.
A missing value is taken as it was predicted: it raises no score. A tag counts again after `ORDER` samples in a row,
tags that are foreseen from it no earlier, and a unit of which less than half can be judged has no score: bad quality is
silent.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from ksys_core.errors import KnownError
from ksys_core.forecasting.anomaly_model import KINDS, MEAN, ORDER, UNIT, Detector, Matrix
from ksys_core.i18n import N_

OF: Final = 5
LEAST: Final = 3
HOLD: Final = 10
"""Samples without a sign after which an anomaly is over."""
JUDGED: Final = 0.5
BLUR: Final = 0.25
"""A tag is no witness while those it is foreseen from are guessed: so much of its error's variance may come of that."""

Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Edge:
    """An anomaly begins, or is over.

    Attributes:
        tag: its place in the detector, -1 for the unit.
        row: of the samples given; of an end, the row after its last sign, which may lie before them.
        peak: the highest score so far, in limits. `shares`: of a unit, each tag's part of it.
    """

    kind: str
    tag: int
    row: int
    begins: bool
    peak: float
    shares: tuple[float, ...] = ()


@dataclass(slots=True, eq=False)
class StreamState:
    """What a detector remembers of k tags.

    Attributes:
        lags: float64[3, k], newest first, in units of the scale. `fresh`: known samples in a row.
        parts: float64[5, k], newest first: each tag's part of the unit's squared distance. `judged`: bool[5].
        ratios: float64[5, k], newest first: errors in half widths of the interval. `still`: samples without change.
        active: bool[4 k + 1] by kind and tag, the unit last; `quiet`: samples since the last sign;
        peak: the highest score while active, in limits.
        shares: each tag's part of the unit's distance at its peak.
    """

    lags: Matrix
    fresh: Counts
    judged: Flags
    parts: Matrix
    ratios: Matrix
    still: Counts
    active: Flags
    quiet: Counts
    peak: Matrix
    shares: Matrix

    @classmethod
    def begin(cls, tags: int) -> Self:
        """Nothing seen yet."""
        return cls(**{name: np.zeros(shape, kind) for name, (shape, kind) in _layout(tags).items()})

    def plain(self) -> dict[str, Any]:
        """Lists of numbers, for JSON."""
        return {field.name: getattr(self, field.name).tolist() for field in dataclasses.fields(self)}

    @classmethod
    def of_plain(cls, data: object, tags: int) -> Self:
        """The state of `plain`.

        Raises:
            KnownError: it is not a state of so many tags.
        """
        layout = _layout(tags)
        try:
            if not isinstance(data, dict) or data.keys() != layout.keys():
                raise ValueError("fields")
            arrays: dict[str, npt.NDArray[Any]] = {
                name: np.array(data[name], dtype=kind) for name, (_shape, kind) in layout.items()
            }
        except (TypeError, ValueError, OverflowError) as error:
            raise _refused() from error
        if any(
            arrays[name].shape != shape or not np.isfinite(arrays[name]).all() for name, (shape, _) in layout.items()
        ):
            raise _refused()
        return cls(**arrays)

    def copy(self) -> Self:
        """The same, to be changed."""
        return type(self)(**{f.name: getattr(self, f.name).copy() for f in dataclasses.fields(self)})


def _layout(k: int) -> dict[str, tuple[tuple[int, ...], type]]:
    signs = len(KINDS) * k + 1
    return {
        "lags": ((ORDER, k), float),
        "fresh": ((k,), np.int64),
        "judged": ((MEAN,), bool),
        "parts": ((MEAN, k), float),
        "ratios": ((OF, k), float),
        "still": ((k,), np.int64),
        "active": ((signs,), bool),
        "quiet": ((signs,), np.int64),
        "peak": ((signs,), float),
        "shares": ((k,), float),
    }


def _refused() -> KnownError:
    return KnownError("anomalies.state", N_("The stored state of a detector was refused."))


class Stream:
    """A detector at work. `state` may be kept and another one begun from it."""

    def __init__(self, model: Detector, state: StreamState | None = None) -> None:
        k = len(model.sensors)
        self.state = StreamState.begin(k) if state is None else state.copy()
        self._k = k
        self._loc, self._scale = np.array(model.loc), np.array(model.scale)
        self._coef, self._whiten, self._own = np.array(model.coef), np.array(model.whiten), np.array(model.own)
        self._error = np.array(model.error)
        self._pull = np.abs(self._coef[:, :-1]).reshape(k, ORDER, k).sum(axis=1) ** 2
        self._half, self._rate, self._limit = np.array(model.half), np.array(model.rate), model.limit
        low, high = np.array(model.low), np.array(model.high)
        self._middle, self._reach = (low + high) / 2, (high - low) / 2
        self._flat = np.where(np.array(model.flat) > 0, np.array(model.flat), np.iinfo(np.int64).max)

    def run(self, values: Matrix) -> tuple[list[Edge], Matrix]:
        """Judge samples float64[n, k] that follow those before: edges, and the scores float64[n, 4 k + 1] in limits.

        A score of `kind` and tag stands at ``KINDS.index(kind) * k + tag``, the unit's last; NaN where not judged.
        """
        edges: list[Edge] = []
        scores = np.empty((len(values), len(KINDS) * self._k + 1))
        for row, sample in enumerate(values):
            scores[row] = self._scores((sample - self._loc) / self._scale)
            edges += self._edges(row, scores[row])
        return edges, scores

    def _scores(self, z: Matrix) -> Matrix:
        s, known = self.state, np.isfinite(z)
        foreseen = self._coef @ np.append(s.lags.ravel(), 1.0)
        ready = known & (s.fresh >= ORDER)
        follows = known & (s.fresh > 0)
        change = np.abs(z - s.lags[0])
        s.still = np.where(follows & (change == 0), s.still + 1, known.astype(np.int64))
        own = (self._own[:, :ORDER] * s.lags.T).sum(axis=1) + self._own[:, ORDER]
        s.ratios = _pushed(s.ratios, np.where(ready, np.abs(z - own) / self._half, 0.0))
        judged = (
            np.where(ready, np.sort(s.ratios, axis=0)[-LEAST], np.nan),
            np.where(known, s.still / self._flat, np.nan),
            np.where(follows, change / self._rate, np.nan),
            np.where(known, np.abs(z - self._middle) / self._reach, np.nan),
        )
        blurred = self._pull @ (s.fresh < ORDER) > BLUR * self._error**2
        unit = self._unit(z - foreseen, ready & ~blurred)
        s.lags = _pushed(s.lags, np.where(known, z, foreseen))
        s.fresh = np.where(known, s.fresh + 1, 0)
        return np.concatenate([*judged, [unit]])

    def _unit(self, error: Matrix, ready: Flags) -> float:
        """The moving mean of the squared distance in limits; of the tags that can't be judged, the others' mean."""
        s, judged = self.state, float(ready.mean())
        enough = judged >= JUDGED
        parts = (self._whiten @ np.where(ready, error, 0.0)) ** 2 / judged if enough else np.zeros(self._k)
        s.parts = _pushed(s.parts, parts)
        s.judged = _pushed(s.judged, np.asarray(enough))
        return float(s.parts.sum() / MEAN / self._limit) if s.judged.all() else float("nan")

    def _edges(self, row: int, scores: Matrix) -> list[Edge]:
        s, signs = self.state, scores > 1
        begun = signs & ~s.active
        s.quiet = np.where(signs, 0, s.quiet + 1)
        over = s.active & (s.quiet >= HOLD)
        higher = signs & (begun | (scores > s.peak))
        s.peak = np.where(higher, scores, s.peak)
        if higher[-1]:
            s.shares = s.parts.sum(axis=0) / s.parts.sum()
        s.active = (s.active | begun) & ~over
        found = [self._edge(i, row - HOLD + 1, False) for i in np.flatnonzero(over).tolist()]
        return found + [self._edge(i, row, True) for i in np.flatnonzero(begun).tolist()]

    def _edge(self, sign: int, row: int, begins: bool) -> Edge:
        kind, tag = divmod(sign, self._k)
        peak = float(self.state.peak[sign])
        if kind == len(KINDS):
            return Edge(UNIT, -1, row, begins, peak, tuple(self.state.shares.tolist()))
        return Edge(KINDS[kind], tag, row, begins, peak)

    def active(self) -> list[Edge]:
        """What shows now, with the peaks so far; `row` is without meaning."""
        return [self._edge(i, 0, True) for i in np.flatnonzero(self.state.active).tolist()]

    def begin_silent(self) -> None:
        """Whatever shows begins anew with the next sample."""
        self.state.active[:] = False


def _pushed(ring: npt.NDArray[Any], newest: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`ring` with `newest` in front and without its oldest row."""
    return np.concatenate([newest[None], ring[:-1]])
