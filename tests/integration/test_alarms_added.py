"""New alarms in the master alarm table: of every kind, and on tags that have limits already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ksys_core.domain.alarms.master import MasterRecord
from ksys_core.errors import KnownError
from ksys_core.services import alarms_master as master
from ksys_core.store.pool import Database
from ksys_core.store.sensors import limits_in_force, set_limits
from tests.integration.alarms_plant import build_plant
from tests.integration.test_alarms_master import of, save


async def test_alarms_of_every_kind_are_added_changed_and_survive_a_file(database: Database, tmp_path: Path) -> None:
    await build_plant(database)
    table = await master.load_table(database)
    settings = {"HH": 15.0, "LL": -5.0, "RATE": 3.0, "DEV": 2.0, "FLAT": 600.0, "STATE": 1.0, "SOURCE": None}
    new = [
        MasterRecord("PT-1", kind, "x", limit=setting, reference_tag="PT-2" * (kind == "DEV"))
        for kind, setting in settings.items()
    ]
    assert await save(database, table, *new) == len(new)
    table = await master.load_table(database)
    assert {record.key: record for record in new}.items() <= table.records.items()
    changed = [replace(record, owner="kim", on_delay_s=5.0) for record in new]
    assert await save(database, table, *changed) == len(new)
    table = await master.load_table(database)
    assert {record.key: record for record in changed}.items() <= table.records.items()
    await master.export_table(tmp_path / "a.csv", table)
    assert (await master.read_changes(tmp_path / "a.csv", table)).count("unchanged") == 4 + len(new)
    text = (tmp_path / "a.csv").read_text("utf-8")
    (tmp_path / "a.csv").write_text(text.replace("kim", "lee"), "utf-8")
    found = await master.read_changes(tmp_path / "a.csv", table)
    assert found.count("changed") == len(new)
    assert await save(database, table, *found.wanted) == len(new)


async def test_a_new_alarm_takes_the_limit_that_its_tag_has_already_or_another(database: Database) -> None:
    plant = await build_plant(database)
    await set_limits(database, plant.sensors[0], {"HH": 15.1})
    await set_limits(database, plant.sensors[1], {"HH": 15.1, "LL": -5.0})
    table = await master.load_table(database)
    new = [MasterRecord("PT-1", "HH", limit=15.1), MasterRecord("PT-2", "HH", limit=16.0), MasterRecord("PT-2", "LL")]
    assert await save(database, table, *new) == 3
    assert await limits_in_force(database) == {
        plant.sensors[0]: {"HH": 15.1, "H": 10.0, "L": 0.0},
        plant.sensors[1]: {"HH": 16.0, "H": 10.0, "L": 0.0, "LL": -5.0},
    }
    table = await master.load_table(database)
    assert [of(table, "PT-2", kind).limit for kind in ("HH", "LL")] == [16.0, -5.0]


async def test_a_second_alarm_of_a_kind_comes_by_dialog_and_by_file(database: Database, tmp_path: Path) -> None:
    plant = await build_plant(database)
    assert await save(database, await master.load_table(database), MasterRecord("PT-1", "H", "2nd", limit=10.0)) == 1
    (tmp_path / "a.csv").write_text("tag,kind,label,limit\nPT-1,H,3rd,10\nPT-2,H,2nd,10\nPT-2,HH,,15\n", "utf-8")
    await set_limits(database, plant.sensors[1], {"HH": 15.0})
    table = await master.load_table(database)
    found = await master.read_changes(tmp_path / "a.csv", table)
    assert [row.status for row in found.rows] == ["added"] * 3
    assert await save(database, table, *found.wanted) == 3
    assert {record.limit for record in (await master.load_table(database)).records.values() if record.kind == "H"} == {
        10
    }


@pytest.mark.parametrize("at_first", [None, 15.0])
async def test_a_limit_that_came_since_the_table_was_read_is_not_overwritten_by_a_new_alarm(
    database: Database, at_first: float | None
) -> None:
    plant = await build_plant(database)
    await set_limits(database, plant.sensors[0], {"HH": at_first})
    table = await master.load_table(database)
    await set_limits(database, plant.sensors[0], {"HH": 16.0})
    with pytest.raises(KnownError, match="has changed limit HH meanwhile"):
        await save(database, table, MasterRecord("PT-1", "HH", limit=15.0))
    assert (await limits_in_force(database))[plant.sensors[0]]["HH"] == 16.0
    assert ("PT-1", "HH", "") not in (await master.load_table(database)).records
