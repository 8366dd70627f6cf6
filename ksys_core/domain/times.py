"""Instants as int64 nanoseconds UTC, and their conversions at the edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_ns(moment: datetime) -> int:
    """Nanoseconds since 1970 UTC of an aware datetime; a naive one is refused."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no instant")
    return (moment - _EPOCH) // _MICROSECOND * 1000


def to_datetime(ns: int) -> datetime:
    """The aware UTC datetime of `ns`, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=ns // 1000)
