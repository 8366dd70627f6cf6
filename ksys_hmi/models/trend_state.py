"""Everything a trend shows, as frozen values: pens, window, axes, cursors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

from ksys_core.domain.forecasts import ForecastBand
from ksys_core.domain.tags import Sensor
from ksys_core.domain.trend import LimitStep, Newest, TrendSeries
from ksys_hmi.models.trend_axes import Axis
from ksys_hmi.models.trend_window import STANDARD_SPAN, Window

SOFT_PENS: Final = 8
HARD_PENS: Final = 16

PenStatus = Literal["loading", "partial", "slow", "ok", "empty", "failed"]


@dataclass(frozen=True, slots=True)
class Pen:
    """One tag on the trend.

    Attributes:
        sensor: the tag.
        slot: 0-15; gives colour and line style, and stays with the pen.
        series: rows to draw; None before the first answer.
        covered: what `series` was asked for; the window moves ahead of it until the next answer.
        limits: history of its limits in `covered`.
        forecast: newest forecast, if a model is deployed; `forecast_stale` when it should have been renewed.
        newest: newest reading, which may lie outside the window.
        status, message: for the state chip.
    """

    sensor: Sensor
    slot: int
    series: TrendSeries | None = None
    covered: Window | None = None
    limits: tuple[LimitStep, ...] = ()
    forecast: ForecastBand | None = None
    forecast_stale: bool = False
    newest: Newest | None = None
    status: PenStatus = "loading"
    message: str = ""

    @property
    def last_t(self) -> int | None:
        """Instant of the newest row that has a value, ns."""
        if self.series is None or not len(self.series):
            return None
        return int(self.series.t[-1])


@dataclass(frozen=True, slots=True)
class View:
    """What undo and redo bring back: where one looks and how.

    Attributes:
        window: visible stretch of time.
        live: the window follows the clock; `past` ns of it lie before now.
        autoscale: axes follow what is visible.
        lanes: each pen in a lane of its own.
        show_forecast: bands after the now-line.
        fixed: ranges set by hand, by the slots of their axis.
    """

    window: Window
    live: bool = True
    past: int = STANDARD_SPAN
    autoscale: bool = True
    lanes: bool = False
    show_forecast: bool = True
    fixed: tuple[Axis, ...] = ()


@dataclass(frozen=True, slots=True)
class Cursors:
    """Instants of the two cursors, ns; None: not shown. `following` is the one that follows the mouse, or 0."""

    first: int | None = None
    second: int | None = None
    following: Literal[0, 1, 2] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the canvas paints.

    Attributes:
        pens: in the order they were added.
        axes: one a group of pens, or one a pen in lanes.
        selected: slot whose limits are shown and whose curve lies on top; None without pens.
        now_ns: the now-line.
        badge: level and decimation ("decimated 1:60, level 10m").
        frozen_since: ns since when the database is lost; None while it answers.
    """

    pens: tuple[Pen, ...]
    view: View
    axes: tuple[Axis, ...]
    selected: int | None
    now_ns: int
    zone: ZoneInfo
    badge: str = ""
    frozen_since: int | None = None

    def axis_of(self, slot: int) -> Axis:
        return next(axis for axis in self.axes if slot in axis.slots)

    def pen(self, slot: int) -> Pen | None:
        return next((pen for pen in self.pens if pen.slot == slot), None)
