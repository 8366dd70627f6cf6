"""Labelled events in the database, what alarms and advisories made of them, and the command on a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ksys_core.domain.crossing import Crossing
from ksys_core.domain.times import HOUR, MINUTE, to_datetime
from ksys_core.errors import DeniedError, KnownError
from ksys_core.services import labels
from ksys_core.services.alarms_evaluator import AlarmEvaluator
from ksys_core.services.alarms_kpis import alarm_kpis
from ksys_core.services.labels import Label
from ksys_core.store import advisories
from ksys_core.store.advisories import NewAdvisory
from ksys_core.store.pool import Database
from tests.integration.alarms_plant import START, Plant, build_plant
from tests.integration.test_alarms_kpis import ksys


async def plant_with_event(database: Database) -> Plant:
    """PT-1 is in alarm at 1000 s and 1060 s, PT-2 at 3000 s; an advisory of PT-1 was opened at 400 s."""
    plant = await build_plant(database, 2)
    await database.execute("update sensors set area = 'RO/' || tag")
    evaluator = AlarmEvaluator(database, plant.clock)
    for second, values in (
        (0, (5, 5)),
        (1000, (12, 5)),
        (1030, (5, 5)),
        (1060, (12, 5)),
        (1090, (5, 5)),
        (3000, (5, 12)),
    ):
        await evaluator.on_batch(await plant.reads(second, *map(float, values)))
    found = Crossing(0.8, plant.at(1100), plant.at(900), plant.at(1500))
    made = NewAdvisory(plant.sensors[0], "H", 10.0, 1, "model", plant.at(300), found, plant.at(9000))
    await advisories.save(database, opened=[made], updated=[], closed=[], now=plant.at(400))
    return plant


async def test_labels_are_stored_once_listed_and_taken_away(database: Database) -> None:
    await build_plant(database, 1)
    given = [Label("PT-1", "", START, START + HOUR, "Fouling"), Label(None, "RO", START, START + HOUR, "–")]
    assert await labels.add_labels(database, given, station="desk") == 2
    assert await labels.add_labels(database, given, station="desk") == 0, "known already"
    stored = await labels.stored_labels(database)
    assert {(each.label.tag, each.label.area) for each in stored} == {("PT-1", ""), (None, "RO")}
    assert await labels.remove_label(database, stored[0].event_id, station="desk")
    assert not await labels.remove_label(database, stored[0].event_id, station="desk")
    noted = await database.fetch("select action from audit_log where station = 'desk' order by audit_id")
    assert [row["action"] for row in noted] == ["event.label", "event.label", "event.unlabel"]
    with pytest.raises(KnownError, match="PT-9"):
        await labels.add_labels(database, [Label("PT-9", "", 0, 1, "x")], station="")


async def test_alarms_and_advisories_are_judged_where_there_are_labels(database: Database) -> None:
    plant = await plant_with_event(database)
    await labels.add_labels(database, [Label("PT-1", "", plant.at(1000), plant.at(1200), "Fouling")], station="")
    whole, one = await labels.compare_stored(database, start=START, stop=START + 2 * HOUR)
    assert (whole.name, one.name, whole.rules, whole.model) == ("All labelled events", "PT-1", one.rules, one.model)
    assert (one.rules.found, one.rules.detections, one.rules.hits) == (1, 2, 2), "PT-2 has no label: not judged"
    assert (one.model.found, one.model.precision, one.model.lead_s) == (1, 1.0, 600.0)
    (_, strict) = await labels.compare_stored(database, start=START, stop=START + 2 * HOUR, early_ns=5 * MINUTE)
    assert (strict.model.found, strict.model.precision) == (0, 0.0)
    assert await labels.compare_stored(database, start=START + 2 * HOUR, stop=START + 3 * HOUR) == []


async def test_an_area_holds_what_lies_below_it(database: Database) -> None:
    plant = await plant_with_event(database)
    await labels.add_labels(database, [Label(None, "RO", plant.at(2900), plant.at(3100), "x")], station="")
    _, area = await labels.compare_stored(database, start=START, stop=START + 2 * HOUR, early_ns=0)
    assert (area.name, area.rules.detections, area.rules.hits, area.model.detections) == ("RO", 3, 1, 1)


async def test_labelled_events_are_the_upsets_of_the_key_figures(database: Database) -> None:
    plant = await plant_with_event(database)
    stop = START + HOUR
    assert (await alarm_kpis(database, start=START, stop=stop)).after_upset is None
    await labels.add_labels(database, [Label("PT-1", "", plant.at(900), plant.at(1200), "x")], station="")
    assert (await alarm_kpis(database, start=START, stop=stop)).after_upset == 2
    assert (await alarm_kpis(database, start=START, stop=stop, area="RO/PT-2")).upsets == 0


@pytest.mark.parametrize(("group", "may"), [("ksys_engineer", True), ("ksys_operator", False)])
async def test_engineers_label(database: Database, login_dsn: Callable[[str], str], group: str, may: bool) -> None:
    await build_plant(database, 1)
    db = await Database.connect(await asyncio.to_thread(login_dsn, group), pool_min=1, pool_max=1)
    try:
        label = Label("PT-1", "", START, START + HOUR, "x")
        if may:
            assert await labels.add_labels(db, [label], station="") == 1
            assert [each.by for each in await labels.stored_labels(db)] == [f"test_{group}"]
        else:
            with pytest.raises(DeniedError):
                await labels.add_labels(db, [label], station="")
    finally:
        await db.close()


async def test_the_command_compares_a_file(dsn: str, tmp_path: Path) -> None:
    t = START + np.arange(600) * MINUTE
    v = 10 + np.sin(np.arange(600) / 9.0) + np.random.default_rng(3).normal(0, 0.1, 600)
    v[500:520] = 30.0
    rows = [f"{to_datetime(int(at)).isoformat()},{value:.4f}" for at, value in zip(t, v, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["time,FLOW", *rows]), "utf-8")
    times = ",".join(to_datetime(int(t[k])).isoformat() for k in (500, 520))
    (tmp_path / "l.csv").write_text(f"from,to\n{times}\n", "utf-8")
    words = ("compare", str(tmp_path / "t.csv"), "--labels", str(tmp_path / "l.csv"), "--training", "0.5")
    told = await asyncio.to_thread(ksys, dsn, *words, "--json")
    found = json.loads(told.stdout)
    assert (found["name"], found["rules"]["recall"], found["model"]["recall"]) == ("FLOW", 1.0, 1.0), told.stderr
    spoken = await asyncio.to_thread(ksys, dsn, *words)
    assert "Rules: 1 of 1 events found" in spoken.stdout
