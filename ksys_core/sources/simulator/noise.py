"""Random numbers addressed by place instead of drawn in order: the value at an index depends on nothing else.

The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195). Only
integer operations, additions and multiplications are used, so a value has the same bits however its array was cut.
"""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
_WORD: Final = np.uint64(0xFFFF)
_SUM_MEAN: Final = 4 * 32767.5
_SUM_SIGMA: Final = float(np.sqrt(4 * (65536.0**2 - 1) / 12))


def channel(seed: int, name: str) -> int:
    """The key of one independent stream."""
    return (seed * 0x1000003 ^ zlib.crc32(name.encode())) & 0xFFFFFFFFFFFFFFFF


def _mixed(key: int, index: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    x = np.array(index, dtype=np.int64, ndmin=1).view(np.uint64)
    x *= _GOLDEN
    x ^= np.uint64(key)
    x += _GOLDEN
    for shift, factor in ((30, _MIX_1), (27, _MIX_2)):
        x ^= x >> np.uint64(shift)
        x *= factor
    x ^= x >> np.uint64(31)
    return x


def uniform(key: int, index: npt.ArrayLike) -> FloatArray:
    """Values in [0, 1) at each index."""
    return (_mixed(key, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(key: int, index: npt.ArrayLike) -> FloatArray:
    """Nearly normal values (mean 0, variance 1, within ±3.5): sums of four uniform 16-bit words."""
    x = _mixed(key, index)
    total = x & _WORD
    for _ in range(3):
        x >>= np.uint64(16)
        total += x & _WORD
    values = total.astype(np.float64)
    values -= _SUM_MEAN
    values *= 1 / _SUM_SIGMA
    return values


def pick(key: int, index: int) -> float:
    """One value in [0, 1)."""
    return float(uniform(key, index)[0])


def drift(key: int, t: IntArray, period: int) -> FloatArray:
    """Slow noise, autocorrelated over about `period` ns: normal knots a period apart, straight lines between them."""
    knot = t // period
    first = int(knot[0])
    knots = normal(key, np.arange(first, int(knot[-1]) + 2))
    place = knot - first
    share = (t - knot * period) / period
    return knots[place] * (1 - share) + knots[place + 1] * share
