"""Tags and limits: creation, change, history, audit, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from ksys_core.domain.times import to_ns
from ksys_core.errors import DeniedError, KnownError
from ksys_core.store.pool import Database
from ksys_core.store.sensors import (
    NewSensor,
    all_sensors,
    limits_between,
    limits_in_force,
    set_limits,
    upsert_sensors,
)


@pytest.fixture
async def tag(database: Database) -> int:
    return (await upsert_sensors(database, [NewSensor("FEED_FLOW", unit="m3/h")]))["FEED_FLOW"]


@pytest.fixture
async def engineer(login_dsn: Callable[[str], str]) -> AsyncIterator[Database]:
    """The same database as a login with an engineer's rights."""
    db = await Database.connect(await asyncio.to_thread(login_dsn, "ksys_engineer"), pool_max=2)
    yield db
    await db.close()


async def test_tags_come_back_as_given(database: Database) -> None:
    given = NewSensor(
        "공급_유량", unit="m³/h", area="RO/1", role="feed_flow", origin="simulator", description={"ko": "공급 유량"},
        span_low=0.0, span_high=120.0, normal_low=40.0, normal_high=90.0, decimals=1, interval_s=10.0,
        interpolation="step", enabled=False,
    )  # fmt: skip
    numbers = await upsert_sensors(database, [given])
    (found,) = await all_sensors(database)
    assert found.sensor_id == numbers["공급_유량"]
    assert all(getattr(found, name) == getattr(given, name) for name in NewSensor.__slots__)


async def test_existing_tags_keep_their_number_and_change_only_when_asked(database: Database, tag: int) -> None:
    kept = await upsert_sensors(database, [NewSensor("FEED_FLOW", unit="l/s"), NewSensor("NEW")], overwrite=False)
    assert kept["FEED_FLOW"] == tag
    assert [s.unit for s in await all_sensors(database) if s.tag == "FEED_FLOW"] == ["m3/h"]
    assert await upsert_sensors(database, [NewSensor("FEED_FLOW", unit="l/s")]) == {"FEED_FLOW": tag}
    assert [s.unit for s in await all_sensors(database) if s.tag == "FEED_FLOW"] == ["l/s"]
    actions = await database.fetch("select action, object from audit_log order by audit_id")
    assert [tuple(row) for row in actions] == [
        ("sensor.create", "FEED_FLOW"), ("sensor.create", "NEW"), ("sensor.change", "FEED_FLOW"),
    ]  # fmt: skip


async def test_contradictory_tag_is_refused_with_a_reason(database: Database) -> None:
    with pytest.raises(KnownError, match="sensors_check") as caught:
        await upsert_sensors(database, [NewSensor("GOOD"), NewSensor("WRONG", span_low=5.0, span_high=1.0)])
    assert caught.value.code == "sensors.invalid"
    assert await all_sensors(database) == []


async def test_limits_are_kept_with_their_time(database: Database, tag: int) -> None:
    assert await set_limits(database, tag, {"HH": 90.0, "H": 80.0, "L": 0.0}, reason="start")
    assert await set_limits(database, tag, {"H": 85.0, "L": None}, reason="tuning")
    assert (await limits_in_force(database))[tag] == {"HH": 90.0, "H": 85.0}
    spans = await limits_between(database, [tag], 0, to_ns(await database.fetchval("select now()")) + 10**9)
    by_kind = {(s.kind, s.value): s for s in spans}
    assert set(by_kind) == {("HH", 90.0), ("H", 80.0), ("H", 85.0), ("L", 0.0)}
    assert by_kind["H", 80.0].stop_ns == by_kind["H", 85.0].start_ns
    assert by_kind["H", 85.0].stop_ns is None
    assert by_kind["L", 0.0].stop_ns == by_kind["H", 85.0].start_ns
    before = by_kind["H", 85.0].start_ns - 1000
    assert {s.value for s in await limits_between(database, [tag], before, before + 1000)} == {90.0, 80.0, 0.0}


async def test_limits_out_of_order_are_refused_and_nothing_changes(database: Database, tag: int) -> None:
    await set_limits(database, tag, {"HH": 90.0, "H": 80.0})
    with pytest.raises(KnownError, match=r"FEED_FLOW: limit L \(85.*must be below H \(80") as caught:
        await set_limits(database, tag, {"L": 85.0})
    assert caught.value.code == "limits.order"
    assert (await limits_in_force(database))[tag] == {"HH": 90.0, "H": 80.0}


async def test_same_limits_again_change_nothing(database: Database, tag: int) -> None:
    await set_limits(database, tag, {"H": 80.0})
    assert not await set_limits(database, tag, {"H": 80.0, "LL": None})
    assert await database.fetchval("select count(*) from sensor_limits") == 1
    assert await database.fetchval("select count(*) from audit_log where action = 'limits.change'") == 1


async def test_several_changes_in_one_transaction_keep_their_order(database: Database, tag: int) -> None:
    async with database.transaction() as connection:
        for value in (1.0, 2.0, 3.0):
            await connection.execute("select ksys_set_limits($1, '{H}', array[$2::float8])", tag, value)
    assert (await limits_in_force(database))[tag] == {"H": 3.0}
    assert await database.fetchval("select count(*) from sensor_limits where valid_to is null") == 1


async def test_engineer_changes_limits_under_the_own_name_only_by_the_function(
    engineer: Database, database: Database, tag: int
) -> None:
    await set_limits(engineer, tag, {"H": 80.0}, reason="because", station="desk 2")
    row = await database.fetchrow("select actor, station, object, before, after, reason from audit_log "
                                  "where action = 'limits.change'")  # fmt: skip
    assert tuple(row or ()) == ("test_ksys_engineer", "desk 2", "FEED_FLOW", "{}", '{"H": 80, "moc": ""}', "because")
    assert await database.fetchval("select changed_by from sensor_limits") == "test_ksys_engineer"
    with pytest.raises(DeniedError):
        await engineer.execute("update sensor_limits set value = 1")
    with pytest.raises(DeniedError):
        await engineer.execute("insert into audit_log (action) values ('x')")


async def test_limits_of_an_unknown_tag_are_refused(database: Database) -> None:
    with pytest.raises(KnownError, match="no tag with the number 4711"):
        await set_limits(database, 4711, {"H": 1.0})
