"""Steady-state equations of reverse osmosis on arrays: permeability, osmotic pressure, concentration, losses.

Sources: DuPont FilmTec Reverse Osmosis Membranes Technical Manual (design equations: temperature correction, osmotic
pressure, average concentration, net driving pressure); pressures in kPa, flows in m³/h, temperatures in °C,
conductivities in µS/cm, flux in L/(m²·h).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ksys_core.sources.simulator.noise import FloatArray

AREA_1: Final = 2664.0
AREA_2: Final = 1332.0
PERMEABILITY: Final = 0.040
SALT_PERMEABILITY: Final = 0.25
TDS_PER_COND: Final = 0.60
_KELVIN: Final = 273.15


def temperature_correction(temperature: FloatArray) -> FloatArray:
    """Permeability over the one at 25 °C."""
    factor = np.where(temperature >= 25.0, 2640.0, 3020.0)
    return np.exp(factor * (1 / 298.15 - 1 / (temperature + _KELVIN)))


def osmotic_pressure(conductivity: FloatArray, temperature: FloatArray) -> FloatArray:
    """kPa of a sodium-chloride-like water: 76 kPa for each g/L at 25 °C, in proportion to the absolute temperature."""
    return 0.076 * TDS_PER_COND * conductivity * (temperature + _KELVIN) / 298.15


def mean_concentration(feed: FloatArray, recovery: FloatArray) -> FloatArray:
    """Log-mean feed-side concentration along a stage that recovers the share `recovery`."""
    return -feed * np.log1p(-recovery) / recovery


def driving_pressure(flow: FloatArray, area: float, temperature: FloatArray, fouling: FloatArray) -> FloatArray:
    """Net driving pressure that presses `flow` through `area` m² (`fouling` ≥ 1 divides the permeability)."""
    flux = flow * 1000.0 / area
    return flux * fouling / (PERMEABILITY * temperature_correction(temperature))


def permeate_cond(
    flow: FloatArray, area: float, feed_side: FloatArray, temperature: FloatArray, leak: FloatArray
) -> FloatArray:
    """Conductivity of the permeate: diffusion against flux, and a share `leak` of feed-side water past the membrane."""
    flux = flow * 1000.0 / area
    return feed_side * (SALT_PERMEABILITY * temperature_correction(temperature) / flux + leak)


def channel_loss(mean_flow: FloatArray, nominal_flow: float, nominal_loss: float, blocking: FloatArray) -> FloatArray:
    """Pressure lost along the feed channel of a stage: power 1.6 of the flow; `blocking` ≥ 1 by deposits."""
    return nominal_loss * (mean_flow / nominal_flow) ** 1.6 * blocking
