"""Bounds of deployed models follow what came true."""

from __future__ import annotations

from ksys_core.forecasting.base import LEVELS
from ksys_core.forecasting.conformal import NEWEST, Tracked
from ksys_core.store import calibration
from ksys_core.store.calibration import CameTrue, Kept
from ksys_core.store.pool import Database


async def renew(db: Database, *, now_ns: int) -> int:
    """Let the half widths of every deployed model follow the targets that came since; the number of steps kept.

    A target is counted once, with its first actual: one that is corrected later, or comes after newer ones, is not.
    """
    rows = 0
    async for found in calibration.came_true(db, now_ns, newest=NEWEST):
        kept = await calibration.half_widths(db, [each.model_id for each in found])
        rows += await calibration.write(db, [_followed(each, kept.get(each.model_id)) for each in found])
    return rows


def _followed(found: CameTrue, before: Kept | None) -> tuple[int, Kept, int]:
    widths = Tracked.begun(LEVELS, found.error.shape[1])
    if before is not None:
        widths = Tracked(LEVELS, before.half, before.targets)
    for error, issued in zip(found.error, found.issued, strict=True):
        widths = widths.after(error, issued)
    return found.model_id, Kept(widths.half, widths.targets), found.upto_ns
