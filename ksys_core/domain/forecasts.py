"""The newest forecast of a tag as screens show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ksys_core.domain.series import TimeArray, ValueArray

ForecastSource = Literal["model", "fallback"]


@dataclass(frozen=True, slots=True, eq=False)
class ForecastBand:
    """Point forecast with 80 and 95 % bounds, frozen arrays of one length.

    Attributes:
        issue_ns: when it was made: no later value is in it.
        interval_ns: every value is the mean over the interval of this length that ends at its `t`.
        algorithm: name in `ksys_core.forecasting.registry`.
        source: "fallback" when the model failed and seasonal naive stood in.
        t: int64 ns UTC; value, lo80, hi80, lo95, hi95: float64.
    """

    sensor_id: int
    model_id: int
    algorithm: str
    source: ForecastSource
    issue_ns: int
    interval_ns: int
    t: TimeArray
    value: ValueArray
    lo80: ValueArray
    hi80: ValueArray
    lo95: ValueArray
    hi95: ValueArray

    def __post_init__(self) -> None:
        for array in (self.t, self.value, self.lo80, self.hi80, self.lo95, self.hi95):
            array.setflags(write=False)

    def age_ns(self, now_ns: int) -> int:
        """Time since it was made."""
        return now_ns - self.issue_ns
