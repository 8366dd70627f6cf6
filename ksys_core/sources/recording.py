"""A file of readings as a whole, with its times shifted onto another clock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import QualityArray
from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.domain.times import MINUTE
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.sources.tabular.layout import Options
from ksys_core.sources.tabular.reader import TableReader


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Readings of several tags by rising time.

    Attributes:
        names: of the tags, with their `units`.
        tag: int32, place in `names`. t: int64 ns UTC. v: float64. quality: uint8.
        step: usual distance of neighbouring instants, ns.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    tag: npt.NDArray[np.int32]
    t: TimeArray
    v: ValueArray
    quality: QualityArray
    step: int

    @classmethod
    def load(cls, path: Path, zone: ZoneInfo, options: Options) -> Self:
        """Read the whole file; what is rejected is left out.

        Raises:
            KnownError: it can't be read or holds no readings.
        """
        reader = TableReader(path, zone, options)
        pieces = list(reader.pieces())
        t = np.concatenate([piece.t for piece in pieces]) if pieces else np.empty(0, np.int64)
        if not len(t):
            raise KnownError("replay.empty", N_("{path} holds no readings."), path=path)
        order = np.argsort(t, kind="stable")
        columns = [reader.column(i) for i in range(len(reader.tags))]
        return cls(
            names=tuple(column.name if column else tag for column, tag in zip(columns, reader.tags, strict=True)),
            units=tuple(column.unit if column else "" for column in columns),
            tag=np.concatenate([piece.tag for piece in pieces])[order],
            t=t[order],
            v=np.concatenate([piece.v for piece in pieces])[order],
            quality=np.concatenate([piece.quality for piece in pieces])[order],
            step=_usual_step(t[order]),
        )

    @property
    def length(self) -> int:
        """Duration of one lap, ns: from the first instant to one step after the last."""
        return int(self.t[-1] - self.t[0]) + self.step


@dataclass(frozen=True, slots=True)
class Shift:
    """Places the recording's times on the wall: `origin` (ns of the recording) is played at `wall` (ns UTC).

    Attributes:
        speed: recorded seconds a second.
    """

    origin: int
    wall: int
    speed: float

    @classmethod
    def to_now(cls, origin: int, step: int, speed: float, now: int) -> Self:
        """`origin` comes at or just before `now`, where instants keep their phase within the (shortened) step."""
        short = max(1, int(step / speed))
        phase = int(origin % step / speed) % short
        return cls(origin, (now - phase) // short * short + phase, speed)

    def times(self, t: TimeArray) -> TimeArray:
        """Times of the wall for times of the recording."""
        return self.wall + ((t - self.origin) / self.speed).astype(np.int64)

    def recorded(self, wall: int) -> int:
        """Time of the recording that is played at `wall`."""
        return self.origin + int((wall - self.wall) * self.speed)


def _usual_step(t: TimeArray) -> int:
    steps = np.diff(np.unique(t))
    return int(np.median(steps)) if len(steps) else MINUTE
