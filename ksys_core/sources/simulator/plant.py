"""The simulated plant: readings of all tags over any stretch of time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.quality import BAD_COMM_FAILURE, GOOD, QualityArray
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import HOUR, MINUTE, SECOND
from ksys_core.sources.simulator.measured import INSTRUMENTS
from ksys_core.sources.simulator.noise import FloatArray, IntArray, channel, normal
from ksys_core.sources.simulator.process import PlantDay
from ksys_core.sources.simulator.scenarios import Calendar, Scenario
from ksys_core.sources.simulator.tags import TAGS
from ksys_core.sources.simulator.tagspec import TagSpec

STEP: Final = 10 * SECOND
SEOUL_OFFSET: Final = 9 * HOUR
_CACHED_DAYS: Final = 4


@dataclass(frozen=True, eq=False)
class Block:
    """Readings of all tags at the same instants.

    Attributes:
        t: int64 ns UTC, n instants.
        v: float64 (tags, n), in the order of `SimulatedPlant.tags`; NaN where the quality is BAD.
        quality: uint8 (tags, n).
        present: bool (tags, n), False where the plant delivered no reading at all.
    """

    t: IntArray
    v: FloatArray
    quality: QualityArray
    present: npt.NDArray[np.bool_]

    def batch(self, sensor_ids: npt.ArrayLike) -> ReadingBatch:
        """The readings as rows; `sensor_ids` gives the id of each tag in order."""
        ids = np.broadcast_to(np.asarray(sensor_ids, np.int32)[:, None], self.v.shape)
        times = np.broadcast_to(self.t, self.v.shape)
        kept = self.present
        return ReadingBatch.of(ids[kept], times[kept], self.v[kept], self.quality[kept])


class SimulatedPlant:
    """Forty tags of a two-stage reverse-osmosis plant, determined by `seed` and the instant alone.

    Args:
        seed: another seed is another plant of the same build.
        utc_offset: ns that the plant's days begin before UTC's.
    """

    def __init__(self, seed: int = 1, utc_offset: int = SEOUL_OFFSET) -> None:
        self.seed = seed
        self.calendar = Calendar(seed, utc_offset)
        self.tags: tuple[TagSpec, ...] = TAGS
        self._days: OrderedDict[int, FloatArray] = OrderedDict()
        self._noise_keys = [channel(seed, "noise." + spec.tag) for spec in TAGS]
        self._wander_keys = [channel(seed, "instrument." + spec.tag) for spec in TAGS]
        self._stepped = np.array([spec.interpolation == "step" for spec in TAGS])

    def scenarios(self, start: int, stop: int) -> list[Scenario]:
        """The labelled events that touch ``start <= t < stop``, ns UTC."""
        return self.calendar.between(start, stop)

    def process(self, day: int) -> PlantDay:
        """The true process values of a plant day, before instruments."""
        return PlantDay(day, self.seed, self.calendar)

    def block(self, start: int, stop: int, step: int = STEP) -> Block:
        """Readings at the multiples of `step` in ``start <= t < stop`` (all ns)."""
        first = -(-start // step) * step
        return self.at(np.arange(first, stop, step, dtype=np.int64))

    def at(self, t: IntArray) -> Block:
        """Readings at rising instants `t`, ns UTC."""
        v = np.empty((len(self.tags), len(t)))
        for day, part in self._parts(t):
            v[:, part] = self._measured(day, t[part])
        quality = np.full(v.shape, GOOD, np.uint8)
        present = np.ones(v.shape, np.bool_)
        self._apply_outages(t, v, quality, present)
        return Block(t, v, quality, present)

    def expected(self, tag: str, t: IntArray) -> npt.NDArray[np.bool_]:
        """Where the plant delivers a reading of `tag` (without computing its value)."""
        present = np.ones(len(t), np.bool_)
        area = next(spec.area for spec in self.tags if spec.tag == tag)
        for event in self._outages(t):
            if event.kind.effect == "missing" and area.startswith(event.area):
                present[slice(*np.searchsorted(t, [event.start, event.stop]))] = False
        return present

    def _parts(self, t: IntArray) -> list[tuple[int, slice]]:
        if not len(t):
            return []
        days = range(self.calendar.day_of(int(t[0])), self.calendar.day_of(int(t[-1])) + 1)
        edges = np.searchsorted(t, [self.calendar.start_of(day) for day in (*days, days.stop)])
        return [(day, slice(int(edges[i]), int(edges[i + 1]))) for i, day in enumerate(days)]

    def _grid(self, day: int) -> FloatArray:
        """Values of all tags at the day's minutes, (tags, KNOTS), with the slow error of the instruments."""
        grid = self._days.get(day)
        if grid is None:
            process = self.process(day)
            grid = np.stack([INSTRUMENTS[spec.tag](process) for spec in self.tags])
            minutes = process.t // MINUTE
            for row, (spec, key) in enumerate(zip(self.tags, self._wander_keys, strict=True)):
                if spec.wander:
                    grid[row] += spec.wander * normal(key, minutes)
            self._days[day] = grid
            if len(self._days) > _CACHED_DAYS:
                self._days.popitem(last=False)
        return grid

    def _measured(self, day: int, t: IntArray) -> FloatArray:
        grid = self._grid(day)
        since = t - self.calendar.start_of(day)
        place = since // MINUTE
        share = (since - place * MINUTE) / MINUTE
        before = grid[:, place]
        after = grid[:, place + 1]
        after -= before
        after *= share
        after[self._stepped] = 0.0
        before += after
        for row, (spec, key) in enumerate(zip(self.tags, self._noise_keys, strict=True)):
            _finish(before[row], spec, key, t)
        return before

    def _outages(self, t: IntArray) -> list[Scenario]:
        if not len(t):
            return []
        return [e for e in self.scenarios(int(t[0]), int(t[-1]) + 1) if e.kind.effect in ("bad", "missing")]

    def _apply_outages(self, t: IntArray, v: FloatArray, quality: QualityArray, present: npt.NDArray[np.bool_]) -> None:
        for event in self._outages(t):
            hit = slice(*np.searchsorted(t, [event.start, event.stop]))
            rows = [row for row, spec in enumerate(self.tags) if spec.area.startswith(event.area)]
            if event.kind.effect == "missing":
                present[rows, hit] = False
            else:
                v[rows, hit] = np.nan
                quality[rows, hit] = BAD_COMM_FAILURE


def readings_by_tag(block: Block, tags: tuple[TagSpec, ...]) -> Mapping[str, FloatArray]:
    """The rows of a block under their tag names."""
    return {spec.tag: block.v[row] for row, spec in enumerate(tags)}


def _finish(values: FloatArray, spec: TagSpec, key: int, t: IntArray) -> None:
    """Add white noise, keep to the instrument's span, round to its digits; in place."""
    if spec.noise:
        values += spec.noise * normal(key, t)
    np.clip(values, *spec.span, out=values)
    scale = 10.0**spec.decimals
    values *= scale
    np.rint(values, out=values)
    values /= scale
