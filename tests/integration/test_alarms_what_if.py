"""What-if on a stored history: present and proposed definition, refusals, and the command."""

from __future__ import annotations

import asyncio
import json
import time

import numpy as np
import pytest

from ksys_core.domain.alarms.definition import AlarmKind, NewAlarmDefinition
from ksys_core.domain.alarms.reasons import reason_words
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import DAY, SECOND
from ksys_core.errors import KnownError
from ksys_core.services.alarms_suggest import suggest
from ksys_core.services.alarms_what_if import Proposal, Trial, load_case, put_in_force, try_out, what_if
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, set_limits, upsert_sensors
from tests.integration.alarms_plant import START, Plant, build_plant
from tests.integration.test_alarms_kpis import ksys

HISTORY = (9.0, 11.0, 9.9, 11.0, 9.9, 11.0, 9.9, 8.0, 12.0, 12.0, 12.0, 8.0)


async def plant_with_history(database: Database) -> Plant:
    plant = await build_plant(database, 1)
    for k, value in enumerate(HISTORY):
        await plant.reads(10 * k, value)
    return plant


async def trial(plant: Plant, *, tag: str = "PT-1", **proposed: float) -> Trial:
    return await what_if(
        plant.db, tag=tag, kind="H", proposal=Proposal(**proposed), start=START, stop=plant.at(200), long_s=20
    )


async def test_a_history_is_replayed_by_the_present_and_the_proposed_definition(database: Database) -> None:
    plant = await plant_with_history(database)
    found = await trial(plant, dead_band=1.0, on_delay_s=5.0)
    assert (found.present.limit, found.proposed.limit, found.readings) == (10.0, 10.0, len(HISTORY))
    assert (found.present.dead_band, found.proposed.dead_band) == (0.0, 1.0)
    assert (found.result.before.annunciations, found.result.after.annunciations) == (4, 2)
    assert found.result.removed == 50.0
    assert (found.result.remaining, found.result.merged, found.result.delay.p50) == (2, 2, 5.0)
    higher = await trial(plant, limit=20.0)
    assert (higher.result.lost, [m.start for m in higher.result.lost_long]) == (4, [plant.at(80)])
    assert await database.fetchval("select count(*) from alarm_events") == 0, "nothing is stored"


async def test_each_kind_is_tried_out_on_stored_readings(database: Database) -> None:
    plant = await plant_with_history(database)
    own = plant.sensors[0]
    made: list[tuple[AlarmKind, float, float]] = [("RATE", 10.0, 12.1), ("FLAT", 20.0, 15.0), ("STATE", 12.0, 11.0)]
    await upsert_definitions(database, [NewAlarmDefinition(own, kind, setting=now) for kind, now, _ in made])
    found = {}
    for kind, _, other in made:
        tried = await what_if(
            database, tag="PT-1", kind=kind, proposal=Proposal(limit=other), start=START, stop=plant.at(200), long_s=20
        )
        found[kind] = (tried.result.before.annunciations, tried.result.after.annunciations)
    assert found == {"RATE": (3, 2), "FLAT": (1, 1), "STATE": (1, 3)}


async def test_a_deviation_is_tried_out_against_the_set_point_of_its_time(database: Database) -> None:
    plant = await plant_with_history(database)
    made = await upsert_sensors(database, [NewSensor("SP-1", unit="bar", span_low=0, span_high=20)])
    set_point = made["SP-1"]
    await ingest(
        database, ReadingBatch.of([set_point] * 3, [plant.at(-DAY / SECOND), plant.at(-5), plant.at(75)], [0, 9, 12])
    )
    definition = NewAlarmDefinition(plant.sensors[0], "DEV", setting=1.5, reference_sensor_id=set_point)
    (alarm,) = await upsert_definitions(database, [definition])
    case = await load_case(database, tag="PT-1", kind="DEV", start=START, stop=plant.at(200))
    assert case.readings == len(HISTORY)
    tried = (await try_out(database, case, Proposal(dead_band=0.7), long_s=20)).trial
    # Off 9 until 75 s: 2 at 10, 30, 50 s and 0.9 between; off 12 from then on: 4 at once, and at 110 s again.
    assert (tried.result.before.annunciations, tried.result.after.annunciations) == (5, 2)
    assert await put_in_force(database, tried, alarm, reason="Chatters", moc_id=None, station="")
    assert await database.fetchval("select dead_band from alarm_definitions where alarm_id = $1", alarm) == 0.7


async def test_a_limit_may_be_tried_where_none_is_in_force(database: Database) -> None:
    plant = await plant_with_history(database)
    await set_limits(database, plant.sensors[0], {"H": None})
    found = await trial(plant, limit=11.5)
    assert (found.result.before.annunciations, found.result.after.annunciations, found.result.added) == (0, 1, 1)


@pytest.mark.parametrize(
    ("proposed", "code"),
    [
        ({"limit": float("inf")}, "alarm.limit"),
        ({"dead_band": -1.0}, "alarm.dead_band"),
        ({"on_delay_s": -5.0}, "alarm.delay"),
        ({"off_delay_s": 1e9}, "alarm.delay"),
        ({"dead_band": 10.0}, "alarm.contradiction"),
        ({"limit": -1.0}, "alarm.contradiction"),
    ],
)
async def test_a_proposal_that_cannot_be_is_refused(database: Database, proposed: dict[str, float], code: str) -> None:
    plant = await build_plant(database, 1)
    with pytest.raises(KnownError) as refused:
        await trial(plant, **proposed)  # type: ignore[arg-type]
    assert refused.value.code == code


@pytest.mark.parametrize("long_s", [-1.0, float("nan"), float("inf")])
async def test_a_length_that_is_none_is_refused(database: Database, long_s: float) -> None:
    with pytest.raises(KnownError) as refused:
        await what_if(database, tag="PT-1", kind="H", proposal=Proposal(), start=0, stop=1, long_s=long_s)
    assert refused.value.code == "alarm.long"


async def test_an_unknown_tag_is_told(database: Database) -> None:
    plant = await build_plant(database, 1)
    with pytest.raises(KnownError, match="PT-9"):
        await trial(plant, tag="PT-9")


async def test_a_dead_band_is_suggested_that_removes_chatter_and_keeps_every_long_alarm(database: Database) -> None:
    plant = await build_plant(database, 1)
    values = [9.0] + [10.1, 9.9] * 20 + [5.0] * 20 + [12.0] * 30 + [5.0] * 5
    for k, value in enumerate(values):
        await plant.reads(10 * k, value)
    shares: list[float] = []
    case = await load_case(database, tag="PT-1", kind="H", start=START, stop=plant.at(10 * len(values)))
    found = await suggest(database, case, long_s=60, progress=shares.append)
    assert shares[-1] == 1.0
    assert (found.result.before.annunciations, found.result.after.annunciations) == (21, 1)
    assert found.result.lost_long == ()
    assert found.settings != case.present
    again = await try_out(
        database,
        case,
        Proposal(found.settings.limit, found.settings.dead_band, found.settings.on_delay_s, found.settings.off_delay_s),
        long_s=60,
    )
    assert again.trial.result == found.result


@pytest.mark.parametrize(
    ("kind", "limit", "minutes"),
    [("H", 3.0, 60.0), ("H", 3.0, 20.0), ("H", 3.0, 0.5), ("RATE", 2.0, 2.0), ("RATE", 2.0, 0.5)],
)
async def test_no_dead_band_is_suggested_under_which_the_alarm_would_stand(
    database: Database, kind: AlarmKind, limit: float, minutes: float
) -> None:
    """13 alarms a day around a normal value that the wider dead bands reach: of span 100 a band of 2 is 2 %."""
    made = await upsert_sensors(database, [NewSensor("FT-1", unit="u", span_low=0, span_high=100, interval_s=10)])
    sensor = made["FT-1"]
    t = np.arange(0, 86_400, 10)
    beyond = (t % 6_600 > 3_000) & (t % 6_600 <= 3_000 + 60 * minutes)
    values = np.where(beyond, 5.0, 1.0) if kind == "H" else np.cumsum(np.where(beyond, 0.5, 0.0))
    await ingest(database, ReadingBatch.of([sensor] * len(t), START + t * SECOND, values))
    if kind == "H":
        await set_limits(database, sensor, {"H": limit})
    await upsert_definitions(database, [NewAlarmDefinition(sensor, kind, setting=None if kind == "H" else limit)])
    case = await load_case(database, tag="FT-1", kind=kind, start=START, stop=START + DAY)
    assert (await try_out(database, case, Proposal(), long_s=60)).trial.result.before.annunciations == 13
    with pytest.raises(KnownError) as refused:
        await suggest(database, case, long_s=60)
    assert refused.value.code == "alarm.no_suggestion"


async def test_a_definition_that_cannot_be_any_more_is_tried_out_and_mended(database: Database) -> None:
    plant = await plant_with_history(database)
    (alarm,) = await upsert_definitions(database, [NewAlarmDefinition(plant.sensors[0], "RATE", setting=2.0)])
    await database.execute("update alarm_definitions set dead_band = 5 where alarm_id = $1", alarm)
    case = await load_case(database, tag="PT-1", kind="RATE", start=START, stop=plant.at(200))
    assert (await try_out(database, case, Proposal(), long_s=20)).trial.result.before.annunciations == 1
    with pytest.raises(KnownError, match="smaller than its setting"):
        await try_out(database, case, Proposal(on_delay_s=5.0), long_s=20)
    mended = (await try_out(database, case, Proposal(dead_band=1.0), long_s=20)).trial
    assert await put_in_force(database, mended, alarm, reason="Never clears", moc_id=None, station="")


async def test_without_alarms_there_is_nothing_to_suggest(database: Database) -> None:
    plant = await build_plant(database, 1)
    await plant.reads(0, 5.0)
    case = await load_case(database, tag="PT-1", kind="H", start=START, stop=plant.at(60))
    with pytest.raises(KnownError) as refused:
        await suggest(database, case, long_s=60)
    assert refused.value.code == "alarm.no_suggestion"


async def test_what_was_tried_is_put_in_force_with_reason_and_change_request(database: Database) -> None:
    plant = await plant_with_history(database)
    case = await load_case(database, tag="PT-1", kind="H", start=START, stop=plant.at(200))
    tried = (await try_out(database, case, Proposal(limit=10.5, dead_band=1.0, off_delay_s=15.0), long_s=20)).trial
    given = {"reason": "Chatters", "moc_id": "MOC-7", "station": "desk 7"}
    assert await put_in_force(database, tried, plant.high[0], **given)
    now = (await load_case(database, tag="PT-1", kind="H", start=START, stop=plant.at(200))).present
    assert now == tried.proposed
    limit = await database.fetchrow("select moc_id, reason from sensor_limits where kind = 'H' and valid_to is null")
    assert tuple(limit or ()) == ("MOC-7", "Chatters")
    journal = await database.fetch("select reason from alarm_events where kind = 'ATTR' order by event_id")
    moved, journaled = (reason_words(row["reason"]) for row in journal)
    assert moved == "Limit: 10 → 10.5 (Chatters)"
    assert "MOC number: - → MOC-7" in journaled
    assert "Dead band: 0 → 1" in journaled
    noted = await database.fetch("select action, reason, station from audit_log where station = 'desk 7' order by 1")
    assert [tuple(row) for row in noted] == [
        ("alarm.change", "Chatters", "desk 7"),
        ("limits.change", "Chatters", "desk 7"),
    ]
    assert not await put_in_force(database, tried, plant.high[0], **given)
    with pytest.raises(KnownError) as refused:
        await put_in_force(database, tried, plant.high[0], reason=" ", moc_id=None, station="")
    assert refused.value.code == "alarm.reason"


async def test_settings_that_others_have_made_impossible_are_not_put_in_force(database: Database) -> None:
    plant = await plant_with_history(database)
    case = await load_case(database, tag="PT-1", kind="H", start=START, stop=plant.at(200))
    tried = (await try_out(database, case, Proposal(dead_band=6.0), long_s=20)).trial
    await set_limits(database, plant.sensors[0], {"L": 5.0})
    with pytest.raises(KnownError) as refused:
        await put_in_force(database, tried, plant.high[0], reason="Chatters", moc_id=None, station="")
    assert refused.value.code == "alarm.contradiction"
    assert await database.fetchval("select dead_band from alarm_definitions where alarm_id = $1", plant.high[0]) == 0


async def test_the_command_prints_figures_and_refusals(database: Database, dsn: str) -> None:
    await plant_with_history(database)
    days = (time.time_ns() - START + 60 * SECOND) / DAY
    words = ("what-if", "PT-1", "H", "--dead-band", "1", "--days", str(days))
    printed = await asyncio.to_thread(ksys, dsn, *words, "--json")
    assert printed.returncode == 0, printed.stderr
    found = json.loads(printed.stdout)
    assert (found["result"]["before"]["annunciations"], found["result"]["after"]["annunciations"]) == (4, 2)
    spoken = await asyncio.to_thread(ksys, dsn, *words)
    assert "Would remove 50.0 % of the annunciations." in spoken.stdout
    refused = await asyncio.to_thread(ksys, dsn, "what-if", "PT-1", "H", "--on-delay", "-3", "--days", "1")
    assert refused.returncode == 2
    assert "between 0 and 86400" in refused.stderr
