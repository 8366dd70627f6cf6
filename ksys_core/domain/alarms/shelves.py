"""When shelves end: staggered, so that alarms do not come back as a flood."""

from __future__ import annotations

from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import NEVER, Definitions, NsArray
from ksys_core.domain.alarms.state import UNSHELVED, State
from ksys_core.domain.times import MINUTE

RETURNS: Final = 5
WITHIN: Final = 10 * MINUTE


def shelf_ends(definitions: Definitions, state: State) -> NsArray:
    """int64[n] ns at which the shelf of each alarm ends by time; `NEVER` where none runs.

    At most `RETURNS` of them within `WITHIN`, highest priority first among equal times: the k-th ends at its own time,
    or `WITHIN` after the one `RETURNS` places before it. Shelves that have ended stay in the row until the alarm is
    shelved again, so the times do not depend on when they are computed.
    """
    ends = np.full(len(definitions), NEVER, np.int64)
    rows = np.flatnonzero(state.desk.shelf != UNSHELVED)
    until = state.desk.until[rows]
    order = np.lexsort((definitions.alarm_id[rows], definitions.priority[rows], until))
    taken: list[int] = []
    for end in until[order].tolist():
        taken.append(max(end, taken[-RETURNS] + WITHIN) if len(taken) >= RETURNS else end)
    ends[rows[order]] = taken
    ends[state.desk.shelf_no <= state.released] = NEVER
    return ends
