"""What the roll-ups must hold, computed from the readings in plain Python."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

WIDTHS = {
    "1m": timedelta(minutes=1),
    "10m": timedelta(minutes=10),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
}
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Reading:
    sensor_id: int
    ts: datetime
    value: float
    quality: int = 192


@dataclass(frozen=True)
class Bucket:
    """A row of a roll-up; the statistics are over the readings of quality 64 and better, None where there is none."""

    sensor_id: int
    bucket: datetime
    n: int
    n_good: int
    sum: float | None
    min: float | None
    max: float | None
    first: float | None
    last: float | None
    quality: int

    def agrees_with(self, other: Bucket) -> bool:
        """Equal in all but the rounding of the sum."""
        if (self.sum is None) != (other.sum is None):
            return False
        same_sum = self.sum is None or math.isclose(self.sum, other.sum or 0.0, rel_tol=1e-9, abs_tol=1e-9)
        return same_sum and _without_sum(self) == _without_sum(other)


def _without_sum(bucket: Bucket) -> tuple[object, ...]:
    return tuple(value for name, value in vars(bucket).items() if name != "sum")


def readings(
    sensor_ids: Iterable[int], start: datetime, *, count: int, step: timedelta, seed: int = 1
) -> list[Reading]:
    """Noisy readings in which every tenth or so has no value, or one of uncertain quality."""
    chance = random.Random(seed)
    found = []
    for sensor_id in sensor_ids:
        for i in range(count):
            quality = chance.choice([192] * 8 + [68, 0])
            value = math.nan if quality == 0 else 100.0 * sensor_id + chance.gauss(0, 5)
            found.append(Reading(sensor_id, start + i * step, value, quality))
    return found


def rolled_up(rows: Sequence[Reading], width: timedelta) -> list[Bucket]:
    """The roll-up of `rows`, ordered by sensor and bucket."""

    def key(reading: Reading) -> tuple[int, datetime]:
        return reading.sensor_id, _ORIGIN + (reading.ts - _ORIGIN) // width * width

    return [_bucket(*at, list(group)) for at, group in groupby(sorted(rows, key=key_of_time), key)]


def key_of_time(reading: Reading) -> tuple[int, datetime]:
    """Orders readings by sensor and time."""
    return reading.sensor_id, reading.ts


def _bucket(sensor_id: int, bucket: datetime, rows: list[Reading]) -> Bucket:
    good = [row.value for row in rows if row.quality >= 64]
    return Bucket(
        sensor_id,
        bucket,
        n=len(rows),
        n_good=len(good),
        sum=math.fsum(good) if good else None,
        min=min(good, default=None),
        max=max(good, default=None),
        first=good[0] if good else None,
        last=good[-1] if good else None,
        quality=min(row.quality for row in rows),
    )
