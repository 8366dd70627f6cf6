"""Virtual tags: computed each minute, and again over history when readings came late."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ksys_core.domain.expression_order import evaluation_order
from ksys_core.domain.expression_parser import parse
from ksys_core.domain.expression_values import evaluate
from ksys_core.domain.expressions import Expression, ExpressionError
from ksys_core.domain.quality import BAD
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.series import Series, TimeArray
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND
from ksys_core.domain.window_values import LAST_USABLE_LIMITS
from ksys_core.log import get_logger
from ksys_core.store import virtual
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.virtual import VirtualSensor

_log = get_logger(__name__)

CATCH_UP_NS: Final = 7 * DAY
OVERLAP_NS: Final = 5 * MINUTE
"""Minutes computed again each time, for readings that came late."""
FIRST_NS: Final = HOUR
LONGEST_NS: Final = 400 * DAY
RAW_SPAN_NS: Final = 3 * DAY
CHUNK_NS: Final = DAY
ROLLUP_GAP_S: Final = 120.0
"""Least gap limit over readings that are minute means."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A virtual tag whose formula is understood."""

    sensor_id: int
    tag: str
    expression: Expression
    gap_limit_s: float


async def run(db: Database, *, now_ns: int) -> int:
    """Compute every virtual tag up to the newest whole minute; returns the rows that are new or corrected.

    Takes up where it left, at most `CATCH_UP_NS` ago; `backfill` computes what is older.
    """
    sensors = await virtual.virtual_sensors(db)
    stop = now_ns // MINUTE * MINUTE
    newest = [stop - FIRST_NS if sensor.newest_ns is None else sensor.newest_ns for sensor in sensors]
    start = max(min(newest, default=stop) - OVERLAP_NS, stop - CATCH_UP_NS)
    return await _compute(db, sensors, start // MINUTE * MINUTE + MINUTE, stop)


async def backfill(db: Database, start_ns: int, stop_ns: int) -> int:
    """Compute every virtual tag again for the whole minutes in ``[start_ns, stop_ns]``; returns the rows changed."""
    start = -(-start_ns // MINUTE) * MINUTE
    return await _compute(db, await virtual.virtual_sensors(db), start, stop_ns // MINUTE * MINUTE)


async def recompute(db: Database, *, now_ns: int) -> int:
    """Compute every virtual tag again from the oldest reading of its inputs, at most `LONGEST_NS`; rows changed."""
    sensors = await virtual.virtual_sensors(db)
    named = {tag for formula in understood(sensors) for tag in formula.expression.tags}
    oldest = await virtual.oldest_reading(db, list((await virtual.sensor_ids(db, named)).values()))
    return 0 if oldest is None else await backfill(db, max(oldest, now_ns - LONGEST_NS), now_ns)


async def follow(db: Database, tags: Collection[str], start_ns: int, stop_ns: int) -> int:
    """Compute again what reads any of `tags`, whose readings in ``[start_ns, stop_ns]`` changed; returns the rows.

    Virtual tags that read such virtual tags are among them, and so are the windows that reach back into the time.
    """
    sensors = await virtual.virtual_sensors(db)
    touched = set(tags)
    formulas = understood(sensors)
    for formula in formulas:
        if formula.expression.tags & touched:
            touched.add(formula.tag)
    after = sum(f.expression.reach_s + LAST_USABLE_LIMITS * f.gap_limit_s for f in formulas if f.tag in touched)
    newest = max((sensor.newest_ns or 0 for sensor in sensors), default=0)
    stop = max(min(stop_ns + round(after * SECOND), newest), stop_ns)
    reading = [sensor for sensor in sensors if sensor.tag in touched]
    return await _compute(db, reading, -(-start_ns // MINUTE) * MINUTE, stop // MINUTE * MINUTE)


async def check_formula(db: Database, tag: str, text: str) -> Expression:
    """The formula `text` for virtual tag `tag`; raises `ExpressionError` for mistakes, unknown tags and circles."""
    formula = parse(text, await virtual.all_tags(db))
    others = {sensor.tag: sensor.expression for sensor in await virtual.virtual_sensors(db) if sensor.tag != tag}
    evaluation_order({name: parse(expression) for name, expression in others.items()} | {tag: formula})
    return formula


async def _compute(db: Database, sensors: Sequence[VirtualSensor], start: int, stop: int) -> int:
    formulas = understood(sensors)
    broken = [sensor for sensor in sensors if sensor.tag not in {formula.tag for formula in formulas}]
    changed = 0
    while start <= stop and sensors:
        end = min(start + CHUNK_NS - MINUTE, stop)
        changed += await _compute_chunk(db, formulas, broken, np.arange(start, end + 1, MINUTE, dtype=np.int64))
        start = end + MINUTE
    return changed


async def _compute_chunk(
    db: Database, formulas: Sequence[Formula], broken: Sequence[VirtualSensor], grid: TimeArray
) -> int:
    inputs, coarse = await _inputs(db, formulas, int(grid[0]), int(grid[-1]))
    values = await asyncio.to_thread(compute, formulas, inputs, grid, ROLLUP_GAP_S if coarse else 0.0)
    columns = [(formula.sensor_id, values[formula.tag].v, values[formula.tag].quality) for formula in formulas]
    lost = np.full(len(grid), np.nan), np.full(len(grid), BAD, np.uint8)
    columns += [(sensor.sensor_id, *lost) for sensor in broken]
    batch = ReadingBatch.of(
        np.repeat([sensor_id for sensor_id, _, _ in columns], len(grid)),
        np.tile(grid, len(columns)),
        np.concatenate([v for _, v, _ in columns]),
        np.concatenate([quality for _, _, quality in columns]),
    )
    result = await ingest(db, batch)
    return result.inserted + result.corrected


async def _inputs(
    db: Database, formulas: Sequence[Formula], first: int, last: int
) -> tuple[Mapping[str, Series], bool]:
    """Readings of every tag named, and whether they are minute means: for long windows, and where raw ones are gone."""
    named = {tag for formula in formulas for tag in formula.expression.tags}
    ids = await virtual.sensor_ids(db, named)
    reach = max((f.expression.reach_s + LAST_USABLE_LIMITS * f.gap_limit_s for f in formulas), default=0.0)
    start = first - round(reach * SECOND) - MINUTE
    coarse = last - start > RAW_SPAN_NS
    found: Mapping[int, Series] = {}
    if not coarse:
        found = await virtual.readings(db, list(ids.values()), start, last)
        coarse = not any(map(len, found.values()))
    if coarse:
        found = await virtual.minute_means(db, list(ids.values()), start, last)
    return {tag: found[ids[tag]] if tag in ids else Series.empty() for tag in named}, coarse


def understood(sensors: Sequence[VirtualSensor]) -> list[Formula]:
    """Those whose formula can be computed, each after the ones it reads; the others are logged."""
    parsed: dict[str, Expression] = {}
    for sensor in sensors:
        try:
            parsed[sensor.tag] = parse(sensor.expression)
        except ExpressionError as error:
            _log.warning("virtual tag not understood", tag=sensor.tag, reason=str(error))
    order: list[str] | None = None
    while order is None:
        try:
            order = evaluation_order(parsed)
        except ExpressionError as error:
            _log.warning("virtual tags not computed", reason=str(error))
            parsed = {tag: formula for tag, formula in parsed.items() if tag not in _members(error)}
    by_tag = {sensor.tag: sensor for sensor in sensors}
    return [Formula(by_tag[tag].sensor_id, tag, parsed[tag], by_tag[tag].gap_limit_s) for tag in order]


def _members(error: ExpressionError) -> frozenset[str]:
    return frozenset(str(error.params["circle"]).split(" → "))


def compute(
    formulas: Sequence[Formula], inputs: Mapping[str, Series], grid: TimeArray, least_gap_s: float = 0.0
) -> dict[str, Series]:
    """Values of `formulas` (in order of evaluation) at each instant of `grid`, ns UTC."""
    known = dict(inputs)
    computed: dict[str, Series] = {}
    for formula in formulas:
        result = evaluate(formula.expression, grid, known, max(formula.gap_limit_s, least_gap_s))
        computed[formula.tag] = result
        if formula.tag in known:
            known[formula.tag] = _continued(known[formula.tag], result)
    return computed


def _continued(stored: Series, computed: Series) -> Series:
    before = stored.between(-(2**62), int(computed.t[0]))
    return Series(
        np.concatenate((before.t, computed.t)),
        np.concatenate((before.v, computed.v)),
        np.concatenate((before.quality, computed.quality)),
    )
