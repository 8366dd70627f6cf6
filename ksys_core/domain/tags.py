"""What a tag is: its identity, scale and texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Origin = Literal["field", "simulator", "replay", "import", "virtual"]
Interpolation = Literal["linear", "step"]
LimitKind = Literal["HH", "H", "L", "LL"]
LIMIT_KINDS: tuple[LimitKind, ...] = get_args(LimitKind)


@dataclass(frozen=True, slots=True)
class Sensor:
    """A tag as the database keeps it (table ``sensors``)."""

    sensor_id: int
    tag: str
    unit: str = ""
    area: str = ""
    role: str = ""
    origin: Origin = "field"
    description: Mapping[str, str] = field(default_factory=dict)
    span_low: float | None = None
    span_high: float | None = None
    normal_low: float | None = None
    normal_high: float | None = None
    decimals: int = 2
    interval_s: float | None = None
    interpolation: Interpolation = "linear"
    enabled: bool = True
