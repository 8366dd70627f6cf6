"""One plant day of the process on a grid of minutes: demand, tanks, water quality, membranes, pumps.

Everything is a function of the day and the seed. Tanks close their balance over a day: they begin each day at a level
that the day number gives, and the flow they are not master of carries a smooth correction that makes it so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ksys_core.domain.times import DAY, HOUR, MINUTE
from ksys_core.sources.simulator import membrane
from ksys_core.sources.simulator.noise import FloatArray, IntArray, channel, drift, pick
from ksys_core.sources.simulator.scenarios import Calendar, strengths

KNOTS: Final = DAY // MINUTE + 1
MEAN_PRODUCT: Final = 90.0
RECOVERY: Final = 0.75
SHARE_STAGE_1: Final = 0.70
PRODUCT_TANK_M3: Final = 800.0
RAW_TANK_M3: Final = 400.0
_STEP_H: Final = 1 / 60
_LOWEST_LOAD: Final = 0.05
_YEAR: Final = 365.2425


def tank_level(volume: float, start: float, inflow: FloatArray, outflow: FloatArray) -> FloatArray:
    """Level in % of a tank of `volume` m³ from `start` %, by the trapezoid rule over flows in m³/h a minute apart."""
    net = inflow - outflow
    steps = (net[1:] + net[:-1]) * (0.5 * _STEP_H)
    filled: FloatArray = np.concatenate(([0.0], np.cumsum(steps)))
    return start + filled * (100.0 / volume)


def closing_flow(
    volume: float, change: float, inflow: FloatArray, outflow: FloatArray, begin: float = 0.0
) -> FloatArray:
    """The smooth flow that, added to `inflow`, lets the level change by `change` % over the day.

    It is zero until the share `begin` of the day and at its end.
    """
    place = (np.linspace(0.0, 1.0, len(inflow)) - begin) / (1 - begin)
    shape: FloatArray = np.sin(np.pi * np.maximum(place, 0.0)) ** 2
    reached = tank_level(volume, 0.0, inflow, outflow)[-1]
    gain = tank_level(volume, 0.0, shape, np.zeros_like(shape))[-1]
    closing: FloatArray = shape * ((change - reached) / gain)
    return closing


@dataclass(frozen=True, eq=False)
class PlantDay:
    """The process through plant day `day`; every array has `KNOTS` values, a minute apart, both midnights included."""

    day: int
    seed: int
    calendar: Calendar

    @cached_property
    def t(self) -> IntArray:
        return self.calendar.start_of(self.day) + np.arange(KNOTS, dtype=np.int64) * MINUTE

    @cached_property
    def hour(self) -> FloatArray:
        """Hour of the plant day, 0 to 24."""
        return np.arange(KNOTS) / 60.0

    def wander(self, name: str, period: int) -> FloatArray:
        return drift(channel(self.seed, "process." + name), self.t, period)

    def daily(self, peak_hour: float, times: int = 1) -> FloatArray:
        wave: FloatArray = np.cos(2 * np.pi * times * (self.hour - peak_hour) / 24.0)
        return wave

    @cached_property
    def _strength(self) -> dict[str, FloatArray]:
        events = self.calendar.events(self.day)
        read = strengths(events, self.t)
        return {event.kind.name: read(event.kind.name) for event in events}

    def strength(self, name: str) -> FloatArray:
        """Strength of a kind of event over the day, 0 where there is none."""
        found = self._strength.get(name)
        return np.zeros(KNOTS) if found is None else found

    @cached_property
    def running(self) -> FloatArray:
        """1 while the plant produces, 0 while it is cleaned or tripped."""
        return (1 - self.strength("cleaning")) * (1 - self.strength("pump_trip"))

    @cached_property
    def load(self) -> FloatArray:
        """Share of the mean production that the plant is set to."""
        week = 1 + 0.04 * np.cos(2 * np.pi * ((self.t / DAY) - 2.5) / 7)
        return week * (1 - 0.06 * self.daily(4.0)) + 0.006 * self.wander("load", 30 * MINUTE)

    # flows, m³/h

    @cached_property
    def product_flow(self) -> FloatArray:
        return MEAN_PRODUCT * self.load * self.running

    @cached_property
    def recovery(self) -> FloatArray:
        return RECOVERY + 0.006 * self.wander("recovery", 2 * HOUR)

    @cached_property
    def feed_flow(self) -> FloatArray:
        return self.product_flow / self.recovery

    @cached_property
    def conc_flow(self) -> FloatArray:
        return self.feed_flow - self.product_flow

    @cached_property
    def share_1(self) -> FloatArray:
        """Share of the product that stage 1 makes; it grows while stage 2 fouls."""
        return SHARE_STAGE_1 + 0.02 * self.blocking_2 / 1.6

    @cached_property
    def _level_starts(self) -> tuple[tuple[float, float], tuple[float, float]]:
        def at(name: str, day: int) -> float:
            return 62.0 + 6.0 * pick(channel(self.seed, name), day)

        return (
            (at("raw_tank", self.day), at("raw_tank", self.day + 1)),
            (at("product_tank", self.day), at("product_tank", self.day + 1)),
        )

    @cached_property
    def demand_flow(self) -> FloatArray:
        pattern = 1 - 0.24 * self.daily(3.0) - 0.11 * self.daily(2.0, 2)
        wish = MEAN_PRODUCT * self.load * pattern * (1 + 0.025 * self.wander("demand", 10 * MINUTE))
        start, stop = self._level_starts[1]
        return wish - closing_flow(PRODUCT_TANK_M3, stop - start, self.product_flow, wish)

    @cached_property
    def product_level(self) -> FloatArray:
        return tank_level(PRODUCT_TANK_M3, self._level_starts[1][0], self.product_flow, self.demand_flow)

    @cached_property
    def raw_flow(self) -> FloatArray:
        drawn = MEAN_PRODUCT / RECOVERY * float(self.load.mean()) * (1 - self.strength("cleaning"))
        mean = drawn * (1 + 0.01 * self.wander("raw", 20 * MINUTE))
        supply = mean * (1 - 0.55 * self.strength("raw_supply_low"))
        start, stop = self._level_starts[0]
        return supply + closing_flow(RAW_TANK_M3, stop - start, supply, self.feed_flow, begin=0.7)

    @cached_property
    def raw_level(self) -> FloatArray:
        return tank_level(RAW_TANK_M3, self._level_starts[0][0], self.raw_flow, self.feed_flow)

    # water

    @cached_property
    def feed_temp(self) -> FloatArray:
        season = 6.0 * np.cos(2 * np.pi * (self.t / DAY - 220) / _YEAR)
        return 16.0 + season + 0.7 * self.daily(15.0) + 0.3 * self.wander("temperature", 6 * HOUR)

    @cached_property
    def feed_cond(self) -> FloatArray:
        base = 2400 + 90 * self.daily(17.0) + 70 * self.wander("feed_cond", 8 * HOUR)
        return base * (1 + 0.6 * self.strength("feed_salinity"))

    # fouling

    @cached_property
    def cycle(self) -> FloatArray:
        """Days since the last cleaning."""
        return self.calendar.days_since_cleaning(self.t)

    @cached_property
    def fouling_1(self) -> FloatArray:
        return 1.05 + 0.012 * self.cycle

    @cached_property
    def fouling_2(self) -> FloatArray:
        return 1.08 + 0.10 * (1 - np.exp(-self.cycle / 2.0)) + 0.008 * self.cycle

    @cached_property
    def blocking_1(self) -> FloatArray:
        return 1.0 + 0.012 * self.cycle

    @cached_property
    def blocking_2(self) -> FloatArray:
        return 1.0 + 0.78 * (1 - np.exp(-self.cycle / 1.2))

    @cached_property
    def cartridge_dp(self) -> FloatArray:
        """Loss of the cartridge filters, which are changed 4.3 days after each cleaning."""
        age = (self.cycle - 4.3) % 10.0
        return (28 + 95 * (1 - np.exp(-age / 3.0))) * self._flow_share * (0.05 + 0.95 * self.running)

    # membranes while running; `blend` lets pressures fall when the plant stops

    @cached_property
    def _flow_share(self) -> FloatArray:
        return self.load * self.recovery / RECOVERY

    @cached_property
    def loaded(self) -> FloatArray:
        return MEAN_PRODUCT * self.load * np.maximum(self.running, _LOWEST_LOAD)

    def blend(self, running: FloatArray, still: float) -> FloatArray:
        return running * self.running + still * (1 - self.running)

    @cached_property
    def stages(self) -> Stages:
        """The membrane stages at this day's load."""
        return Stages(self)


class Stages:
    """Pressures (kPa) and conductivities (µS/cm) of the two stages, as if the plant were running."""

    def __init__(self, day: PlantDay) -> None:
        product = day.loaded
        feed = product / day.recovery
        product_1, product_2 = product * day.share_1, product * (1 - day.share_1)
        between, concentrate = feed - product_1, feed - product
        self.dp_1 = membrane.channel_loss((feed + between) / 2, 88.5, 130.0, day.blocking_1)
        self.dp_2 = membrane.channel_loss((between + concentrate) / 2, 43.5, 140.0, day.blocking_2)
        self._leak = 0.06 * day.strength("membrane_breach")
        recovery_1 = product_1 / feed
        self._side_1 = membrane.mean_concentration(day.feed_cond, recovery_1)
        self._side_2 = membrane.mean_concentration(day.feed_cond / (1 - recovery_1), product_2 / between)
        self._pressures(day, product_1, product_2)
        self._conductivities(day, product_1, product_2, feed, concentrate)

    def _pressures(self, day: PlantDay, product_1: FloatArray, product_2: FloatArray) -> None:
        temperature = day.feed_temp
        self.outlet = 55 + 25 * (day.load**2) + 3 * day.wander("outlet", 15 * MINUTE)
        need_1 = membrane.driving_pressure(product_1, membrane.AREA_1, temperature, day.fouling_1)
        need_2 = membrane.driving_pressure(product_2, membrane.AREA_2, temperature, day.fouling_2)
        osmotic_1 = membrane.osmotic_pressure(self._side_1, temperature)
        osmotic_2 = membrane.osmotic_pressure(self._side_2, temperature)
        self.inlet = need_1 + osmotic_1 + self.dp_1 / 2 + self.outlet
        self.interstage = self.inlet - self.dp_1
        self.stage_2 = np.maximum(self.interstage, need_2 + osmotic_2 + self.dp_2 / 2 + self.outlet)
        self.conc = self.stage_2 - self.dp_2

    def _conductivities(
        self, day: PlantDay, product_1: FloatArray, product_2: FloatArray, feed: FloatArray, concentrate: FloatArray
    ) -> None:
        temperature = day.feed_temp
        none = np.zeros(KNOTS)
        cond_1 = membrane.permeate_cond(product_1, membrane.AREA_1, self._side_1, temperature, self._leak)
        self.cond_2 = membrane.permeate_cond(product_2, membrane.AREA_2, self._side_2, temperature, none)
        product = product_1 + product_2
        self.cond = (cond_1 * product_1 + self.cond_2 * product_2) / product
        self.conc_cond = (feed * day.feed_cond - product * self.cond) / concentrate
