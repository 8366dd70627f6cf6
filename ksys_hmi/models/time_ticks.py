"""Where a time axis has its marks and what they say, in the plant's zone, through clock changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND, to_datetime, to_ns
from ksys_core.i18n import N_, tr

_STEPS: Final = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14)),
)
_MONTH_STEPS: Final = (1, 3, 6, 12, 24, 60, 120)
WEEKDAYS: Final = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark at `ns`; `date` is not empty where a day begins (and on every mark of a step of days)."""

    ns: int
    label: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class ClockChange:
    """The zone's offset changes at `ns`, from `before` to `after` seconds east of UTC."""

    ns: int
    before: int
    after: int


def offset_s(ns: int, zone: ZoneInfo) -> int:
    """Seconds east of UTC at `ns`."""
    offset = to_datetime(ns).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def offset_text(seconds: int) -> str:
    """``UTC+09:00``."""
    sign = "+" if seconds >= 0 else "\u2212"
    minutes = abs(seconds) // 60
    return f"UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def clock_changes(start: int, stop: int, zone: ZoneInfo) -> list[ClockChange]:
    """Every change of the offset in ``(start, stop)``, exact to the second; looked for day by day."""
    changes = []
    left, before = start, offset_s(start, zone)
    while left < stop:
        right = min(left + DAY, stop)
        after = offset_s(right, zone)
        if after != before:
            changes.append(ClockChange(_bisect(left, right, before, zone), before, after))
        left, before = right, after
    return changes


def _bisect(left: int, right: int, before: int, zone: ZoneInfo) -> int:
    while right - left > SECOND:
        middle = (left + right) // 2
        left, right = (middle, right) if offset_s(middle, zone) == before else (left, middle)
    return right // SECOND * SECOND


def time_ticks(start: int, stop: int, zone: ZoneInfo, most: int) -> list[Tick]:
    """At most about `most` marks in ``[start, stop]`` on round local times.

    Through a clock change the local time of the marks stays round; the repeated hour of autumn has its marks twice.
    """
    span, most = max(stop - start, 1), max(most, 2)
    step = next((step for step in _STEPS if span <= step * most), 0)
    if not step:
        return list(_month_ticks(start, stop, zone, most))
    days = step >= DAY
    return [_tick(ns, zone, step, days) for ns in _instants(start, stop, zone, step)]


def _instants(start: int, stop: int, zone: ZoneInfo, step: int) -> Iterator[int]:
    left = start
    for right in [*(change.ns for change in clock_changes(start, stop, zone)), stop + 1]:
        offset = offset_s(left, zone) * SECOND
        yield from range(-(-(left + offset) // step) * step - offset, right, step)
        left = right


def _tick(ns: int, zone: ZoneInfo, step: int, days: bool) -> Tick:
    local = to_datetime(ns).astimezone(zone)
    if days:
        return Tick(ns, day_text(local.date()), day_text(local.date()))
    label = f"{local:%H:%M:%S}" if step < MINUTE else f"{local:%H:%M}"
    midnight = local.hour == local.minute == local.second == 0
    return Tick(ns, label, day_text(local.date()) if midnight else "")


def _month_ticks(start: int, stop: int, zone: ZoneInfo, most: int) -> Iterator[Tick]:
    first, last = (to_datetime(ns).astimezone(zone).date() for ns in (start, stop))
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    step = next((step for step in _MONTH_STEPS if months <= step * most), _MONTH_STEPS[-1])
    month = (first.year * 12 + first.month - 1) // step * step
    while (day := date(month // 12, month % 12 + 1, 1)) <= last:
        ns = to_ns(datetime(day.year, day.month, 1, tzinfo=zone))
        if start <= ns <= stop:
            yield Tick(ns, f"{day:%Y-%m}", f"{day:%Y-%m}")
        month += step


def day_text(day: date) -> str:
    """``11-24 Tue``: month and day with the weekday in the user's language."""
    return f"{day:%m-%d} {tr(WEEKDAYS[day.weekday()])}"


def span_text(ns: int) -> str:
    """A length of time for people: ``12.5 s``, ``3 min 05 s``, ``2 h 10 min``, ``4 d 06 h``."""
    length = timedelta(microseconds=abs(ns) // 1000)
    seconds = length.total_seconds()
    if seconds < 60:
        return tr("{n} s", n=f"{seconds:.1f}")
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return tr("{a} min {b:02d} s", a=minutes, b=rest)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return tr("{a} h {b:02d} min", a=hours, b=minutes)
    return tr("{a} d {b:02d} h", a=hours // 24, b=hours % 24)


def moment_text(ns: int, zone: ZoneInfo, span: int) -> str:
    """An instant for a cursor: date and time, with tenths of a second in a window shorter than ten minutes."""
    local = to_datetime(ns).astimezone(zone)
    text = f"{local:%Y-%m-%d %H:%M:%S}"
    if span < 10 * MINUTE:
        text += f".{local.microsecond // 100_000}"
    return text if clock_is_unique(ns, zone) else f"{text} {offset_text(offset_s(ns, zone))}"


def clock_is_unique(ns: int, zone: ZoneInfo) -> bool:
    """False within the hour that a clock change makes happen twice."""
    local = to_datetime(ns).astimezone(zone)
    return local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset()
