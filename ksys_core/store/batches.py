"""A batch in the order of the table: sorted by tag and time, one row an instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import QualityArray
from ksys_core.domain.readings import ReadingBatch, SensorIdArray
from ksys_core.domain.series import ValueArray
from ksys_core.store.columns import to_pg_us

MicrosecondArray = npt.NDArray[np.int64]
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Columns as the table has them; `ts` int64 microseconds since 2000 UTC."""

    sensor_id: SensorIdArray
    ts: MicrosecondArray
    value: ValueArray
    quality: QualityArray

    def __len__(self) -> int:
        return len(self.ts)

    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        return self.sensor_id, self.ts, self.value, self.quality

    def at(self, where: npt.NDArray[Any]) -> Rows:
        return Rows(*(column[where] for column in self.columns()))


def prepare(batch: ReadingBatch) -> Rows:
    """`batch` by rising (sensor_id, ts); of equal ones the last of the batch stays."""
    rows = Rows(batch.sensor_id, to_pg_us(batch.t), batch.v, batch.quality)
    if not _rising(rows):
        rows = rows.at(np.lexsort((rows.ts, rows.sensor_id)))  # stable: equal ones keep their order
        last = np.append((np.diff(rows.sensor_id) != 0) | (np.diff(rows.ts) != 0), True)
        rows = rows if last.all() else rows.at(last)
    return rows


def newest(rows: Rows) -> Rows:
    """The last row of each tag of sorted `rows`."""
    if not len(rows):
        return rows
    return rows.at(np.append(np.flatnonzero(np.diff(rows.sensor_id)), len(rows) - 1))


def late_ranges(rows: Rows, before: int) -> tuple[SensorIdArray, MicrosecondArray, MicrosecondArray]:
    """Where sorted `rows` lie before the instant `before`: (sensor_id, start, stop), stop exclusive.

    A tag's range is cut where it has no row for more than a day.
    """
    late = rows.at(rows.ts < before)
    if not len(late):
        return late.sensor_id, late.ts, late.ts
    cut = np.flatnonzero((np.diff(late.sensor_id) != 0) | (np.diff(late.ts) > _DAY_US))
    first, last = np.append(0, cut + 1), np.append(cut, len(late) - 1)
    return late.sensor_id[first], late.ts[first], late.ts[last] + 1


def _rising(rows: Rows) -> bool:
    ids, ts = rows.sensor_id, rows.ts
    return bool(((ids[1:] > ids[:-1]) | ((ids[1:] == ids[:-1]) & (ts[1:] > ts[:-1]))).all())
