"""Series: one tag's readings as three frozen arrays of one length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import GOOD, QualityArray

TimeArray = npt.NDArray[np.int64]
ValueArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Readings of one tag in rising time.

    Attributes:
        t: int64 nanoseconds since 1970-01-01 UTC, strictly rising.
        v: float64 values; NaN where the reading has no value.
        quality: uint8 codes of `ksys_core.domain.quality`.
    """

    t: TimeArray
    v: ValueArray
    quality: QualityArray

    def __post_init__(self) -> None:
        if not (self.t.shape == self.v.shape == self.quality.shape) or self.t.ndim != 1:
            raise ValueError(
                f"Series needs three 1-d arrays of one length: {self.t.shape}, {self.v.shape}, {self.quality.shape}"
            )
        for array in (self.t, self.v, self.quality):
            array.setflags(write=False)

    @classmethod
    def of(cls, t: npt.ArrayLike, v: npt.ArrayLike, quality: npt.ArrayLike | None = None) -> Self:
        """A series from anything array-like; quality GOOD when not given."""
        times = np.array(t, dtype=np.int64)
        codes = np.full(times.shape, GOOD, np.uint8) if quality is None else np.array(quality, dtype=np.uint8)
        return cls(times, np.array(v, dtype=np.float64), codes)

    @classmethod
    def empty(cls) -> Self:
        return cls.of([], [])

    def __len__(self) -> int:
        return len(self.t)

    def between(self, start: int, stop: int) -> Series:
        """The part with ``start <= t < stop`` (nanoseconds)."""
        i, j = np.searchsorted(self.t, [start, stop])
        return Series(self.t[i:j], self.v[i:j], self.quality[i:j])
