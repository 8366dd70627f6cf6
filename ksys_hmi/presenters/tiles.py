"""What one dashboard tile shows, worked out from the tag, its newest reading and its context.

Everything is finished here (texts, and positions as fractions), so that painting does no arithmetic on process data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import CODE_NAMES, GOOD, UNCERTAIN
from ksys_core.domain.tags import LimitKind, Origin, Sensor
from ksys_core.i18n import tr
from ksys_hmi.formats import NO_VALUE, format_age, format_value

Condition = Literal["good", "uncertain", "stale", "bad", "none"]
STALE_INTERVALS: Final = 3.0
"""A reading older than this many expected intervals is stale."""
FORECAST_SHARE: Final = 0.2
"""Part of the sparkline's width that lies in the future."""
_PAD: Final = 0.06
_STILL_NS: Final = 30_000_000_000

FractionArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AlarmMark:
    """The most important alarm of a tag: priority 1 to 4 and its state's mnemonic."""

    priority: int
    state: str


@dataclass(frozen=True, slots=True)
class LimitTick:
    """A limit on the analog bar, as fraction of the span, and whether the value lies beyond it."""

    kind: LimitKind
    at: float
    broken: bool


@dataclass(frozen=True, slots=True, eq=False)
class Spark:
    """The last hour and the next steps, as fractions of the sparkline's box (y upwards, NaN = gap)."""

    x: FractionArray
    low: FractionArray
    high: FractionArray
    forecast_x: FractionArray
    forecast_y: FractionArray
    limits: tuple[float, ...]
    key: tuple[int, int]
    """Identity of the data and the 30 s of now: equal keys are painted alike."""


@dataclass(frozen=True, slots=True, eq=False)
class SparkData:
    """Buckets of the last hour (`t` ns, `low`, `high`) and forecast points, in the tag's unit."""

    t: npt.NDArray[np.int64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    forecast_t: npt.NDArray[np.int64]
    forecast_v: npt.NDArray[np.float64]
    is_fallback: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TileState:
    """One tile, ready to paint."""

    sensor_id: int
    tag: str
    title: str
    area: str
    origin: Origin
    unit: str
    value_text: str
    condition: Condition
    code_text: str
    age_text: str
    pointer: float | None
    band: tuple[float, float] | None
    ticks: tuple[LimitTick, ...]
    alarm: AlarmMark | None
    spark: Spark | None
    forecast_text: str
    forecast_is_fallback: bool

    @property
    def note_text(self) -> str:
        """Beside the value: the code of what is bad, the age of what is late."""
        if self.condition in ("bad", "none"):
            return self.code_text
        return " ".join(part for part in ("?" if self.condition == "uncertain" else "", self.age_text) if part)

    @property
    def abnormal(self) -> bool:
        """Whether an operator should look: an alarm, or a value that is not to be trusted."""
        return self.alarm is not None or self.condition in ("stale", "bad", "none")

    @property
    def search_text(self) -> str:
        """What the filter looks into, case-folded."""
        return f"{self.tag} {self.title} {self.area} {self.unit}".casefold()

    def looks_like(self, other: TileState) -> bool:
        """Whether both are painted alike; sparklines count as alike only when they are of the same minute."""
        return self._face() == other._face()

    def _face(self) -> tuple[object, ...]:
        newest = None if self.spark is None else (self.spark.key, self.forecast_text)
        return (
            *(self.value_text, self.condition, self.code_text, self.age_text, self.pointer, self.band, self.ticks),
            *(self.alarm, self.title, self.unit, self.area, newest),
        )

    @property
    def spoken(self) -> str:
        """One sentence for screen readers and tooltips."""
        parts = [self.tag, f"{self.value_text} {self.unit}".strip()]
        if self.code_text:
            parts.append(self.code_text)
        if self.age_text:
            parts.append(self.age_text)
        if self.alarm is not None:
            parts.append(tr("alarm priority {n}, {state}", n=self.alarm.priority, state=self.alarm.state))
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest reading of a tag: time in ns, value, quality code."""

    t: int
    v: float
    quality: int


@dataclass(frozen=True, slots=True)
class TileInput:
    """Everything that a tile is made of; `crossing`: the limit its forecast crosses next, and when (ns)."""

    sensor: Sensor
    reading: Reading | None
    interval_s: float
    limits: Mapping[LimitKind, float] = field(default_factory=dict)
    alarm: AlarmMark | None = None
    spark: SparkData | None = None
    crossing: tuple[LimitKind, int] | None = None


def condition_of(reading: Reading | None, interval_s: float, now_ns: int) -> Condition:
    """Quality class on the screen; staleness comes before UNCERTAIN, BAD before staleness."""
    if reading is None:
        return "none"
    if reading.quality < UNCERTAIN:
        return "bad"
    if (now_ns - reading.t) / 1e9 > STALE_INTERVALS * interval_s:
        return "stale"
    return "good" if reading.quality >= GOOD else "uncertain"


def tile_state(source: TileInput, now_ns: int) -> TileState:
    """The tile of `source` as it is to be painted at `now_ns`."""
    sensor, reading = source.sensor, source.reading
    condition = condition_of(reading, source.interval_s, now_ns)
    value = math.nan if reading is None or condition == "bad" else reading.v
    age_s = 0.0 if reading is None else (now_ns - reading.t) / 1e9
    forecast = _next_forecast(source.spark, now_ns)
    return TileState(
        sensor_id=sensor.sensor_id,
        tag=sensor.tag,
        title=tr.pick(dict(sensor.description)) or sensor.tag,
        area=sensor.area,
        origin=sensor.origin,
        unit=sensor.unit,
        value_text=format_value(value, sensor.decimals) if math.isfinite(value) else NO_VALUE,
        condition=condition,
        code_text=_code_text(condition, reading),
        age_text=format_age(age_s) if reading is not None and age_s > 1.5 * source.interval_s else "",
        pointer=_fraction(value, sensor),
        band=_band(sensor),
        ticks=_ticks(value, source.limits, sensor),
        alarm=source.alarm,
        spark=spark_of(source.spark, tuple(source.limits.values()), now_ns),
        forecast_text=_forecast_text(forecast, source, now_ns),
        forecast_is_fallback=source.spark is not None and source.spark.is_fallback,
    )


def _forecast_text(forecast: float, source: TileInput, now_ns: int) -> str:
    """The next forecast, and the limit ahead with the minutes to it."""
    if not math.isfinite(forecast):
        return ""
    text = format_value(forecast, source.sensor.decimals)
    if source.crossing is None:
        return text
    kind, at = source.crossing
    return f"{text} · {kind} {tr('{n} min', n=max(round((at - now_ns) / 60e9), 0))}"


def _code_text(condition: Condition, reading: Reading | None) -> str:
    if condition == "none":
        return tr("no data")
    if condition == "bad":
        assert reading is not None
        return CODE_NAMES.get(reading.quality, f"BAD-{reading.quality}")
    return {"stale": tr("STALE"), "uncertain": "?"}.get(condition, "")


def _span(sensor: Sensor) -> tuple[float, float] | None:
    if sensor.span_low is None or sensor.span_high is None:
        return None
    return sensor.span_low, sensor.span_high


def _fraction(value: float, sensor: Sensor) -> float | None:
    span = _span(sensor)
    if span is None or not math.isfinite(value):
        return None
    return min(max((value - span[0]) / (span[1] - span[0]), 0.0), 1.0)


def _band(sensor: Sensor) -> tuple[float, float] | None:
    if sensor.normal_low is None or sensor.normal_high is None:
        return None
    low, high = _fraction(sensor.normal_low, sensor), _fraction(sensor.normal_high, sensor)
    return None if low is None or high is None else (low, high)


def _ticks(value: float, limits: Mapping[LimitKind, float], sensor: Sensor) -> tuple[LimitTick, ...]:
    found = []
    for kind, limit in limits.items():
        at = _fraction(limit, sensor)
        if at is not None:
            broken = value > limit if kind in ("H", "HH") else value < limit
            found.append(LimitTick(kind, at, broken))
    return tuple(found)


def _next_forecast(spark: SparkData | None, now_ns: int) -> float:
    """The forecast for the next step after now; NaN without one."""
    if spark is None:
        return math.nan
    ahead = np.flatnonzero(spark.forecast_t > now_ns)
    return float(spark.forecast_v[ahead[0]]) if len(ahead) else math.nan


def spark_of(
    data: SparkData | None, limits: Sequence[float], now_ns: int, ahead_share: float = FORECAST_SHARE
) -> Spark | None:
    """The sparkline of `data` at `now_ns`; the last `ahead_share` of its width is for the forecast. None: no value."""
    if data is None or not np.isfinite(data.low).any():
        return None
    hour = 3_600e9
    ahead = (data.forecast_t > now_ns) & (data.forecast_t <= now_ns + hour)
    future = data.forecast_v[ahead]
    everything = np.concatenate([data.low, data.high, future])
    bottom, top = float(np.nanmin(everything)), float(np.nanmax(everything))
    if top - bottom < 1e-12 * max(abs(top), 1.0):
        bottom, top = bottom - 0.5, top + 0.5
    pad = (top - bottom) * _PAD
    bottom, top = bottom - pad, top + pad

    def y(values: npt.NDArray[np.float64]) -> FractionArray:
        return ((values - bottom) / (top - bottom)).astype(np.float32)

    past = 1.0 - ahead_share
    x = past + past * (data.t - now_ns) / hour
    forecast_x = past + ahead_share * (data.forecast_t[ahead] - now_ns) / hour
    lines = tuple((limit - bottom) / (top - bottom) for limit in limits if bottom < limit < top)
    return Spark(
        x.astype(np.float32),
        y(data.low),
        y(data.high),
        forecast_x.astype(np.float32),
        y(future),
        lines,
        (id(data), now_ns // _STILL_NS),
    )
