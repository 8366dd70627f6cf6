"""Replay: a recording played as live data, its times shifted to now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.tags import Origin
from ksys_core.domain.times import DAY, SECOND
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.sources.base import Progress
from ksys_core.sources.recording import Recording, Shift
from ksys_core.sources.tabular.layout import Options
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, all_sensors, upsert_sensors

SLOWEST: Final = 1.0
FASTEST: Final = 60.0
_ROWS_PER_BATCH: Final = 200_000


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """How a file is played.

    Attributes:
        prefix: of the tags, which are marked with the origin ``replay``.
        history_days: days of the recording that are stored at once, before the first live reading.
        loop: begin again at the end.
    """

    path: Path
    zone: ZoneInfo
    table: Options = field(default_factory=Options)
    speed: float = 1.0
    prefix: str = "REPLAY_"
    history_days: float = 0.0
    loop: bool = False

    def check(self) -> None:
        """Raise KnownError for a speed that is not meant."""
        if not SLOWEST <= self.speed <= FASTEST:
            text = N_("The speed lies between {slowest:g} and {fastest:g}.")
            raise KnownError("replay.speed", text, slowest=SLOWEST, fastest=FASTEST)


class ReplaySource:
    """Plays a file; tags are created when it begins."""

    origin: Origin = "replay"

    def __init__(self, db: Database, plan: ReplayPlan, *, clock: Callable[[], int] = time.time_ns) -> None:
        plan.check()
        self._db = db
        self._plan = plan
        self._clock = clock
        self._begun: asyncio.Future[tuple[Recording, Shift, npt.NDArray[np.int32]]] = (
            asyncio.get_running_loop().create_future()
        )

    async def batches(self) -> AsyncIterator[ReadingBatch]:
        """Each reading at its time; ends after the last one unless the plan loops."""
        recording, shift, ids = await self._begin()
        i = int(np.searchsorted(recording.t, shift.origin))
        lap = 0
        while i < len(recording.t) or self._plan.loop:
            if i == len(recording.t):
                i, lap = 0, lap + 1
            reached = shift.recorded(self._clock()) - lap * recording.length
            j = int(np.searchsorted(recording.t, reached, side="right"))
            if j > i:
                yield _batch(recording, shift, ids, slice(i, j), lap)
                i = j
            else:
                due = int(shift.times(recording.t[i : i + 1] + lap * recording.length)[0])
                await asyncio.sleep(max(due - self._clock(), 0) / SECOND + 0.001)

    async def fill(self, progress: Progress) -> None:
        """The part of the recording that lies before the first live reading."""
        recording, shift, ids = await asyncio.shield(self._begun)
        total = int(np.searchsorted(recording.t, shift.origin))
        for start in range(0, total, _ROWS_PER_BATCH):
            progress(start, total)
            part = slice(start, min(start + _ROWS_PER_BATCH, total))
            await ingest(self._db, _batch(recording, shift, ids, part, 0))
        progress(total, total)

    async def _begin(self) -> tuple[Recording, Shift, npt.NDArray[np.int32]]:
        plan = self._plan
        recording = await asyncio.to_thread(Recording.load, plan.path, plan.zone, plan.table)
        ids = await self._create_tags(recording)
        first = min(int(recording.t[0]) + int(plan.history_days * DAY), int(recording.t[-1]))
        origin = int(recording.t[np.searchsorted(recording.t, first)])
        shift = Shift.to_now(origin, recording.step, plan.speed, self._clock())
        if not self._begun.done():
            self._begun.set_result((recording, shift, ids))
        return recording, shift, ids

    async def _create_tags(self, recording: Recording) -> npt.NDArray[np.int32]:
        tags = [self._plan.prefix + name for name in recording.names]
        for sensor in await all_sensors(self._db):
            if sensor.tag in tags and sensor.origin != self.origin:
                raise KnownError(
                    "replay.foreign",
                    N_("The tag {tag} holds readings of origin {origin}. Choose another --prefix for the replay."),
                    tag=sensor.tag,
                    origin=sensor.origin,
                )
        interval = recording.step / self._plan.speed / SECOND
        ids = await upsert_sensors(
            self._db,
            [
                NewSensor(tag, unit=unit, origin=self.origin, interval_s=interval)
                for tag, unit in zip(tags, recording.units, strict=True)
            ],
        )
        return np.array([ids[tag] for tag in tags], dtype=np.int32)


def _batch(recording: Recording, shift: Shift, ids: npt.NDArray[np.int32], part: slice, lap: int) -> ReadingBatch:
    t = shift.times(recording.t[part] + lap * recording.length)
    return ReadingBatch.of(ids[recording.tag[part]], t, recording.v[part], recording.quality[part])
