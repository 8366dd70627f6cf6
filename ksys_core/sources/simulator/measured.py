"""What each instrument of the simulated plant shows over a day: process values under their tag names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from ksys_core.domain.times import HOUR, MINUTE
from ksys_core.sources.simulator.noise import FloatArray
from ksys_core.sources.simulator.process import PlantDay

SUPPLY_PRESSURE: Final = 300.0
_PUMP_EFFICIENCY: Final = 0.76 * 0.93
_AMPERES_PER_KW: Final = 1000 / (3**0.5 * 380 * 0.87)


def pump_power(day: PlantDay, flow: FloatArray, head: FloatArray) -> FloatArray:
    """Electrical kW of a pump that lifts `flow` m³/h by `head` kPa."""
    return day.running * flow / 3600 * np.maximum(head, 0.0) / _PUMP_EFFICIENCY


def _hp_head(day: PlantDay) -> FloatArray:
    return day.blend(day.stages.inlet, 60.0) - _suction(day)


def _suction(day: PlantDay) -> FloatArray:
    return SUPPLY_PRESSURE - day.cartridge_dp + 2 * day.wander("suction", 5 * MINUTE)


def _current(day: PlantDay) -> FloatArray:
    power = pump_power(day, day.feed_flow, _hp_head(day))
    return power * _AMPERES_PER_KW + 9.0 * day.running


def _booster_current(day: PlantDay) -> FloatArray:
    between = day.feed_flow - day.product_flow * day.share_1
    return pump_power(day, between, day.stages.stage_2 - day.stages.interstage) * _AMPERES_PER_KW + 2.0 * day.running


def _speed(day: PlantDay) -> FloatArray:
    head = np.maximum(day.stages.inlet - SUPPLY_PRESSURE, 1.0)
    return day.running * 48.0 * (head / 950) ** 0.35 * (day.load / 1.0) ** 0.3


def _vibration(day: PlantDay) -> FloatArray:
    bearing = 6.0 * day.strength("bearing_wear") + 3.6 * day.strength("vibration_pulse")
    return 0.15 + day.running * (1.8 * (_speed(day) / 48.0) ** 2 + bearing)


def _bearing_temp(day: PlantDay) -> FloatArray:
    return 30 + 0.6 * day.feed_temp + 12 * day.running + 24 * day.strength("bearing_wear")


def _chlorine(day: PlantDay) -> FloatArray:
    leak = 0.25 * day.strength("chlorine_breakthrough") + 0.14 * day.strength("chlorine_pulse")
    return 0.025 + 0.006 * day.wander("chlorine", 20 * MINUTE) + leak


def _antiscalant_level(day: PlantDay) -> FloatArray:
    return 96.0 - 13.8 * ((day.cycle + 1.25) % 5.0)


def _antiscalant_flow(day: PlantDay) -> FloatArray:
    return 0.48 * day.feed_flow / 120 * (1 - day.strength("dosing_failure"))


def _raw_turbidity(day: PlantDay) -> FloatArray:
    return 4.2 + 0.8 * day.daily(14.0) + 0.6 * day.wander("turbidity", 2 * HOUR) + 22 * day.strength("raw_turbidity")


def _feed_turbidity(day: PlantDay) -> FloatArray:
    return 0.05 + 0.018 * _raw_turbidity(day) + 0.45 * day.strength("turbidity_pulse")


def _feed_ph(day: PlantDay) -> FloatArray:
    return 7.15 + 0.06 * day.daily(16.0) + 0.03 * day.wander("ph", HOUR) - 1.05 * day.strength("acid_pulse")


INSTRUMENTS: Final[dict[str, Callable[[PlantDay], FloatArray]]] = {
    "INLET_PRESSURE": lambda day: day.blend(day.stages.inlet, 60.0),
    "OUTLET_PRESSURE": lambda day: day.blend(day.stages.outlet, 20.0),
    "FEED_FLOW": lambda day: day.feed_flow,
    "PRODUCT_FLOW": lambda day: day.product_flow,
    "FEED_COND": lambda day: day.feed_cond,
    "PRODUCT_COND": lambda day: day.blend(day.stages.cond, 60.0),
    "CONC_FLOW": lambda day: day.conc_flow,
    "CONC_COND": lambda day: day.blend(day.stages.conc_cond, 5200.0),
    "CONC_PRESSURE": lambda day: day.blend(day.stages.conc, 55.0),
    "INTERSTAGE_PRESSURE": lambda day: day.blend(day.stages.interstage, 60.0),
    "STAGE2_PRESSURE": lambda day: day.blend(day.stages.stage_2, 60.0),
    "STAGE1_PRODUCT_FLOW": lambda day: day.product_flow * day.share_1,
    "STAGE2_PRODUCT_FLOW": lambda day: day.product_flow * (1 - day.share_1),
    "STAGE2_PRODUCT_COND": lambda day: day.blend(day.stages.cond_2, 90.0),
    "DP_STAGE1": lambda day: day.blend(day.stages.dp_1, 0.0),
    "DP_STAGE2": lambda day: day.blend(day.stages.dp_2, 0.0),
    "CARTRIDGE_DP": lambda day: day.cartridge_dp,
    "SUCTION_PRESSURE": _suction,
    "FEED_TEMP": lambda day: day.feed_temp,
    "FEED_PH": _feed_ph,
    "PRODUCT_PH": lambda day: 6.55 + 0.05 * day.wander("product_ph", HOUR) + 0.1 * (_feed_ph(day) - 7.15),
    "RAW_TURBIDITY": _raw_turbidity,
    "FEED_TURBIDITY": _feed_turbidity,
    "FEED_CHLORINE": _chlorine,
    "FEED_ORP": lambda day: 215 + 900 * _chlorine(day),
    "PRODUCT_CHLORINE": lambda day: 0.62 + 0.05 * day.wander("product_chlorine", HOUR),
    "RAW_FLOW": lambda day: day.raw_flow,
    "RAW_TANK_LEVEL": lambda day: day.raw_level,
    "PRODUCT_TANK_LEVEL": lambda day: day.product_level,
    "DEMAND_FLOW": lambda day: day.demand_flow,
    "ANTISCALANT_LEVEL": _antiscalant_level,
    "ANTISCALANT_FLOW": _antiscalant_flow,
    "HP_PUMP_CURRENT": _current,
    "HP_PUMP_SPEED": _speed,
    "HP_PUMP_VIBRATION": _vibration,
    "HP_PUMP_BEARING_TEMP": _bearing_temp,
    "BOOSTER_PUMP_CURRENT": _booster_current,
    "HP_PUMP_RUN": lambda day: (day.running > 0.02).astype(np.float64),
    "FEED_VALVE_OPEN": lambda day: (day.strength("cleaning") < 0.5).astype(np.float64),
    "CIP_ACTIVE": lambda day: (day.strength("cleaning") > 0.0).astype(np.float64),
}
"""Forty tags; discrete ones are 0 or 1."""
