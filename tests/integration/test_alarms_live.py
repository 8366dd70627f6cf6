"""Which rows of the list have changed, and the newest readings of the tags in sight."""

from __future__ import annotations

import math

from ksys_core.domain.quality import BAD_COMM_FAILURE, UNCERTAIN
from ksys_core.domain.readings import ReadingBatch
from ksys_core.services import alarms
from ksys_core.services.alarms import LISTED
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.store.alarms_live import newest_readings, versions
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from tests.integration.alarms_plant import build_plant


async def test_versions_tell_what_has_changed_and_stand_in_the_order_of_the_list(database: Database) -> None:
    plant = await build_plant(database, 3)
    evaluator = AlarmEvaluator(database, plant.clock)
    await evaluator.on_batch(await plant.reads(0, 5.0, 5.0, 5.0))
    await evaluator.on_batch(await plant.reads(10, 12.0, 12.0, 12.0))
    first = await versions(database, LISTED)
    assert list(first) == [row.alarm_id for row in (await alarms.load_active(database)).rows]
    await alarms.comment(database, [plant.high[1]], "d", "pump")
    second = await versions(database, LISTED)
    assert [alarm_id for alarm_id in first if first[alarm_id] != second[alarm_id]] == [plant.high[1]]
    await database.execute('update sensors set description = \'{"en": "new"}\' where sensor_id = $1', plant.sensors[2])
    third = await versions(database, LISTED)
    assert [alarm_id for alarm_id in second if second[alarm_id] != third[alarm_id]] == [plant.high[2]]
    assert await versions(database, ("SHLVD",)) == {}


async def test_newest_readings_say_what_is_stale_and_what_is_bad(database: Database) -> None:
    plant = await build_plant(database, 4)
    qualities = [192, UNCERTAIN, BAD_COMM_FAILURE]
    await ingest(database, ReadingBatch.of(plant.sensors[:3], [plant.at(0)] * 3, [1.0, 2.0, math.nan], qualities))
    found = await newest_readings(database, plant.sensors)
    assert list(found) == plant.sensors[:3]
    first, second, third = found.values()
    assert (first.t, first.value, first.quality, first.stale) == (plant.at(0), 1.0, 192, True)
    assert (second.value, second.quality) == (2.0, UNCERTAIN)
    assert math.isnan(third.value)
    await database.execute("update sensors set interval_s = null")
    assert not any(reading.stale for reading in (await newest_readings(database, plant.sensors)).values())
    assert await newest_readings(database, []) == {}
