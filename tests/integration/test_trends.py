"""Trends: the level that is chosen, and that no extreme, gap or bad reading is lost on the way to the screen."""

from __future__ import annotations

import numpy as np
import pytest

from ksys_core.domain.quality import BAD, GOOD, UNCERTAIN
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND
from ksys_core.services import rollups
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, upsert_sensors
from ksys_core.store.trends import choose_level, trend

START = 1_749_945_600 * SECOND  # a midnight UTC
PIXELS = 500


@pytest.fixture
async def tags(database: Database) -> list[int]:
    """Two tags with twelve days of readings every 10 s: one with a spike, a gap of five hours and a bad hour."""
    made = await upsert_sensors(database, [NewSensor(f"TAG_{n}", interval_s=10) for n in range(2)])
    ids = sorted(made.values())
    t = START + np.arange(12 * 8640) * 10 * SECOND
    v = np.sin(t / HOUR) * 10
    v[50_000] = 99.0
    quality = np.full(len(t), GOOD, np.uint8)
    quality[(t >= START + 3 * DAY) & (t < START + 3 * DAY + HOUR)] = BAD
    there = (t < START + 5 * DAY) | (t >= START + 5 * DAY + 5 * HOUR)
    await ingest(database, ReadingBatch.of(np.full(there.sum(), ids[0]), t[there], v[there], quality[there]))
    await ingest(database, ReadingBatch.of(np.full(len(t), ids[1]), t, -v))
    return ids


@pytest.mark.parametrize("rolled_up", [False, True], ids=["live", "rolled up"])
async def test_long_trend_keeps_spike_gap_and_bad_hour(database: Database, tags: list[int], rolled_up: bool) -> None:
    if rolled_up:
        await rollups.run(database, clock=lambda: START + 11 * DAY)
    pens = await trend(database, tags, START, START + 12 * DAY, PIXELS)
    noisy, clean = pens[tags[0]], pens[tags[1]]
    assert noisy.level == clean.level == "10m"
    assert len(clean) <= 2 * PIXELS
    assert np.isfinite(clean.mean).all()
    assert np.nanmax(noisy.max) == 99.0
    assert np.nanmin(clean.min) == -99.0
    lost = noisy.t[np.isnan(noisy.mean)]
    assert START + 5 * DAY in lost
    assert not ((lost > START + 5 * DAY) & (lost < START + 5 * DAY + 5 * HOUR)).any()
    bad = (noisy.t >= START + 3 * DAY) & (noisy.t + noisy.step_ns <= START + 3 * DAY + HOUR)
    assert bad.any()
    assert np.isnan(noisy.mean[bad]).all()
    assert (noisy.quality[bad] == BAD).all()
    assert clean.n.sum() == 12 * 8640


async def test_short_trend_shows_every_reading(database: Database, tags: list[int]) -> None:
    series = (await trend(database, [tags[1]], START, START + HOUR, PIXELS))[tags[1]]
    assert (series.level, series.step_ns, len(series)) == ("raw", 0, 360)
    np.testing.assert_array_equal(series.min, series.last)


async def test_raw_level_is_folded_to_the_pixels(database: Database, tags: list[int]) -> None:
    series = (await trend(database, [tags[1]], START, START + 3 * DAY, PIXELS))[tags[1]]
    assert series.level == "raw"
    assert series.step_ns > 0
    assert len(series) <= 2 * PIXELS + 1
    assert series.n.sum() == 3 * 8640


async def test_values_agree_between_levels(database: Database, tags: list[int]) -> None:
    await rollups.run(database, clock=lambda: START + 13 * DAY)
    window = (START + DAY, START + 2 * DAY)
    fine = (await trend(database, [tags[1]], *window, 10_000))[tags[1]]
    for pixels in (400, 40, 4):
        coarse = (await trend(database, [tags[1]], START, START + 12 * DAY, pixels))[tags[1]]
        inside = (coarse.t >= window[0]) & (coarse.t + coarse.step_ns <= window[1])
        for i in np.flatnonzero(inside)[:50]:
            same = (fine.t >= coarse.t[i]) & (fine.t < coarse.t[i] + coarse.step_ns)
            assert coarse.n[i] == same.sum()
            assert coarse.min[i] == fine.min[same].min()
            assert coarse.max[i] == fine.max[same].max()
            assert coarse.first[i] == fine.first[same][0]
            assert coarse.last[i] == fine.last[same][-1]
            assert coarse.mean[i] == pytest.approx(fine.mean[same].mean())


async def test_empty_windows_and_unknown_tags_are_empty_series(database: Database, tags: list[int]) -> None:
    pens = await trend(database, [tags[0], 4711], START + 100 * DAY, START + 200 * DAY, PIXELS)
    assert {i: len(series) for i, series in pens.items()} == {tags[0]: 0, 4711: 0}
    assert await trend(database, [], START, START + DAY, PIXELS) == {}
    assert len((await trend(database, tags, START, START, PIXELS))[tags[0]]) == 0


async def test_uncertain_readings_count_and_mark_their_bucket(database: Database, tags: list[int]) -> None:
    await ingest(database, ReadingBatch.of([tags[1]], [START], [-50.0], [UNCERTAIN]))
    series = (await trend(database, [tags[1]], START, START + 12 * DAY, PIXELS))[tags[1]]
    assert series.min[0] == -50.0
    assert series.quality[0] == UNCERTAIN


@pytest.mark.parametrize(
    ("rows", "most", "span", "pixels", "level"),
    [
        (90_000, 90_000, 30 * DAY, 1000, "raw"),
        (200_000, 2_000, DAY, 1000, "raw"),
        (8 * 8640, 8640, DAY, 1920, "raw"),
        (8 * 259_200, 259_200, 30 * DAY, 1920, "10m"),
        (8 * 60_480, 60_480, 5 * DAY, 1920, "1m"),
        (8 * 3_000_000, 3_000_000, 366 * DAY, 1920, "1h"),
        (8 * 3_000_000, 3_000_000, 366 * DAY, 500, "1d"),
        (10**9, 10**9, 3660 * DAY, 1920, "1d"),
    ],
)
def test_level_follows_rows_and_pixels(rows: int, most: int, span: int, pixels: int, level: str) -> None:
    assert choose_level(rows, most, span, pixels) == level


async def test_buckets_touching_the_edges_are_there(database: Database, tags: list[int]) -> None:
    start = START + 7 * MINUTE
    series = (await trend(database, tags, start, start + 11 * DAY, PIXELS))[tags[1]]
    assert series.t[0] <= start < series.t[0] + series.step_ns
