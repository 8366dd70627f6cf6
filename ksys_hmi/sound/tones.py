"""The tones of the horn, one a priority (as ISO 7731 has it: told apart by pulses, not by pitch alone)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

RATE: Final = 44_100
"""Samples a second."""
Samples = npt.NDArray[np.int16]

_RAMP_S: Final = 0.008
_HARMONICS: Final = ((1, 1.0), (2, 0.4), (3, 0.2))
"""Overtones and their strength: a tone of several partials is easier to locate than a sine."""


@dataclass(frozen=True, slots=True)
class Tone:
    """Pulses with pauses between them.

    Attributes:
        hz: pitch of each pulse.
        pulse_s, pause_s: length of a pulse and of the silence after it.
        level: loudness in proportion to the loudest tone, 0-1.
        repeat_s: from one sounding to the next while nobody silences it; None: once.
    """

    hz: tuple[float, ...]
    pulse_s: float
    pause_s: float
    level: float = 1.0
    repeat_s: float | None = None


TONES: Final[dict[int, Tone]] = {
    1: Tone((1400.0,) * 3, 0.12, 0.08, repeat_s=2.0),
    2: Tone((1000.0,) * 2, 0.20, 0.12, repeat_s=4.0),
    3: Tone((700.0,), 0.35, 0.0, repeat_s=8.0),
    4: Tone((520.0,), 0.30, 0.0, level=0.4),
}
"""By priority."""
LOST: Final = Tone((900.0, 600.0), 0.30, 0.05, repeat_s=10.0)
"""The database, and with it every alarm, is lost: two falling tones, which no alarm has."""


def samples(tone: Tone, volume: float) -> Samples:
    """int16[n] at `RATE`; `volume` 0-1 of what the device can do."""
    return np.concatenate([part for hz in tone.hz for part in _pulse(tone, hz, volume)])


def _pulse(tone: Tone, hz: float, volume: float) -> tuple[Samples, Samples]:
    t = np.arange(round(tone.pulse_s * RATE)) / RATE
    wave = sum(strength * np.sin(2 * np.pi * hz * n * t) for n, strength in _HARMONICS)
    edge = np.minimum(np.minimum(t, t[::-1]) / _RAMP_S, 1.0)
    shape = 0.5 - 0.5 * np.cos(np.pi * edge)  # no click at the ends
    loudest = sum(strength for _n, strength in _HARMONICS)
    sound = np.asarray(wave * shape * (volume * tone.level / loudest * np.iinfo(np.int16).max), np.int16)
    return sound, np.zeros(round(tone.pause_s * RATE), np.int16)
