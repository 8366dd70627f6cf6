"""An evaluator killed by SIGKILL again and again while readings come: every alarm exactly once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from ksys_core.domain.alarms.definition import NewAlarmDefinition
from ksys_core.domain.alarms.engine import step
from ksys_core.domain.alarms.transitions import EVENTS
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND
from ksys_core.services import alarms
from ksys_core.services.alarms_evaluator import evaluate_once
from ksys_core.store import alarms_state
from ksys_core.store.alarms import upsert_definitions
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, set_limits, upsert_sensors

pytestmark = pytest.mark.timeout(180)

TAGS, KILLS, BATCHES = 40, 10, 12


def start_evaluator(dsn: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"TS_DSN": dsn}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.alarm_evaluator"], env=environment, stdout=subprocess.DEVNULL
    )


async def build(db: Database) -> list[int]:
    made = await upsert_sensors(db, [NewSensor(f"T-{k}", span_low=0, span_high=20) for k in range(TAGS)])
    for sensor_id in made.values():
        await set_limits(db, sensor_id, {"H": 10.0, "L": 5.0})
    await upsert_definitions(
        db,
        [
            NewAlarmDefinition(s, kind, dead_band=1.0, on_delay_s=(k % 3) * 2.0, off_delay_s=(k % 2) * 3.0)
            for k, s in enumerate(made.values())
            for kind in ("H", "L")
        ],
    )
    return list(made.values())


async def more_events(db: Database, than: int) -> None:
    """Wait until the process under test has written."""
    while await db.fetchval("select count(*) from alarm_events") <= than:  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(0.01)


async def test_ten_kills_leave_the_journal_of_an_undisturbed_run(database: Database, dsn: str) -> None:
    sensors = await build(database)
    begin = time.time_ns() // SECOND * SECOND - 1000 * SECOND
    draw = np.random.default_rng(3)
    values = np.full(TAGS, 7.5)
    await ingest(database, ReadingBatch.of(sensors, [begin] * TAGS, values))
    await evaluate_once(database, lambda: begin)
    async with database.connection() as connection:
        loaded = await alarms_state.load(connection, begin)

    second, sent = 0, []
    for _ in range(KILLS):
        process = start_evaluator(dsn)
        written = await database.fetchval("select count(*) from alarm_events")
        for _ in range(BATCHES):
            second += 1
            values = np.clip(values + draw.normal(0, 2, TAGS), 0, 15)
            sent.append(ReadingBatch.of(sensors, [begin + second * SECOND] * TAGS, values))
            await ingest(database, sent[-1])
        await more_events(database, written + int(draw.integers(0, 15)))
        process.kill()
        process.wait()
    await evaluate_once(database, lambda: begin + second * SECOND)

    expected = []
    state = loaded.state
    for batch in sent:
        done = step(state, loaded.definitions, batch)
        state, k = done.state, done.transitions
        expected += [
            (int(loaded.definitions.alarm_id[k.row[i]]), EVENTS[k.event[i]], int(k.source[i]), int(k.occurrence[i]))
            for i in range(len(k))
        ]
    page = await alarms.journal(database, limit=100_000)
    found = [(e.alarm_id, e.kind, e.source, e.occurrence) for e in page.entries]
    assert len(expected) > 200
    assert sorted(found) == sorted(expected)
    assert await alarms.journal_breaks(database) == []
