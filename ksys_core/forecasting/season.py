"""Season length from the data: the strongest peak of the autocorrelation that is a real return, preferring a day."""

from __future__ import annotations

from typing import Final

import numpy as np

from ksys_core.domain.series import ValueArray
from ksys_core.domain.times import DAY
from ksys_core.forecasting.grid import RegularSeries, prepared

PEAK: Final = 0.3
RISE: Final = 0.2


def autocorrelation(v: ValueArray, lags: int) -> ValueArray:
    """Autocorrelation of `v` without its linear trend at lags 0..`lags`, each over its own number of pairs."""
    n = len(v)
    x = np.arange(n) - (n - 1) / 2
    centred = v - v.mean()
    centred = centred - x * (x @ centred) / (x @ x)
    spectrum = np.fft.rfft(centred, 2 * n)
    raw = np.fft.irfft(spectrum * np.conj(spectrum), 2 * n)[: lags + 1] / (n - np.arange(lags + 1))
    return raw / raw[0] if raw[0] > 0 else np.zeros(lags + 1)


def season_length(y: RegularSeries, longest: int = 2016) -> int:
    """The season of `y` in steps, or 1 when there is none that three periods of history show."""
    window, _ = prepared(y)
    v = window.v
    lags = min(len(v) // 3, longest)
    if lags < 4 or not np.ptp(v) > 0:
        return 1
    r = autocorrelation(v, lags)
    floor = np.minimum.accumulate(r)
    inner = np.arange(2, lags)
    peaks = inner[(r[inner] >= r[inner - 1]) & (r[inner] > r[inner + 1])]
    peaks = peaks[(r[peaks] > PEAK) & (r[peaks] - floor[peaks] > RISE)]
    if not len(peaks):
        return 1
    best = int(peaks[np.argmax(r[peaks])])
    day = int(DAY // y.step)
    near_day = 1 < day <= lags and r[day] > 0.8 * r[best] and r[day] - floor[day] > RISE
    return day if near_day else _fundamental(r, floor, best)


def _fundamental(r: ValueArray, floor: ValueArray, best: int) -> int:
    """`best`, or the shortest whole part of it whose autocorrelation is nearly as high."""
    for parts in range(best // 4, 1, -1):
        near = round(best / parts)
        around = max(1, near // 50)
        lag = near - around + int(np.argmax(r[near - around : near + around + 1]))
        if lag >= 4 and r[lag] > 0.9 * r[best] and r[lag] - floor[lag] > RISE:
            return lag
    return best
