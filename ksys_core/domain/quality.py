"""Quality of a reading: the 8-bit codes of OPC Data Access, whose two top bits are the class.

BAD (0-63) < UNCERTAIN (64-127) < GOOD (192-255), so the worst of several is their minimum. Staleness is not
stored: it follows from the age of the newest reading.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

BAD: Final = 0
BAD_COMM_FAILURE: Final = 24
BAD_SENSOR_FAILURE: Final = 16
BAD_OUT_OF_SERVICE: Final = 28
UNCERTAIN: Final = 64
UNCERTAIN_LAST_USABLE: Final = 68
UNCERTAIN_SUBSTITUTED: Final = 80
GOOD: Final = 192
GOOD_LOCAL_OVERRIDE: Final = 216

QualityArray = npt.NDArray[np.uint8]

CODE_NAMES: Final[dict[int, str]] = {
    BAD: "BAD",
    BAD_COMM_FAILURE: "BAD-COMM",
    BAD_SENSOR_FAILURE: "BAD-SENSOR",
    BAD_OUT_OF_SERVICE: "BAD-OOS",
    UNCERTAIN: "UNCERTAIN",
    UNCERTAIN_LAST_USABLE: "LAST-USABLE",
    UNCERTAIN_SUBSTITUTED: "SUBSTITUTED",
    GOOD: "GOOD",
    GOOD_LOCAL_OVERRIDE: "OVERRIDE",
}


def usable(quality: QualityArray) -> npt.NDArray[np.bool_]:
    """True where a value may be used in statistics (good or uncertain)."""
    return quality >= UNCERTAIN


def good(quality: QualityArray) -> npt.NDArray[np.bool_]:
    """True where the class is GOOD."""
    return quality >= GOOD
