"""The state of an alarm as one word, a pure function of its regions; the database has the same function."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
CodeArray = npt.NDArray[np.uint8]

ISA_STATES: Final = ("NORM", "UNACK", "ACKED", "RTNUN", "LUNACK", "LACKED", "SHLVD", "DSUPR", "OOSRV")
NORM, UNACK, ACKED, RTNUN, LUNACK, LACKED, SHLVD, DSUPR, OOSRV = range(9)
HIDDEN: Final = ("SHLVD", "DSUPR", "OOSRV")


def isa_codes(
    active: BoolArray,
    latched: BoolArray,
    acked: BoolArray,
    shelved: BoolArray,
    suppressed: BoolArray,
    out_of_service: BoolArray,
) -> CodeArray:
    """Indices into `ISA_STATES`, element by element (alarm-model: display precedence OOSRV > DSUPR > SHLVD)."""
    shown = np.where(
        active,
        np.where(acked, ACKED, UNACK),
        np.where(latched, np.where(acked, LACKED, LUNACK), np.where(acked, NORM, RTNUN)),
    )
    hidden = np.where(suppressed, DSUPR, np.where(shelved, SHLVD, shown))
    return np.where(out_of_service, OOSRV, hidden).astype(np.uint8)


def region_bits(
    active: BoolArray,
    latched: BoolArray,
    acked: BoolArray,
    shelved: BoolArray,
    suppressed: BoolArray,
    out_of_service: BoolArray,
) -> CodeArray:
    """The regions in one byte: 1 active, 2 latched, 4 acknowledged, 8 shelved, 16 suppressed, 32 out of service."""
    flags = np.stack([out_of_service, suppressed, shelved, acked, latched, active], axis=-1)
    padded = np.concatenate([np.zeros((*flags.shape[:-1], 2), np.bool_), flags], axis=-1)
    return np.packbits(padded, axis=-1)[..., 0]


def isa_of_bits(bits: CodeArray) -> CodeArray:
    """ISA states of `region_bits`."""
    return isa_codes(*((bits >> bit & 1).astype(np.bool_) for bit in range(6)))


def isa_state(
    *, active: bool, latched: bool, acked: bool, shelved: bool, suppressed: bool, out_of_service: bool
) -> str:
    """The mnemonic of one alarm's state."""
    regions = (np.array([flag]) for flag in (active, latched, acked, shelved, suppressed, out_of_service))
    return ISA_STATES[int(isa_codes(*regions)[0])]
