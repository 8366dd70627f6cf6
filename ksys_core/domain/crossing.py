"""When a forecast crosses a limit: how likely, when, and in which range.

The forecast of each step is taken as two halves of normal distributions that meet at the point forecast: above it the
standard deviation is ``(hi80 - value) / 1.2816``, below it ``(value - lo80) / 1.2816`` (1.2816: the normal's 90 %
quantile). With a high limit ``L`` the probability of step k is ``p_k = 1 - Phi((L - value_k) / sigma_k)``; a low limit
mirrors it. The probability of crossing within the horizon is ``max(p_k)``: whatever the dependence between the steps,
it is at least this. The time of crossing is where the point forecast meets the limit; its 80 % range reaches from where
the bound nearer the limit meets it (p = 10 %) to where the one behind does (p = 90 %). Between steps all run straight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.domain.tags import LimitKind

NORMAL_90: Final = 1.2815515655446004
OPENS: Final = 0.5
"""Probability from which on an advisory opens."""
CLOSES: Final = 0.3
"""Probability below which an open one is closed: between the two it stays, so that it doesn't flicker."""
HIGH: Final[frozenset[LimitKind]] = frozenset({"H", "HH"})


@dataclass(frozen=True, slots=True)
class Crossing:
    """A limit that may be crossed.

    Attributes:
        probability: 0 to 1. eta: ns; where the point forecast stays short of the limit, the most likely step.
        eta_lo, eta_hi: 80 % range, ns; `eta_hi` None: beyond the horizon.
    """

    probability: float
    eta: int
    eta_lo: int
    eta_hi: int | None


def exceedance(value: ValueArray, lo80: ValueArray, hi80: ValueArray, limit: float, *, high: bool) -> ValueArray:
    """float64[h]: probability that each step lies beyond `limit`."""
    sign = 1.0 if high else -1.0
    short = sign * (limit - value)  # how far the point forecast is from the limit; negative: beyond it
    towards, away = (hi80 - value, value - lo80) if high else (value - lo80, hi80 - value)
    sigma = np.where(short > 0, towards, away) / NORMAL_90
    certain = np.where(short > 0, 0.0, np.where(short < 0, 1.0, 0.5))
    z = np.divide(short, sigma, out=np.zeros_like(value), where=sigma > 0)
    return np.where(sigma > 0, 1 - _phi(z), certain)


def crossing(
    t: TimeArray, value: ValueArray, lo80: ValueArray, hi80: ValueArray, limit: float, kind: LimitKind, *, now: int,
    newest: float,
) -> Crossing:  # fmt: skip
    """How `limit` may be crossed after `now` (ns), at which the tag was at `newest` (not beyond the limit).

    Args:
        t: int64[h] ns, rising, after `now`. value, lo80, hi80: float64[h].
    """
    high = kind in HIGH
    p = exceedance(value, lo80, hi80, limit, high=high)
    times = np.append(now, t).astype(np.int64)
    near, behind = (hi80, lo80) if high else (lo80, hi80)
    sign = 1.0 if high else -1.0

    def meets(bound: ValueArray) -> int | None:
        return _first(times, sign * (np.append(newest, bound) - limit))

    likely = int(t[p.argmax()])
    middle = meets(value)
    eta = likely if middle is None else middle
    first, last = meets(near), meets(behind)
    return Crossing(
        float(p.max()), eta, eta if first is None else min(first, eta), None if last is None else max(last, eta)
    )


def _first(t: TimeArray, beyond: ValueArray) -> int | None:
    """Where `beyond` first becomes positive or zero, straight between points; None: nowhere."""
    there = np.flatnonzero(beyond >= 0)
    if not len(there):
        return None
    k = int(there[0])
    if k == 0:
        return int(t[0])
    share = -beyond[k - 1] / (beyond[k] - beyond[k - 1])
    return int(t[k - 1] + round(share * float(t[k] - t[k - 1])))


def _phi(z: ValueArray) -> ValueArray:
    """The standard normal distribution function, by Abramowitz and Stegun 7.1.26 (error below 2e-7)."""
    x = np.abs(z) / np.sqrt(2.0)
    k = 1 / (1 + 0.3275911 * x)
    tail = k * (0.254829592 + k * (-0.284496736 + k * (1.421413741 + k * (-1.453152027 + k * 1.061405429))))
    erf: ValueArray = 1 - tail * np.exp(-x * x)
    return np.asarray(0.5 * (1 + np.sign(z) * erf))
