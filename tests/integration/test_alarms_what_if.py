"""What-if on a stored history: present and proposed definition, refusals, and the command."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from ksys_core.domain.times import DAY, SECOND
from ksys_core.errors import KnownError
from ksys_core.services.alarms_what_if import Proposal, Trial, what_if
from ksys_core.store.pool import Database
from ksys_core.store.sensors import set_limits
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
