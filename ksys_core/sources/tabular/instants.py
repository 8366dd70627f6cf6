"""Times of a text column: which way they are written, and their nanoseconds.

A time with an offset (or seconds since 1970) is an instant; one without is the time of a clock on the wall, still
to be placed by its zone (`ksys_core.sources.tabular.localtime`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.series import TimeArray
from ksys_core.domain.times import to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_

Mask = npt.NDArray[np.bool_]
Read = Callable[[str], tuple[int, bool] | None]

_CLOCK: Final = (
    r"(?:[T ]\s*(?P<half>오전|오후)?\s*(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s*(?P<ampm>[AaPp][Mm])?\s*(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?"
)
_YEAR_FIRST: Final = re.compile(r"(?P<Y>\d{4})[-/.]\s?(?P<m>\d{1,2})[-/.]\s?(?P<d>\d{1,2})\.?" + _CLOCK)
_DAY_FIRST: Final = re.compile(r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<Y>\d{4})" + _CLOCK)
_MONTH_FIRST: Final = re.compile(r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<Y>\d{4})" + _CLOCK)
_PLAIN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_COMPACT: Final = re.compile(r"(?P<Y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?")
_EPOCH: Final = re.compile(r"(?P<seconds>\d{9,10})(?P<more>\d{3}|\d{6}|\d{9})?(?:\.(?P<f>\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """One way of writing times; `read` gives (ns, is an instant) or None; `plain`: NumPy reads its usual form too."""

    name: str
    read: Read
    plain: bool = False

    def parse(self, texts: Sequence[str]) -> tuple[TimeArray, Mask, Mask]:
        """ns (0 where not a time), where it is an instant already, where it is no time; equal texts are read once."""
        if self.plain and (quick := _plain_iso(texts)) is not None:
            nowhere = np.zeros(len(texts), np.bool_)
            return quick, nowhere, nowhere.copy()
        known = {text: self.read(text.strip()) for text in dict.fromkeys(texts)}
        found = [known[text] or (0, True) for text in texts]
        ns = np.array([value for value, _ in found], dtype=np.int64)
        aware = np.array([aware for _, aware in found], dtype=np.bool_)
        return ns, aware, np.array([known[text] is None for text in texts], dtype=np.bool_)


def _plain_iso(texts: Sequence[str]) -> TimeArray | None:
    """All at once when every text is ``YYYY-MM-DD HH:MM[:SS]`` and exists in the calendar, else None."""
    if not all(map(_PLAIN.fullmatch, texts)):
        return None
    try:
        return np.array(texts, dtype="datetime64[s]").astype(np.int64) * 1_000_000_000
    except ValueError:
        return None


def _from_parts(parts: dict[str, str | None]) -> tuple[int, bool] | None:
    hour, plus = int(parts.get("H") or 0), timedelta()
    half = (parts.get("half") or parts.get("ampm") or "").lower()
    if half:
        hour = hour % 12 + (12 if half in ("pm", "오후") else 0)
    elif hour == 24 and not int(parts.get("M") or 0):
        hour, plus = 0, timedelta(days=1)
    year, month, day, minute, second = (int(parts.get(key) or 0) for key in ("Y", "m", "d", "M", "S"))
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC) + plus
    except (ValueError, OverflowError):
        return None
    fraction = int((parts.get("f") or "0").ljust(9, "0"))
    zone = parts.get("zone")
    return to_ns(moment) + fraction - _offset_ns(zone), zone is not None


def _offset_ns(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return (-seconds if zone[0] == "-" else seconds) * 1_000_000_000


def _reader(pattern: re.Pattern[str]) -> Read:
    def read(text: str) -> tuple[int, bool] | None:
        match = pattern.fullmatch(text)
        return _from_parts(match.groupdict()) if match else None

    return read


def _read_epoch(text: str) -> tuple[int, bool] | None:
    match = _EPOCH.fullmatch(text)
    if not match or (match["more"] and match["f"]):
        return None
    fraction = match["more"] or match["f"] or "0"
    return int(match["seconds"]) * 1_000_000_000 + int(fraction.ljust(9, "0")), True


YEAR_FIRST: Final = TimeFormat("year-month-day", _reader(_YEAR_FIRST), plain=True)
DAY_FIRST: Final = TimeFormat("day-month-year", _reader(_DAY_FIRST))
MONTH_FIRST: Final = TimeFormat("month-day-year", _reader(_MONTH_FIRST))
COMPACT: Final = TimeFormat("yyyymmddHHMM[SS]", _reader(_COMPACT))
EPOCH: Final = TimeFormat("seconds since 1970", _read_epoch)
FORMATS: Final = (YEAR_FIRST, DAY_FIRST, MONTH_FIRST, COMPACT, EPOCH)


def given_format(pattern: str) -> TimeFormat:
    """The format of a `datetime.strptime` pattern."""

    def read(text: str) -> tuple[int, bool] | None:
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - a time without zone is placed later
        except ValueError:
            return None
        aware = moment.tzinfo is not None
        return to_ns(moment if aware else moment.replace(tzinfo=timezone(timedelta()))), aware

    return TimeFormat(pattern, read)


def looks_like_time(text: str) -> bool:
    """True when one of the formats reads `text`."""
    return any(kind.read(text.strip()) for kind in FORMATS)


def detect_format(texts: Iterable[str]) -> TimeFormat:
    """The one format that reads (nearly) all `texts`; stops at the first that decides between day and month.

    Raises:
        KnownError: none does, or day and month can't be told apart.
    """
    candidates: list[TimeFormat] = []
    seen: list[str] = []
    for text in texts:
        if not (text := text.strip()):
            continue
        seen.append(text)
        fitting = [kind for kind in FORMATS if kind.read(text)]
        candidates = [kind for kind in candidates if kind in fitting] or (candidates or fitting)
        if len(candidates) == 1 and len(seen) >= _ENOUGH:
            break
    if not candidates:
        raise KnownError(
            "import.time_format",
            N_('The times can\'t be read, such as "{sample}". Give their form with --format, as "%d.%m.%Y %H:%M".'),
            sample=seen[0] if seen else "",
        )
    return candidates[0] if len(candidates) == 1 else _more_regular(candidates, seen)


_ENOUGH: Final = 20


def _more_regular(candidates: Sequence[TimeFormat], texts: Sequence[str]) -> TimeFormat:
    """The candidate by which the file goes forward in more even steps."""
    spread = {}
    for kind in candidates:
        steps = np.abs(np.diff(kind.parse(texts)[0]))
        spread[kind.name] = float(steps.max()) if len(steps) else 0.0
    ranked = sorted(candidates, key=lambda kind: spread[kind.name])
    if spread[ranked[0].name] == spread[ranked[1].name] or spread[ranked[1].name] < 2 * spread[ranked[0].name]:
        raise KnownError(
            "import.time_order",
            N_('Day and month can\'t be told apart in "{sample}". Say which with --format, as "%d/%m/%Y %H:%M".'),
            sample=texts[0],
        )
    return ranked[0]
