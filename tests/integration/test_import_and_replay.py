from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ksys_core.domain.quality import BAD
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND, to_datetime
from ksys_core.errors import KnownError
from ksys_core.services.collecting import collect
from ksys_core.services.imports import ImportPlan, ImportSummary, import_table
from ksys_core.services.plant_setup import install_demo_plant
from ksys_core.settings import Settings
from ksys_core.sources.kinds import SOURCE_KINDS
from ksys_core.sources.replay import ReplayPlan, ReplaySource
from ksys_core.store.pool import Database
from ksys_core.store.readings import raw
from ksys_core.store.sensors import NewSensor, all_sensors, upsert_sensors
from ksys_core.store.sources import enabled_sources, ensure_source

UTC = ZoneInfo("UTC")
NOW = 1_795_000_000 * SECOND
FAR = NOW + 1000 * DAY
FOUR_PENS = "".join(f"2020-01-01 {m // 60:02d}:{m % 60:02d},{m},{m * 2},{m * 3},{m * 4}\n" for m in range(0, 600, 5))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("time,A (m),B,C,D\n" + FOUR_PENS)
    return path


def write(path: Path, content: str) -> None:
    path.write_text(content)


def plan(path: Path, **changes: object) -> ImportPlan:
    given: dict[str, object] = {"create": True, "reject_file": path.with_suffix(".rejects"), **changes}
    return ImportPlan(zone=UTC, **given)  # type: ignore[arg-type]


async def by_tag(database: Database) -> dict[str, int]:
    return {sensor.tag: sensor.sensor_id for sensor in await all_sensors(database)}


async def test_new_tags_carry_unit_origin_and_interval(database: Database, path: Path) -> None:
    summary = await import_table(database, path, plan(path, prefix="P.", rename={"B": "LEVEL"}, unit="bar"))
    assert summary.created == ["P.A", "P.LEVEL", "P.C", "P.D"]
    sensors = {sensor.tag: sensor for sensor in await all_sensors(database)}
    assert (sensors["P.A"].unit, sensors["P.LEVEL"].unit) == ("m", "bar")
    assert {sensor.origin for sensor in sensors.values()} == {"import"}
    assert sensors["P.A"].interval_s == 300
    series = await raw(database, sensors["P.LEVEL"].sensor_id, 0, FAR)
    assert series.v.tolist() == [m * 2.0 for m in range(0, 600, 5)]
    assert not path.with_suffix(".rejects").exists()


async def test_another_value_corrects(database: Database, path: Path) -> None:
    await import_table(database, path, plan(path))
    write(path, "time,A (m),B,C,D\n" + FOUR_PENS.replace("00:05,5,10,", "00:05,7,10,"))
    summary = await import_table(database, path, plan(path, create=False))
    assert (summary.inserted, summary.corrected, summary.unchanged) == (0, 1, 479)


async def test_a_stopped_import_is_taken_up(database: Database, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ksys_core.sources.tabular.reader.CELLS_PER_PIECE", 50)
    reached = asyncio.Event()
    seen: list[int] = []

    def stop_after_two(summary: ImportSummary) -> None:
        seen.append(summary.inserted)
        if len(seen) == 2:
            reached.set()

    importing = asyncio.create_task(import_table(database, path, plan(path), stop_after_two))
    await reached.wait()
    importing.cancel()
    await asyncio.gather(importing, return_exceptions=True)
    stored = await database.fetchval("select count(*) from sensor_readings")
    assert 80 <= stored < 480
    summary = await import_table(database, path, plan(path))
    assert summary.inserted + summary.unchanged == 480
    assert summary.unchanged == stored
    assert await database.fetchval("select count(*) from sensor_readings") == 480


async def test_long_table_with_bad_and_unknown_rows(database: Database, path: Path) -> None:
    await upsert_sensors(database, [NewSensor("A")])
    write(
        path,
        "ts,tag,value,quality\n2020-01-01 00:00,A,1,192\n2020-01-01 00:01,A,,0\n"
        "2020-01-01 00:00,ZZ,1,192\n2020-01-01 00:02,A,one,192\n",
    )
    summary = await import_table(database, path, plan(path, create=False))
    assert (summary.inserted, summary.rejects, summary.tags) == (2, 2, ["A"])
    series = await raw(database, (await by_tag(database))["A"], 0, FAR)
    assert series.quality.tolist() == [192, BAD]
    lines = path.with_suffix(".rejects").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["4", "5"]


@pytest.mark.parametrize("tag", ["FEED_FLOW", "RECOVERY_RATE"])
async def test_simulated_and_computed_tags_take_no_imports(database: Database, path: Path, tag: str) -> None:
    await install_demo_plant(database)
    with pytest.raises(KnownError, match=tag):
        await import_table(database, path, plan(path, rename={"A": tag}))
    assert await database.fetchval("select count(*) from sensor_readings") == 0


async def test_two_columns_of_one_tag_are_refused(database: Database, path: Path) -> None:
    with pytest.raises(KnownError, match="mean the tag B"):
        await import_table(database, path, plan(path, rename={"A": "B"}))


def ticking(start: int, step: int) -> Callable[[], int]:
    """A clock that moves on by `step` with every look."""
    moment = start - step

    def clock() -> int:
        nonlocal moment
        moment += step
        return moment

    return clock


async def test_replay_comes_in_order_shifted_to_now(database: Database, path: Path) -> None:
    source = ReplaySource(database, ReplayPlan(path, UTC, speed=60), clock=ticking(NOW + 2 * SECOND, 20 * SECOND))
    rows: list[int] = []
    await collect(database, source, stored=lambda count, _newest: rows.append(count))
    assert sum(rows) == 480
    assert len(rows) > 5
    ids = await by_tag(database)
    series = await raw(database, ids["REPLAY_C"], 0, FAR)
    assert series.v.tolist() == [m * 3.0 for m in range(0, 600, 5)]
    assert set(np.diff(series.t).tolist()) == {5 * SECOND}
    assert 0 <= NOW + 22 * SECOND - int(series.t[0]) <= 25 * SECOND
    sensor = next(sensor for sensor in await all_sensors(database) if sensor.tag == "REPLAY_A")
    assert (sensor.origin, sensor.unit, sensor.interval_s) == ("replay", "m", 5.0)


async def test_replay_keeps_the_phase_of_the_recording(database: Database, path: Path) -> None:
    source = ReplaySource(database, ReplayPlan(path, UTC), clock=ticking(NOW + 7 * SECOND, 10 * HOUR))
    await collect(database, source)
    series = await raw(database, (await by_tag(database))["REPLAY_A"], 0, FAR)
    assert (series.t % (5 * MINUTE) == 0).all()
    assert int(series.t[0]) <= NOW + 10 * HOUR + 7 * SECOND


async def test_replay_stores_the_history_before_it_begins(database: Database, path: Path) -> None:
    replay = ReplayPlan(path, UTC, speed=10, history_days=0.25)
    seen: list[tuple[int, int]] = []
    source = ReplaySource(database, replay, clock=ticking(NOW, HOUR))
    await collect(database, source, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (4 * 72, 4 * 72)
    series = await raw(database, (await by_tag(database))["REPLAY_A"], 0, FAR)
    assert len(series) == 120
    assert set(np.diff(series.t).tolist()) == {30 * SECOND}


async def test_replay_loops(database: Database, path: Path) -> None:
    source = ReplaySource(database, ReplayPlan(path, UTC, speed=60, loop=True), clock=ticking(NOW, 5 * MINUTE))
    times: list[int] = []
    async for batch in source.batches():
        times += np.unique(batch.t).tolist()
        if len(times) > 300:
            break
    assert set(np.diff(times).tolist()) == {5 * SECOND}


async def test_replay_never_writes_into_measured_tags(database: Database, path: Path) -> None:
    await import_table(database, path, plan(path))
    source = ReplaySource(database, ReplayPlan(path, UTC, prefix=""))
    with pytest.raises(KnownError, match="--prefix"):
        await collect(database, source)


async def test_rows_of_data_sources_make_sources(database: Database, path: Path) -> None:
    await install_demo_plant(database, seed=3, history_days=0)
    await ensure_source(database, "film", "replay", {"path": str(path), "zone": "UTC", "speed": 60})
    for definition in await enabled_sources(database):
        source = SOURCE_KINDS[definition.kind](database, Settings(), definition)
        batch = await anext(aiter(source.batches()))
        assert len(batch)
        assert source.origin == {"film": "replay", "simulator": "simulator"}[definition.name]
    production = Settings(app_env="production")
    for definition in await enabled_sources(database):
        with pytest.raises(KnownError, match="production"):
            SOURCE_KINDS[definition.kind](database, production, definition)


async def test_year_of_hours_with_both_clock_changes(database: Database, path: Path) -> None:
    """As the inflows of Ferrara are published: hourly wall-clock time, one hour missing, one double."""
    rome = ZoneInfo("Europe/Rome")
    start = to_datetime(1_609_455_600 * SECOND)  # 2021-01-01 00:00 in Rome
    hours = [to_datetime(int(start.timestamp()) * SECOND + i * HOUR).astimezone(rome) for i in range(8760)]
    rows = "".join(f"{hour:%Y-%m-%d %H:%M},{i}\n" for i, hour in enumerate(hours))
    write(path, "Date-time CET-CEST,DMA 1 (L/s)\n" + rows)
    summary = await import_table(database, path, ImportPlan(rome, path.with_suffix(".r"), create=True))
    assert (summary.inserted, summary.rejects) == (8760, 0)
    series = await raw(database, (await by_tag(database))["DMA 1"], 0, FAR)
    assert set(np.diff(series.t).tolist()) == {HOUR}
    assert series.v.tolist() == list(range(8760))
