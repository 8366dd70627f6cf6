"""The simulated plant as a source: a reading of every tag each ten seconds, and the history before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final

import numpy as np

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.tags import Origin, Sensor
from ksys_core.domain.times import HOUR, SECOND
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.services.history import fill_history
from ksys_core.sources.base import Progress
from ksys_core.sources.simulator.plant import STEP, SimulatedPlant
from ksys_core.sources.simulator.tags import TAGS
from ksys_core.store.pool import Database
from ksys_core.store.sensors import all_sensors

_LONGEST_CATCH_UP: Final = HOUR


class BoundPlant:
    """A plant whose tags have their numbers in the database.

    Args:
        ids: sensor_id of every tag.
    """

    step = STEP

    def __init__(self, plant: SimulatedPlant, ids: Mapping[str, int]) -> None:
        self._plant = plant
        self._ids = np.array([ids[spec.tag] for spec in plant.tags], dtype=np.int32)

    @property
    def tags(self) -> int:
        return len(self._ids)

    @property
    def marker(self) -> int:
        """The first tag, which no outage touches."""
        return int(self._ids[0])

    def batch(self, start: int, stop: int) -> ReadingBatch:
        """Readings of all tags at the steps in ``start <= t < stop``, ns UTC."""
        return self._plant.block(start, stop).batch(self._ids)


class SimulatorSource:
    """Live readings at :00, :10, … and the `history_days` before the first of them."""

    origin: Origin = "simulator"

    def __init__(
        self, db: Database, plant: SimulatedPlant, *, history_days: float, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._db = db
        self._plant = plant
        self._history_days = history_days
        self._clock = clock
        self._first: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def batches(self) -> AsyncIterator[ReadingBatch]:
        """The newest step at once, then each step at its time (all missed ones after a pause of up to an hour)."""
        plant = await self._bound()
        position = self._clock() // STEP * STEP
        yield plant.batch(position, position + 1)
        if not self._first.done():
            self._first.set_result(position)
        while True:
            await asyncio.sleep(max(0, position + STEP - self._clock()) / SECOND)
            now = self._clock()
            start = max(position + 1, now - _LONGEST_CATCH_UP)
            position = now // STEP * STEP
            if position >= start:
                yield plant.batch(start, position + 1)

    async def fill(self, progress: Progress) -> None:
        """The history up to the first live reading, once that has been handed out."""
        stop = await asyncio.shield(self._first)
        await fill_history(self._db, await self._bound(), days=self._history_days, stop_ns=stop, progress=progress)

    async def fill_only(self, progress: Progress) -> None:
        """The history up to now, without live readings."""
        self._first.set_result(self._clock() // STEP * STEP)
        await self.fill(progress)

    async def _bound(self) -> BoundPlant:
        return await bind(self._db, self._plant)


async def bind(db: Database, plant: SimulatedPlant) -> BoundPlant:
    """The plant with the numbers of its tags.

    Raises:
        KnownError: the tags are not there, or one of these names is a tag of the real plant.
    """
    sensors = await all_sensors(db)
    refuse_foreign(sensors)
    ids = {sensor.tag: sensor.sensor_id for sensor in sensors}
    if any(spec.tag not in ids for spec in plant.tags):
        raise KnownError("simulator.tags", N_('The simulated plant is not set up here. Run "ksys simulate" once.'))
    return BoundPlant(plant, ids)


def refuse_foreign(sensors: Iterable[Sensor]) -> None:
    """Raise KnownError when a name of the simulated plant is a tag with other readings."""
    names = {spec.tag for spec in TAGS}
    for sensor in sensors:
        if sensor.tag in names and sensor.origin != "simulator":
            raise KnownError(
                "simulator.foreign",
                N_("The tag {tag} holds readings of origin {origin}. Simulate in a database of its own."),
                tag=sensor.tag,
                origin=sensor.origin,
            )
