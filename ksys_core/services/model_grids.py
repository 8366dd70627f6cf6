"""A sensor's readings on a model's grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ksys_core.domain.times import SECOND
from ksys_core.forecasting.grid import RegularSeries, from_sums
from ksys_core.store.grids import sums
from ksys_core.store.pool import Database


async def grids(
    db: Database, wanted: Sequence[tuple[int, int]], *, stop_ns: int, step_s: int
) -> dict[int, RegularSeries]:
    """Means of usable values per interval of `step_s` seconds up to `stop_ns`, by sensor, in one read.

    Args:
        wanted: sensors and how many intervals of each; of a sensor given twice, the longer window.
    """
    step = step_s * SECOND
    lengths: dict[int, int] = {}
    for sensor_id, n in wanted:
        lengths[sensor_id] = max(n, lengths.get(sensor_id, 0))
    starts = {sensor_id: stop_ns - n * step for sensor_id, n in lengths.items()}
    ids, t, total, count = await sums(db, list(starts), list(starts.values()), stop_ns, step_s)
    order = np.argsort(ids, kind="stable")
    ids, t, total, count = ids[order], t[order], total[order], count[order]
    wanted_ids = np.array(list(starts), dtype=ids.dtype)
    edges = zip(np.searchsorted(ids, wanted_ids), np.searchsorted(ids, wanted_ids, side="right"), strict=True)
    found = {}
    for (sensor_id, start), (i, j) in zip(starts.items(), edges, strict=True):
        found[sensor_id] = from_sums(t[i:j], total[i:j], count[i:j], start=start, stop=stop_ns, step=step)
    return found
