"""What goes wrong in the simulated plant and when: a pure function of the seed and the day.

Every event lies within one plant day, so a day is known without its neighbours. Two standing conditions take turns
over the cleaning cycle so that at least one alarm condition holds at any moment while the plant runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from ksys_core.domain.times import DAY, HOUR, MINUTE
from ksys_core.i18n import N_
from ksys_core.sources.simulator.noise import FloatArray, IntArray, channel, pick

CIP_PERIOD_DAYS: Final = 10
CIP_START: Final = 2 * HOUR
CIP_STOP: Final = 4 * HOUR
SLOT: Final = 15 * MINUTE

Effect = Literal["upset", "pulse", "cleaning", "bad", "missing"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event.

    Attributes:
        title: English text, translated on the screen.
        effect: `upset` and `pulse` change the process, `bad` and `missing` the readings.
        tags: tags that show it.
        duration: (shortest, longest) ns.
        ramp: ns from nothing to full strength and back.
    """

    name: str
    title: str
    effect: Effect
    tags: tuple[str, ...]
    duration: tuple[int, int]
    ramp: int = MINUTE


@dataclass(frozen=True, slots=True)
class Scenario:
    """One event: ``start <= t < stop`` in ns UTC; `area` is set for outages of a part of the plant."""

    kind: Kind
    start: int
    stop: int
    area: str = ""

    def strength(self, t: IntArray) -> FloatArray:
        """0 outside, 1 at full strength, straight ramps inside."""
        edge = np.minimum(t - self.start, self.stop - t) / self.kind.ramp
        return np.clip(edge, 0.0, 1.0)


UPSETS: Final = (
    Kind("feed_salinity", N_("Feed salinity upset"), "upset", ("FEED_COND",), (2 * HOUR, 4 * HOUR), 20 * MINUTE),
    Kind("membrane_breach", N_("Membrane breach"), "upset", ("PRODUCT_COND",), (HOUR, 3 * HOUR), 2 * MINUTE),
    Kind(
        "bearing_wear",
        N_("Pump bearing vibration"),
        "upset",
        ("HP_PUMP_VIBRATION", "HP_PUMP_BEARING_TEMP"),
        (HOUR, 3 * HOUR),
        30 * MINUTE,
    ),
    Kind(
        "chlorine_breakthrough",
        N_("Chlorine breakthrough"),
        "upset",
        ("FEED_CHLORINE", "FEED_ORP"),
        (30 * MINUTE, HOUR),
        5 * MINUTE,
    ),
    Kind("dosing_failure", N_("Antiscalant dosing failure"), "upset", ("ANTISCALANT_FLOW",), (30 * MINUTE, 2 * HOUR)),
    Kind(
        "raw_supply_low",
        N_("Low raw water supply"),
        "upset",
        ("RAW_FLOW", "RAW_TANK_LEVEL"),
        (150 * MINUTE, 180 * MINUTE),
        10 * MINUTE,
    ),
    Kind("raw_turbidity", N_("Raw water turbidity event"), "upset", ("RAW_TURBIDITY",), (3 * HOUR, 5 * HOUR), HOUR),
    Kind(
        "pump_trip", N_("High-pressure pump trip"), "upset", ("FEED_FLOW", "PRODUCT_FLOW"), (12 * MINUTE, 20 * MINUTE)
    ),
)
PULSES: Final = (
    Kind("turbidity_pulse", N_("Filter ripening"), "pulse", ("FEED_TURBIDITY",), (4 * MINUTE, 6 * MINUTE)),
    Kind("acid_pulse", N_("Acid dosing overshoot"), "pulse", ("FEED_PH",), (4 * MINUTE, 6 * MINUTE)),
    Kind("vibration_pulse", N_("Pump cavitation"), "pulse", ("HP_PUMP_VIBRATION",), (4 * MINUTE, 6 * MINUTE)),
    Kind("chlorine_pulse", N_("Dechlorination dip"), "pulse", ("FEED_CHLORINE",), (4 * MINUTE, 6 * MINUTE)),
)
CLEANING: Final = Kind(
    "cleaning", N_("Cleaning in place"), "cleaning", ("CIP_ACTIVE",), (2 * HOUR, 2 * HOUR), 3 * MINUTE
)
COMM_FAILURE: Final = Kind("comm_failure", N_("Communication failure"), "bad", (), (3 * MINUTE, 20 * MINUTE))
NO_DATA: Final = Kind("no_data", N_("Missing readings"), "missing", (), (5 * MINUTE, 25 * MINUTE))
OUTAGE_AREAS: Final = ("Intake", "Chemicals", "Product water")


class Calendar:
    """The events of a plant with `seed` whose day begins `utc_offset` ns before UTC's."""

    def __init__(self, seed: int, utc_offset: int) -> None:
        self._seed = seed
        self._utc_offset = utc_offset
        self.cleaning_phase = (seed + 5) % CIP_PERIOD_DAYS

    def day_of(self, t: int) -> int:
        """Number of the plant day that holds the instant `t`."""
        return (t + self._utc_offset) // DAY

    def start_of(self, day: int) -> int:
        """The instant a plant day begins, ns UTC."""
        return day * DAY - self._utc_offset

    def days_since_cleaning(self, t: IntArray) -> FloatArray:
        """Days, from 0 up to the cleaning period."""
        origin = self.start_of(self.cleaning_phase) + CIP_STOP
        return ((t - origin) % (CIP_PERIOD_DAYS * DAY)) / DAY

    def events(self, day: int) -> list[Scenario]:
        """Everything that begins on a plant day, in no order."""
        found = [self._upset(day), *(self._pulse(day, slot) for slot in range(DAY // SLOT))]
        if day % CIP_PERIOD_DAYS == self.cleaning_phase:
            start = self.start_of(day)
            found.append(Scenario(CLEANING, start + CIP_START, start + CIP_STOP))
        for kind, chance in ((COMM_FAILURE, 0.6), (NO_DATA, 0.4)):
            if self._draw(kind.name, day) < chance:
                found.append(self._outage(kind, day))
        return found

    def between(self, start: int, stop: int) -> list[Scenario]:
        """The events that touch ``start <= t < stop``, by their beginning."""
        days = range(self.day_of(start), self.day_of(max(start, stop - 1)) + 1)
        found = [event for day in days for event in self.events(day) if event.start < stop and event.stop > start]
        return sorted(found, key=lambda event: (event.start, event.kind.name))

    def _draw(self, name: str, index: int) -> float:
        return pick(channel(self._seed, name), index)

    def _length(self, kind: Kind, index: int) -> int:
        shortest, longest = kind.duration
        whole = shortest + self._draw(kind.name + ".length", index) * (longest - shortest)
        return int(whole // MINUTE) * MINUTE

    def _upset(self, day: int) -> Scenario:
        kind = UPSETS[(day * 3 + self._seed) % len(UPSETS)]
        begin = 8 * HOUR + int(self._draw("upset.begin", day) * 600) * MINUTE
        start = self.start_of(day) + begin
        return Scenario(kind, start, start + self._length(kind, day))

    def _pulse(self, day: int, slot: int) -> Scenario:
        index = day * (DAY // SLOT) + slot
        kind = PULSES[int(self._draw("pulse.kind", index) * len(PULSES))]
        start = self.start_of(day) + slot * SLOT + (2 + int(self._draw("pulse.begin", index) * 6)) * MINUTE
        return Scenario(kind, start, start + self._length(kind, index))

    def _outage(self, kind: Kind, day: int) -> Scenario:
        area = OUTAGE_AREAS[int(self._draw(kind.name + ".area", day) * len(OUTAGE_AREAS))]
        start = self.start_of(day) + int(self._draw(kind.name + ".begin", day) * 1400) * MINUTE
        return Scenario(kind, start, start + self._length(kind, day), area)


def strengths(events: list[Scenario], t: IntArray) -> Callable[[str], FloatArray]:
    """A function from the name of a kind to its strength over `t`, 0 to 1 (the strongest where two meet)."""
    found: dict[str, FloatArray] = {}
    for event in events:
        name, strength = event.kind.name, event.strength(t)
        found[name] = np.maximum(found[name], strength) if name in found else strength
    nothing = np.zeros(t.shape)
    return lambda name: found.get(name, nothing)
