"""How completely a stretch of time is stored, without reading it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import TimeArray
from ksys_core.domain.times import HOUR, to_datetime
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.pool import Database

_COUNTS: Final = """
select date_bin('1 hour', ts, '2000-01-01 00:00:00+00') as hour, count(*) from sensor_readings
where sensor_id = $1::int and ts >= $2::timestamptz and ts < $3::timestamptz group by 1 order by 1
"""


async def readings_per_hour(db: Database, sensor_id: int, start_ns: int, stop_ns: int) -> npt.NDArray[np.int64]:
    """Number of a tag's readings in each hour (UTC) that ``start_ns <= t < stop_ns`` touches, counted within it."""
    window = to_datetime(start_ns), to_datetime(stop_ns)
    rows = await db.fetch_columns(_COUNTS, sensor_id, *window, dtype=[("hour", ">i8"), ("n", ">i8")])
    hours: TimeArray = to_unix_ns(rows["hour"])
    counts = np.zeros(-(-stop_ns // HOUR) - start_ns // HOUR, np.int64)
    counts[hours // HOUR - start_ns // HOUR] = rows["n"]
    return counts
