"""How numbers, ages and clock times are written on the screen: one form each, everywhere."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import N_, tr

THIN_SPACE: Final = "\u2009"
NO_VALUE: Final = "----"

_AGES: Final = (
    (86_400.0, N_("{n} d")),
    (3_600.0, N_("{n} h")),
    (60.0, N_("{n} min")),
    (0.0, N_("{n} s")),
)


def format_value(value: float, decimals: int) -> str:
    """A process value with fixed decimals and thin-space groups of thousands; ``----`` where there is none."""
    if not math.isfinite(value):
        return NO_VALUE
    return f"{value:,.{decimals}f}".replace(",", THIN_SPACE).replace("-", "\u2212")


def format_age(seconds: float) -> str:
    """The age in its largest whole unit ("42 s", "5 min", "3 h", "2 d"); a clock ahead of ours counts as zero."""
    age = max(seconds, 0.0)
    size, text = next(entry for entry in _AGES if age >= entry[0])
    return tr(text, n=int(age // size) if size else int(age))


def format_countdown(seconds: float) -> str:
    """Time that is left: minutes and seconds below an hour ("4:05"), above it hours and minutes ("1 h 20 min")."""
    left = int(max(seconds, 0.0))
    if left < 3_600:
        return f"{left // 60}:{left % 60:02d}"
    hours = tr("{n} h", n=left // 3_600)
    return f"{hours} {tr('{n} min', n=left % 3_600 // 60)}"


@lru_cache(maxsize=2048)  # lists write the same times again and again
def format_clock(ns: int, zone: ZoneInfo) -> str:
    """Time of day in the plant's zone, to the second."""
    return f"{to_datetime(ns).astimezone(zone):%H:%M:%S}"


def format_moment(ns: int, zone: ZoneInfo) -> str:
    """Date and time of day in the plant's zone, to the second."""
    return f"{to_datetime(ns).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def format_exact_clock(ns: int, zone: ZoneInfo) -> str:
    """Time of day in the plant's zone, to the millisecond: for what is told apart by its order."""
    moment = to_datetime(ns).astimezone(zone)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def format_exact_moment(ns: int, zone: ZoneInfo) -> str:
    """Date and time of day in the plant's zone, to the millisecond."""
    return f"{to_datetime(ns).astimezone(zone):%Y-%m-%d} {format_exact_clock(ns, zone)}"


def format_day_time(ns: int, zone: ZoneInfo) -> str:
    """Month, day and time of day in the plant's zone: for lists, where the year is plain."""
    return f"{to_datetime(ns).astimezone(zone):%m-%d %H:%M:%S}"
