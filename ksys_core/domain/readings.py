"""A batch of readings of many tags: what sources give and the store takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import BAD, GOOD, QualityArray, usable
from ksys_core.domain.series import TimeArray, ValueArray

SensorIdArray = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class ReadingBatch:
    """Columns of one length, in any order.

    Attributes:
        sensor_id: int32.
        t: int64 nanoseconds UTC (the store keeps microseconds).
        v: float64; not finite only together with BAD quality (`of` sees to it).
        quality: uint8 codes of `ksys_core.domain.quality`.
    """

    sensor_id: SensorIdArray
    t: TimeArray
    v: ValueArray
    quality: QualityArray

    @classmethod
    def of(
        cls, sensor_id: npt.ArrayLike, t: npt.ArrayLike, v: npt.ArrayLike, quality: npt.ArrayLike | None = None
    ) -> Self:
        """A batch in which every value that is not finite has become NaN of BAD quality."""
        ids = np.array(sensor_id, dtype=np.int32)
        values = np.array(v, dtype=np.float64)
        codes = np.full(ids.shape, GOOD, np.uint8) if quality is None else np.array(quality, dtype=np.uint8)
        lost = ~np.isfinite(values)
        values[lost] = np.nan
        codes[lost & usable(codes)] = BAD
        return cls(ids, np.array(t, dtype=np.int64), values, codes)

    def __len__(self) -> int:
        return len(self.t)

    def only(self, chosen: npt.NDArray[np.bool_]) -> Self:
        """The readings where `chosen` (bool, one for each) is true."""
        return type(self)(self.sensor_id[chosen], self.t[chosen], self.v[chosen], self.quality[chosen])
