"""Limits and dead bands that cannot stand together are refused, whichever of the two is changed."""

from __future__ import annotations

import asyncio

import pytest

from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.errors import KnownError
from ksys_core.services.tags import change_limits
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.pool import Database
from ksys_core.store.sensors import limits_in_force, set_limits
from tests.integration.alarms_plant import Plant, build_plant


async def dead_bands(plant: Plant) -> list[float]:
    return [
        row["dead_band"] for row in await plant.db.fetch("select dead_band from alarm_definitions order by alarm_id")
    ]


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"dead_band": 10.0}, "PT-1: The dead bands leave no room"),
        ({"dead_band": 50.0, "dead_band_unit": "span"}, "PT-1: The dead bands leave no room"),
        ({"dead_band": 20.0}, "PT-1: A dead band must be smaller than the span"),
    ],
)
async def test_a_dead_band_larger_than_the_band_is_refused_and_nothing_is_stored(
    database: Database, definition: dict[str, object], said: str
) -> None:
    plant = await build_plant(database)
    good = NewAlarmDefinition(plant.sensors[1], "H", dead_band=3.0)
    bad = NewAlarmDefinition(plant.sensors[0], "H", **definition)  # type: ignore[arg-type]
    with pytest.raises(KnownError, match=said) as refused:
        await upsert_definitions(database, [good, bad])
    assert refused.value.code == "alarm.contradiction"
    assert await dead_bands(plant) == [0.0] * 4
    assert await upsert_definitions(database, [good]) == plant.high[1:]


async def test_dead_bands_of_disabled_alarms_and_of_tags_without_limits_do_not_count(database: Database) -> None:
    plant = await build_plant(database, 1)
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "H", dead_band=15.0, enabled=False)])
    await set_limits(database, plant.sensors[0], {"H": None, "L": None})
    await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "H", dead_band=15.0)])


async def test_limits_that_a_dead_band_closes_are_refused_at_the_faceplate(database: Database) -> None:
    plant = await build_plant(database, 1, dead_band=3.0)
    sensor_id = plant.sensors[0]
    with pytest.raises(KnownError, match="never clear") as refused:
        await change_limits(database, sensor_id=sensor_id, texts={"H": "2.5"}, reason="test", station="desk 1")
    assert refused.value.code == "alarm.contradiction"
    assert (await limits_in_force(database))[sensor_id] == {"H": 10.0, "L": 0.0}
    assert await database.fetchval("select count(*) from audit_log where reason = 'test'") == 0
    assert await change_limits(database, sensor_id=sensor_id, texts={"H": "3.5"}, reason="test", station="desk 1")


async def test_two_engineers_at_once_leave_limits_that_fit(database: Database) -> None:
    """Either change is fine alone, both together are not: one of the two is refused."""
    plant = await build_plant(database, 1)
    sensor_id = plant.sensors[0]
    outcomes = await asyncio.gather(
        set_limits(database, sensor_id, {"H": 3.0}),
        upsert_definitions(database, [NewAlarmDefinition(sensor_id, "H", dead_band=5.0)]),
        return_exceptions=True,
    )
    assert [isinstance(outcome, KnownError) for outcome in outcomes].count(True) == 1
