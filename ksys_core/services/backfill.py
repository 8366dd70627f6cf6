"""What came true: actuals of matured forecasts."""

from __future__ import annotations

from typing import Final

from ksys_core.domain.times import DAY, HOUR, SECOND
from ksys_core.services import calibration, metrics
from ksys_core.store import forecasts
from ksys_core.store.pool import Database

SETTLE: Final = 30 * SECOND
"""Readings may come so much later than their time."""
CORRECTED: Final = 2 * HOUR
"""Targets so young are compared again, because readings may have been late or corrected."""
GIVEN_UP: Final = DAY
"""Targets without readings for so long are marked as having no actual."""
SLICE: Final = 6 * HOUR


async def run(db: Database, *, now_ns: int) -> int:
    """Fill in the actuals of all matured forecasts, oldest first; the number of rows changed.

    Hours that are scored already and change are scored again, and the bounds follow the new errors.
    """
    upto = now_ns - SETTLE
    recent = upto - CORRECTED
    oldest = await forecasts.oldest_pending(db)
    start = recent if oldest is None else min(oldest - 1, recent)
    changed = 0
    while start < upto:
        stop = min(start + SLICE, recent if start < recent else upto)
        found = await forecasts.match(db, start, stop, none_before_ns=now_ns - GIVEN_UP, correct=start >= recent)
        if found and stop <= now_ns - metrics.RECENT:
            await metrics.score(db, start, stop)
        changed += found
        start = stop
    if changed:
        await calibration.renew(db, now_ns=now_ns)
    return changed


async def rescore(db: Database, *, now_ns: int, start_ns: int, stop_ns: int) -> int:
    """Compare the targets of ``(start, stop]`` again after readings of that time came or changed; rows changed."""
    upto = min(stop_ns + DAY, now_ns - SETTLE)  # an interval that begins in the window may end after it
    changed = await forecasts.match(db, start_ns, upto, none_before_ns=now_ns - GIVEN_UP, correct=True)
    if changed:
        await metrics.score(db, start_ns, upto)
    return changed
