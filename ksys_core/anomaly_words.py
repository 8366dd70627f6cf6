"""What anomalies are called, on screen and on the command line."""

from __future__ import annotations

from typing import Final

from ksys_core.i18n import N_

KINDS: Final = {
    "interval": N_("Not as foreseen"),
    "flat": N_("Stands still"),
    "rate": N_("Changes too fast"),
    "range": N_("Outside the range ever seen"),
    "unit": N_("Tags do not fit together"),
}
NOT_TRAINED: Final = N_("not trained yet")
DISABLED: Final = N_("switched off")
WAITS: Final = N_("waits for the next sample")
STANDS: Final = N_("judged only up to {time}")
WATCHES: Final = N_("watches")
