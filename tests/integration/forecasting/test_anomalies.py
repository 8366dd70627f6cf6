"""Detectors on a database: trained on the history, run on what comes, findings begun once and ended once."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from zoneinfo import ZoneInfo

import asyncpg
import numpy as np
import pytest

from ksys_core.domain.quality import BAD
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND
from ksys_core.errors import KnownError
from ksys_core.forecasting.parsed import DETECTORS
from ksys_core.services import anomalies, anomaly_training
from ksys_core.store import anomaly_groups
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, add_sensor, minutes, put
from tests.unit.forecasting.anomaly_unit import normal

SEOUL = ZoneInfo("Asia/Seoul")
ROWS = 1500
UNIT = ("FLOW_A", "FLOW_B", "LEVEL", "PH")


async def unit(db: Database, more: int = 0) -> tuple[list[int], np.ndarray]:
    """Tags of the unit "RO" with readings of `ROWS` minutes before NOW; their numbers, and the `more` values after."""
    values = normal(ROWS + more)
    t = minutes(NOW - ROWS * MINUTE, NOW)
    ids = []
    for i, tag in enumerate(UNIT):
        ids.append(await add_sensor(db, tag))
        await put(db, ids[-1], t, values[:ROWS, i])
    await db.execute("update sensors set area = 'RO/Stage ' || 1 + sensor_id % 2")
    return ids, values[ROWS:]


async def come(db: Database, ids: list[int], values: np.ndarray, start: int = NOW, quality: int = 192) -> None:
    """Readings of the minutes from `start` on."""
    t = minutes(start, start + len(values) * MINUTE)
    for i, sensor_id in enumerate(ids):
        await put(db, sensor_id, t, values[:, i], quality)


def after(rows: int) -> int:
    """When the run that judges the first `rows` minutes is due."""
    return NOW + rows * MINUTE + 20 * SECOND


async def train(db: Database, executor: Executor, now: int = NOW) -> int:
    return await anomaly_training.train_due(db, now_ns=now, executor=executor, zone=SEOUL)


async def found(db: Database) -> list[anomalies.Anomaly]:
    return await anomalies.listed(db, since_ns=NOW - DAY)


async def test_a_fault_is_found_named_and_ended(database: Database, executor: Executor) -> None:
    ids, values = await unit(database, 90)
    assert await train(database, executor) == 1
    values[30:50, 1] = values[10:30, 1] + 1.5  # B leaves A; neither leaves its range
    await come(database, ids, values)
    assert await anomalies.run(database, now_ns=after(20)) == 0
    await anomalies.run(database, now_ns=after(45))

    (group,) = await anomalies.groups(database)
    assert (group.name, group.sensor_ids, group.error) == ("RO", tuple(ids), "")
    (one,) = [a for a in await found(database) if a.kind == "unit"]
    assert (one.group, one.tag, one.until_ns) == ("RO", "", None)
    assert NOW + 30 * MINUTE <= one.since_ns <= NOW + 40 * MINUTE
    assert one.score > 1
    assert one.shares[0][0] == "FLOW_B"

    await anomalies.run(database, now_ns=after(90))
    (over,) = [a for a in await found(database) if a.kind == "unit"]
    assert over.since_ns == one.since_ns
    assert over.until_ns is not None
    assert NOW + 48 * MINUTE <= over.until_ns <= NOW + 60 * MINUTE
    assert await anomalies.listed(database, since_ns=NOW - DAY, active_only=True) == []


async def test_however_often_it_runs_it_finds_the_same(database: Database, executor: Executor) -> None:
    ids, values = await unit(database, 60)
    await train(database, executor)
    await anomalies.run(database, now_ns=after(0))
    values[20:, 1] += 30
    await come(database, ids, values)
    for rows in range(1, 31):
        await anomalies.run(database, now_ns=after(rows))
        assert await anomalies.run(database, now_ns=after(rows) + 10 * SECOND) == 0
    DETECTORS.forget()  # a program that has just begun
    await anomalies.run(database, now_ns=after(60))
    stepwise = [(a.kind, a.tag, a.since_ns, a.until_ns, a.score, a.shares) for a in await found(database)]

    await database.execute("delete from anomalies; update anomaly_detectors set stream = null, seen_to = null")
    await anomalies.run(database, now_ns=after(0))
    await anomalies.run(database, now_ns=after(60))
    at_once = [(a.kind, a.tag, a.since_ns, a.until_ns, a.score, a.shares) for a in await found(database)]
    assert stepwise == at_once
    assert {kind for kind, *_ in at_once} >= {"unit", "rate"}


async def test_bad_quality_and_maintenance_are_silent(database: Database, executor: Executor) -> None:
    ids, values = await unit(database, 40)
    await train(database, executor)
    await anomalies.run(database, now_ns=after(0))
    values[:, 0] += 1000
    await come(database, ids[1:], values[:, 1:])
    await come(database, ids[:1], values[:, :1], quality=BAD)
    await anomalies.run(database, now_ns=after(20))
    assert await found(database) == []

    await come(database, ids[:1], values[:, :1])
    await database.execute(
        "insert into alarm_definitions (sensor_id, kind, setting, priority) values ($1, 'H', 1, 3)", ids[0]
    )
    await database.execute("update alarms set out_of_service = true")
    assert await anomaly_groups.maintained(database) == {ids[0]}
    await anomalies.run(database, now_ns=after(40))
    assert await found(database) == []


async def test_who_is_told_can_read_it(database: Database, executor: Executor) -> None:
    ids, values = await unit(database, 30)
    await train(database, executor)
    await anomalies.run(database, now_ns=after(0))
    values[10:] += 1000
    await come(database, ids, values)
    told: list[str] = []
    listener = await asyncpg.connect(database.dsn)
    await listener.add_listener("ksys", lambda *message: told.append(message[3]))
    await anomalies.run(database, now_ns=after(30))
    rows = await listener.fetchval("select count(*) from anomalies where state = 'active'")
    await listener.close()
    (group,) = await anomalies.groups(database)
    assert {"kind": "anomalies", "ids": [group.group_id]} in [json.loads(text) for text in told]
    assert rows > 4


async def test_detectors_are_trained_once_a_night_and_until_it_succeeds(database: Database, executor: Executor) -> None:
    await add_sensor(database, "PH")
    await database.execute("update sensors set area = 'RO'")
    assert await train(database, executor) == 0
    (group,) = await anomalies.groups(database)
    assert group.error == "Its tags have no history yet."
    assert await train(database, executor, NOW + MINUTE) == 0

    (sensor,) = group.sensor_ids
    t = minutes(NOW - ROWS * MINUTE, NOW)
    await put(database, sensor, t, normal(ROWS)[:, 3])
    assert await train(database, executor, NOW + MINUTE + SECOND) == 0
    assert await train(database, executor, NOW + 2 * MINUTE) == 1
    assert await train(database, executor, NOW + HOUR) == 0
    night = NOW + 7 * HOUR  # 02:00 at the plant
    assert await train(database, executor, night - MINUTE) == 0
    assert await train(database, executor, night) == 1


async def test_a_detector_with_little_history_is_trained_again_when_there_is_more(
    database: Database, executor: Executor
) -> None:
    await unit(database)
    assert await train(database, executor) == 1
    (group,) = await anomalies.groups(database)
    assert group.learned_ns == NOW - ROWS * MINUTE
    await database.execute("update anomaly_detectors set learned_from = trained_at - interval '2 hours'")
    assert await train(database, executor, NOW + 2 * HOUR) == 0
    assert await train(database, executor, NOW + 2 * HOUR + MINUTE) == 1


async def test_a_fault_is_not_learned_from_unless_it_has_become_normal(database: Database, executor: Executor) -> None:
    ids, values = await unit(database, 60)
    await train(database, executor)
    await anomalies.run(database, now_ns=after(0))
    values[20:] += 1000
    await come(database, ids, values)
    await anomalies.run(database, now_ns=after(60))
    assert await train(database, executor, after(60) + DAY // 2) == 1
    rows = {row["artefact"] for row in await database.fetch("select artefact from anomaly_detectors")}
    highest = max(max(json.loads(text)["loc"]) for text in rows)
    assert highest < 110
    await database.execute("update anomalies set since = since - interval '2 days'")
    assert await anomaly_training.train_named(database, ["RO"], now_ns=after(60), executor=executor) == 1
    text = await database.fetchval("select artefact from anomaly_detectors")
    assert max(json.loads(text)["loc"]) > 110


async def test_what_showed_is_over_when_a_detector_begins_anew(database: Database, executor: Executor) -> None:
    ids, values = await unit(database, 30)
    await train(database, executor)
    await anomalies.run(database, now_ns=after(0))
    values[10:] += 1000
    await come(database, ids, values)
    await anomalies.run(database, now_ns=after(30))
    assert any(a.until_ns is None for a in await found(database))
    await anomalies.run(database, now_ns=after(30) + 3 * DAY)
    assert all(a.until_ns is not None for a in await found(database))


async def test_a_detector_that_cannot_be_read_says_so(database: Database, executor: Executor) -> None:
    await unit(database)
    await train(database, executor)
    DETECTORS.forget()
    await database.execute("update anomaly_detectors set artefact = '{}'")
    assert await anomalies.run(database, now_ns=after(0)) == 0
    (group,) = await anomalies.groups(database)
    assert "refused" in group.error


async def test_slow_tags_are_judged_on_a_coarser_grid(database: Database, executor: Executor) -> None:
    values = normal(700)
    t = minutes(NOW - 3500 * MINUTE, NOW, 5)
    for i, tag in enumerate(UNIT):
        await put(database, await add_sensor(database, tag), t, values[:, i])
    await database.execute("update sensors set area = 'RO'")
    assert await train(database, executor) == 1
    assert json.loads(await database.fetchval("select artefact from anomaly_detectors"))["step_s"] == 300


async def test_a_group_of_ones_own_is_audited_and_trained_anew(database: Database, executor: Executor) -> None:
    ids, _ = await unit(database)
    await train(database, executor)
    first = await anomaly_groups.set_group(
        database, "Pumps", area=None, sensor_ids=ids[:2], interval_s=60, enabled=True, station="desk 7"
    )
    again = await anomaly_groups.set_group(
        database, "Pumps", area=None, sensor_ids=ids[:2], interval_s=60, enabled=True
    )
    assert first == again
    assert await train(database, executor) == 1
    await anomaly_groups.set_group(database, "RO", area="RO", sensor_ids=[], interval_s=300, enabled=False)
    by_name = {group.name: group for group in await anomalies.groups(database)}
    assert by_name["Pumps"].sensor_ids == tuple(ids[:2])
    assert (by_name["RO"].enabled, by_name["RO"].trained_ns) == (False, None)
    audit = await database.fetch("select object, station from audit_log where action = 'set_anomaly_group'")
    assert [(row["object"], row["station"]) for row in audit] == [
        ("anomaly group Pumps", "desk 7"),
        ("anomaly group RO", ""),
    ]
    with pytest.raises(KnownError, match="no unit X"):
        await anomaly_training.train_named(database, ["X"], now_ns=NOW, executor=executor)


@pytest.mark.parametrize(("role", "may"), [("operator", False), ("engineer", True), ("service", True)])
async def test_who_may_change_groups(database: Database, role: str, may: bool) -> None:
    function = "set_anomaly_group(text, text, integer[], integer, boolean, text)"
    query = f"select has_function_privilege('ksys_{role}', '{function}', 'execute')"
    assert await database.fetchval(query) is may
    assert not await database.fetchval(f"select has_table_privilege('ksys_{role}', 'anomaly_groups', 'update')")
