"""Scores of models by target time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ksys_core.domain.times import DAY, HOUR
from ksys_core.store import forecasts
from ksys_core.store import metrics as store
from ksys_core.store.metrics import By, Score
from ksys_core.store.pool import Database

RECENT: Final = 25 * HOUR
"""Hours so young are scored again by every run."""
KEPT: Final = 180 * DAY
"""Forecasts are kept so long; their hourly sums for ever."""
WINDOWS: Final = {"1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
"""Windows that are shown; any other is as exact, since sums of hours add up."""

__all__ = ["KEPT", "RECENT", "WINDOWS", "By", "Score", "run", "score", "scores"]


async def run(db: Database, *, now_ns: int) -> int:
    """Score the recent hours, and forget forecasts that are too old; the number of sums."""
    rows = await score(db, now_ns - RECENT, now_ns)
    if db.capabilities.timescale is None:
        await forecasts.prune(db, now_ns - KEPT)
    return rows


async def score(db: Database, start_ns: int, stop_ns: int) -> int:
    """Score the whole hours that ``[start, stop]`` touches; the number of sums."""
    return await store.aggregate(db, start_ns // HOUR * HOUR, stop_ns // HOUR * HOUR + HOUR)


async def scores(
    db: Database, model_ids: Sequence[int], *, now_ns: int, window_ns: int = DAY, by: By = "whole"
) -> list[Score]:
    """Figures of `model_ids` over the targets of `window_ns` of whole hours and of the hour that runs."""
    running = now_ns // HOUR * HOUR
    return await store.scores(db, model_ids, running - window_ns, running + HOUR, by=by)
