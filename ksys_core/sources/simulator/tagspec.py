"""What the simulated plant says of its tags: scale, limits, noise and start values of their alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ksys_core.domain.tags import Interpolation, LimitKind

Measure = Literal["pressure", "flow", "level", "temperature", "quality", "electrical", "vibration", "state"]

DEAD_BAND: Final[Mapping[Measure, float]] = {
    "pressure": 0.02,
    "flow": 0.05,
    "level": 0.05,
    "temperature": 0.01,
    "quality": 0.02,
    "electrical": 0.02,
    "vibration": 0.03,
    "state": 0.0,
}
"""Share of the span; start values in common use."""

DELAY_S: Final[Mapping[Measure, float]] = {
    "pressure": 15,
    "flow": 15,
    "level": 60,
    "temperature": 60,
    "quality": 30,
    "electrical": 15,
    "vibration": 15,
    "state": 0,
}
"""On and off delay, seconds."""


@dataclass(frozen=True, slots=True)
class AlarmTexts:
    """Guidance of one alarm, each English and Korean."""

    cause: Mapping[str, str] = field(default_factory=dict)
    consequence: Mapping[str, str] = field(default_factory=dict)
    action: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TagSpec:
    """One tag of the simulated plant.

    Attributes:
        description: ``{"en": …, "ko": …}``.
        span: ends of the scale; `normal`: usual range; `limits`: by kind, all in `unit`.
        noise: standard deviation of the instrument's white noise, `unit`.
        wander: standard deviation of its slow error, `unit`.
    """

    tag: str
    description: Mapping[str, str]
    unit: str
    area: str
    role: str
    measure: Measure
    span: tuple[float, float]
    normal: tuple[float, float]
    limits: Mapping[LimitKind, float]
    decimals: int
    noise: float
    wander: float

    @property
    def interpolation(self) -> Interpolation:
        return "step" if self.measure == "state" else "linear"

    @property
    def dead_band(self) -> float:
        """In `unit`."""
        return DEAD_BAND[self.measure] * (self.span[1] - self.span[0])

    @property
    def delay_s(self) -> float:
        return DELAY_S[self.measure]
