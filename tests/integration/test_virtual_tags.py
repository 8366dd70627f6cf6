"""Virtual tags on a real database: each minute, after an outage, over history, and when a formula is broken."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ksys_core.domain.expressions import ExpressionError
from ksys_core.domain.quality import BAD, BAD_COMM_FAILURE, GOOD, UNCERTAIN, UNCERTAIN_LAST_USABLE
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.series import Series
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND
from ksys_core.services import rollups, virtual_tags
from ksys_core.store import virtual
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest, raw
from ksys_core.store.sensors import NewSensor, upsert_sensors

T0 = 1_760_000_000 * SECOND // DAY * DAY
FORMULAS = {
    "DIFF": "INLET - OUTLET",
    "DOUBLE": "DIFF * 2",
    "VOLUME": "integral(INLET, 1h) / 3600",
}


async def set_up(db: Database, formulas: dict[str, str] = FORMULAS) -> dict[str, int]:
    tags = [NewSensor("INLET"), NewSensor("OUTLET"), *(NewSensor(tag, origin="virtual") for tag in formulas)]
    ids = await upsert_sensors(db, tags)
    for tag, formula in formulas.items():
        await virtual.define(db, ids[tag], formula, 120)
    return ids


async def feed(db: Database, ids: dict[str, int], start: int, stop: int, inlet: float = 7, outlet: float = 4) -> None:
    t = np.arange(start, stop, 10 * SECOND, dtype=np.int64)
    sensor = np.repeat([ids["INLET"], ids["OUTLET"]], len(t))
    await ingest(db, ReadingBatch.of(sensor, np.tile(t, 2), np.repeat([inlet, outlet], len(t))))


async def stored(db: Database, sensor_id: int) -> Series:
    return await raw(db, sensor_id, 0, 2**62)


async def test_each_whole_minute_is_computed_once_from_the_newest_readings(database: Database) -> None:
    ids = await set_up(database)
    await feed(database, ids, T0 - 3 * HOUR, T0 + 25 * SECOND)
    assert await virtual_tags.run(database, now_ns=T0 + 25 * SECOND) == 3 * 65
    assert await virtual_tags.run(database, now_ns=T0 + 30 * SECOND) == 0
    diff, double, volume = [await stored(database, ids[tag]) for tag in FORMULAS]
    assert diff.t.tolist() == list(range(T0 - 64 * MINUTE, T0 + 1, MINUTE))
    assert set(diff.v) == {3}
    assert set(double.v) == {6}
    assert volume.v[-1] == pytest.approx(7)
    assert set(diff.quality) == set(volume.quality) == {GOOD}


async def test_late_readings_correct_the_newest_minutes(database: Database) -> None:
    ids = await set_up(database)
    await feed(database, ids, T0 - 2 * HOUR, T0 - MINUTE)
    await virtual_tags.run(database, now_ns=T0 + MINUTE)
    assert (await stored(database, ids["DIFF"])).quality[-1] == UNCERTAIN_LAST_USABLE
    await feed(database, ids, T0 - MINUTE, T0 + 2 * MINUTE, inlet=9)
    await virtual_tags.run(database, now_ns=T0 + 2 * MINUTE)
    diff = await stored(database, ids["DIFF"])
    assert diff.v[-3:].tolist() == [5, 5, 5]
    assert set(diff.quality[-3:]) == {GOOD}


async def test_what_an_outage_left_out_is_caught_up_and_dead_inputs_are_not_good(database: Database) -> None:
    ids = await set_up(database)
    await feed(database, ids, T0 - 2 * HOUR, T0)
    await virtual_tags.run(database, now_ns=T0)
    await virtual_tags.run(database, now_ns=T0 + 3 * HOUR)
    diff, volume = await stored(database, ids["DIFF"]), await stored(database, ids["VOLUME"])
    assert np.all(np.diff(diff.t) == MINUTE)
    assert diff.t[-1] == T0 + 3 * HOUR
    assert math.isnan(diff.v[-1])
    assert diff.quality[-1] == BAD_COMM_FAILURE
    half = volume.between(T0 + 30 * MINUTE, T0 + 31 * MINUTE)
    assert half.v[0] == pytest.approx(7 * (1800 - 10 + 120) / 3600)
    assert half.quality[0] == UNCERTAIN


async def test_a_broken_formula_is_bad_and_ends_no_other(database: Database) -> None:
    ids = await set_up(
        database, {"DIFF": "INLET - OUTLET", "A": "B + 1", "B": "A + 1", "C": "INLET +", "D": "NONE_SUCH * 2"}
    )
    await feed(database, ids, T0 - HOUR, T0)
    await virtual_tags.run(database, now_ns=T0)
    newest = {tag: (await stored(database, ids[tag])).quality[-1] for tag in ("DIFF", "A", "B", "C", "D")}
    assert newest == {"DIFF": GOOD, "A": BAD, "B": BAD, "C": BAD, "D": BAD_COMM_FAILURE}


async def test_history_that_came_later_is_computed_again(database: Database) -> None:
    ids = await set_up(database)
    await virtual_tags.run(database, now_ns=T0)
    await feed(database, ids, T0 - 2 * DAY, T0 + SECOND)
    await virtual_tags.recompute(database, now_ns=T0)
    diff = await stored(database, ids["DIFF"])
    assert diff.t[0] == T0 - 2 * DAY
    assert len(diff) == 2 * DAY // MINUTE + 1
    assert set(diff.quality) == {GOOD}
    assert set(diff.v) == {3}


async def test_what_reads_imported_tags_follows_them(database: Database) -> None:
    ids = await set_up(database, {**FORMULAS, "OTHER": "OUTLET"})
    await feed(database, ids, T0 - 3 * HOUR, T0)
    await virtual_tags.run(database, now_ns=T0 - SECOND)
    others = len(await stored(database, ids["OTHER"]))
    t = np.arange(T0 - 3 * HOUR, T0 - 2 * HOUR, 10 * SECOND, dtype=np.int64)
    await ingest(database, ReadingBatch.of([ids["INLET"]] * len(t), t, [10] * len(t)))
    await virtual_tags.follow(database, ["INLET"], int(t[0]), int(t[-1]))
    double, volume = await stored(database, ids["DOUBLE"]), await stored(database, ids["VOLUME"])
    assert set(double.between(int(t[0]), int(t[-1])).v) == {12}
    assert volume.between(T0 - 2 * HOUR, T0 - 2 * HOUR + MINUTE).v[0] == pytest.approx(10, rel=0.01)
    assert volume.between(T0 - 90 * MINUTE, T0 - 89 * MINUTE).v[0] == pytest.approx(8.5, rel=0.01)
    assert volume.v[-1] == pytest.approx(7)
    assert len(await stored(database, ids["OTHER"])) == others


async def test_history_whose_raw_readings_are_gone_comes_from_the_minutes(database: Database) -> None:
    if database.capabilities.timescale is not None:
        pytest.skip("roll-ups are kept by TimescaleDB's policies here")
    ids = await set_up(database)
    await feed(database, ids, T0 - 3 * HOUR, T0)
    await rollups.run(database, clock=lambda: T0 + HOUR)
    await database.execute("delete from sensor_readings")
    await virtual_tags.backfill(database, T0 - HOUR, T0)
    diff, volume = await stored(database, ids["DIFF"]), await stored(database, ids["VOLUME"])
    assert set(diff.v) == {3}
    assert set(diff.quality) == {GOOD}
    assert volume.v[-1] == pytest.approx(7)


async def test_a_formula_is_checked_before_it_is_stored(database: Database) -> None:
    await set_up(database)
    assert (await virtual_tags.check_formula(database, "NEW", "DOUBLE / INLET")).tags == {"DOUBLE", "INLET"}
    with pytest.raises(ExpressionError, match="circle"):
        await virtual_tags.check_formula(database, "DIFF", "DOUBLE - OUTLET")
    with pytest.raises(ExpressionError, match="did you mean “INLET”"):
        await virtual_tags.check_formula(database, "NEW", "INLETS * 2")
