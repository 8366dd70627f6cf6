"""Calendar of the plant's clock: people and tariffs follow it, daylight saving included."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator

from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND

QUARTER: Final = 15 * MINUTE
"""Clocks change at whole quarters of an hour."""


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is no time zone of the IANA list, such as Asia/Seoul") from error
    return name


ZoneName = Annotated[str, AfterValidator(_known)]
"""A time zone of the IANA list."""
DEFAULT_ZONE: Final = "Asia/Seoul"


@lru_cache(maxsize=8192)
def _offset(zone: str, quarter: int) -> int:
    """Nanoseconds by which the clock of `zone` is ahead of UTC in a quarter of an hour since 1970."""
    moment = datetime.fromtimestamp(quarter * (QUARTER // SECOND), UTC)
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return round(offset.total_seconds()) * SECOND


def local(t: TimeArray, zone: str) -> TimeArray:
    """`t` (ns UTC) as the plant's clock shows it, in ns since 1970 of that clock."""
    quarters, where = np.unique(t // QUARTER, return_inverse=True)
    offsets = np.array([_offset(zone, quarter) for quarter in quarters.tolist()], dtype=np.int64)
    return t + offsets[where] if len(t) else t


def hour_of_day(clock: TimeArray) -> ValueArray:
    """Hours since midnight, 0 to 24, of times that `local` gave."""
    return np.asarray(clock % DAY / HOUR, dtype=np.float64)


def weekday(clock: TimeArray) -> npt.NDArray[np.int64]:
    """0 Monday to 6 Sunday of times that `local` gave."""
    return (clock // DAY + 3) % 7
