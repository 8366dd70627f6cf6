from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.domain.quality import BAD_COMM_FAILURE, GOOD
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND
from ksys_core.sources.simulator import noise
from ksys_core.sources.simulator.guidance import GUIDANCE
from ksys_core.sources.simulator.plant import STEP, Block, SimulatedPlant, readings_by_tag
from ksys_core.sources.simulator.process import PRODUCT_TANK_M3, RAW_TANK_M3
from ksys_core.sources.simulator.scenarios import PULSES, UPSETS
from ksys_core.sources.simulator.tags import AREA_PARTS, TAGS, VIRTUAL_TAGS

NOW = 1_795_000_000 * SECOND
PLANT = SimulatedPlant(seed=1)
ROWS = {spec.tag: row for row, spec in enumerate(TAGS)}

days = st.integers(20_000, 21_500)
seeds = st.integers(0, 50)


def same(a: Block, b: Block) -> bool:
    pairs = ((a.t, b.t), (a.v, b.v), (a.quality, b.quality), (a.present, b.present))
    return all(np.array_equal(x, y, equal_nan=x.dtype.kind == "f") for x, y in pairs)


@settings(max_examples=25, deadline=None)
@given(
    start=st.integers(NOW - 40 * DAY, NOW),
    cuts=st.lists(st.integers(0, 30 * HOUR), max_size=4),
    step=st.sampled_from([STEP, 60 * SECOND, 7 * SECOND]),
)
def test_any_cut_gives_the_same_values(start: int, cuts: list[int], step: int) -> None:
    stop = start + 30 * HOUR
    whole = PLANT.block(start, stop, step)
    edges = [start, *sorted(start + cut for cut in cuts), stop]
    fresh = SimulatedPlant(seed=1)
    parts = [fresh.block(a, b, step) for a, b in reversed(list(pairwise(edges)))][::-1]
    joined = Block(
        np.concatenate([part.t for part in parts]),
        *(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("v", "quality", "present")),
    )
    assert same(whole, joined)


@settings(max_examples=20, deadline=None)
@given(st.integers(NOW - 40 * DAY, NOW))
def test_a_coarser_step_picks_from_the_finer(start: int) -> None:
    fine, coarse = PLANT.block(start, start + HOUR, STEP), PLANT.block(start, start + HOUR, 6 * STEP)
    at = np.searchsorted(fine.t, coarse.t)
    assert np.array_equal(fine.v[:, at], coarse.v, equal_nan=True)


def test_seeds_are_different_plants() -> None:
    assert not np.array_equal(PLANT.block(NOW, NOW + HOUR).v, SimulatedPlant(2).block(NOW, NOW + HOUR).v)


def test_instants_are_multiples_of_the_step() -> None:
    block = PLANT.block(NOW + 1, NOW + MINUTE + 1)
    assert (block.t % STEP == 0).all()
    assert len(block.t) == 6


@settings(max_examples=25, deadline=None)
@given(seeds, days)
def test_mass_and_salt_balance(seed: int, day: int) -> None:
    process = SimulatedPlant(seed).process(day)
    np.testing.assert_allclose(process.feed_flow, process.product_flow + process.conc_flow, atol=1e-9)
    stages, running = process.stages, process.running > 0.99
    salt_in = process.feed_flow * process.feed_cond
    salt_out = process.product_flow * stages.cond + process.conc_flow * stages.conc_cond
    np.testing.assert_allclose(salt_in[running], salt_out[running], rtol=1e-9)
    for level, volume, net in (
        (process.product_level, PRODUCT_TANK_M3, process.product_flow - process.demand_flow),
        (process.raw_level, RAW_TANK_M3, process.raw_flow - process.feed_flow),
    ):
        filled = np.diff(level) / 100 * volume
        np.testing.assert_allclose(filled, (net[1:] + net[:-1]) / 2 / 60, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(seeds, days)
def test_levels_run_on_over_midnight_and_stay_inside(seed: int, day: int) -> None:
    plant = SimulatedPlant(seed)
    today, tomorrow = plant.process(day), plant.process(day + 1)
    for a, b in ((today.product_level, tomorrow.product_level), (today.raw_level, tomorrow.raw_level)):
        assert a[-1] == pytest.approx(b[0], abs=1e-6)
        assert a.min() > 2
        assert a.max() < 100
    assert today.demand_flow.min() > 0
    assert today.raw_flow.min() >= 0


@settings(max_examples=10, deadline=None)
@given(seeds, days)
def test_values_stay_in_span_and_normal_ones_dominate(seed: int, day: int) -> None:
    plant = SimulatedPlant(seed)
    start = plant.calendar.start_of(day)
    values = readings_by_tag(plant.block(start, start + DAY, MINUTE), plant.tags)
    for spec in TAGS:
        v = values[spec.tag][np.isfinite(values[spec.tag])]
        assert v.min() >= spec.span[0]
        assert v.max() <= spec.span[1]
        if spec.tag not in ("DP_STAGE2", "CARTRIDGE_DP"):
            usual = (v >= spec.normal[0]) & (v <= spec.normal[1])
            assert usual.mean() > 0.5, spec.tag


def alarming(block: Block) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    beyond = np.zeros(len(block.t), np.bool_)
    for row, spec in enumerate(TAGS):
        for kind, limit in spec.limits.items():
            v = np.nan_to_num(block.v[row], nan=sum(spec.normal) / 2)
            beyond |= v > limit if kind in ("H", "HH") else v < limit
    return beyond


@settings(max_examples=20, deadline=None)
@given(seeds, days)
def test_at_every_moment_an_alarm_condition_holds(seed: int, day: int) -> None:
    plant = SimulatedPlant(seed)
    start = plant.calendar.start_of(day)
    block = plant.block(start, start + DAY, 30 * SECOND)
    process = plant.process(day)
    load = np.interp(block.t, process.t, process.running)
    steady = (load < 0.5) | (load > 0.98)  # not while the pump ramps up or down, about a minute each
    assert steady.mean() > 0.99
    assert alarming(block)[steady].all()


def test_pulses_come_and_go_within_minutes() -> None:
    events = [e for e in PLANT.scenarios(NOW, NOW + DAY) if e.kind.effect == "pulse"]
    assert len(events) > 80
    for event in events[:12]:
        spec = TAGS[ROWS[event.kind.tags[0]]]
        around = PLANT.block(event.start - MINUTE, event.stop + MINUTE)
        v = around.v[ROWS[spec.tag]]
        middle = (around.t > event.start + MINUTE) & (around.t < event.stop - MINUTE)
        limit = spec.limits["L"] if spec.tag == "FEED_PH" else spec.limits["H"]
        assert (v[middle] < limit).all() if spec.tag == "FEED_PH" else (v[middle] > limit).all()


def test_every_upset_comes_within_eight_days_and_shows() -> None:
    events = [e for e in PLANT.scenarios(NOW, NOW + 8 * DAY) if e.kind.effect == "upset"]
    assert {e.kind.name for e in events} == {kind.name for kind in UPSETS}
    for event in events:
        spec = TAGS[ROWS[event.kind.tags[-1]]]
        during = PLANT.block(event.start, event.stop + HOUR).v[ROWS[spec.tag]]
        beyond = [
            (during > limit).any() if kind in ("H", "HH") else (during < limit).any()
            for kind, limit in spec.limits.items()
        ]
        assert any(beyond), (event.kind.name, spec.tag)


def test_scenarios_are_those_that_touch_the_stretch() -> None:
    whole = PLANT.scenarios(NOW, NOW + 3 * DAY)
    part = PLANT.scenarios(NOW + DAY, NOW + DAY + HOUR)
    assert part == [e for e in whole if e.start < NOW + DAY + HOUR and e.stop > NOW + DAY]


def test_outages_are_bad_or_missing_rows() -> None:
    events = PLANT.scenarios(NOW - 20 * DAY, NOW)
    bad = next(e for e in events if e.kind.effect == "bad")
    missing = next(e for e in events if e.kind.effect == "missing")
    row = next(i for i, spec in enumerate(TAGS) if spec.area == bad.area)
    block = PLANT.block(bad.start - STEP, bad.stop + STEP)
    inside = (block.t >= bad.start) & (block.t < bad.stop)
    assert (block.quality[row][inside] == BAD_COMM_FAILURE).all()
    assert (block.quality[row][~inside] == GOOD).all()
    assert np.isnan(block.v[row][inside]).all()
    row = next(i for i, spec in enumerate(TAGS) if spec.area == missing.area)
    block = PLANT.block(missing.start, missing.stop)
    assert not block.present[row].any()
    assert np.array_equal(PLANT.expected(TAGS[row].tag, block.t), block.present[row])
    assert len(block.batch(np.arange(len(TAGS)))) == block.present.sum()


def test_cleaning_restores_the_membranes() -> None:
    cleaning = next(e for e in PLANT.scenarios(NOW - 11 * DAY, NOW) if e.kind.name == "cleaning")
    load = ROWS["DP_STAGE2"]
    before = np.nanmean(PLANT.block(cleaning.start - 6 * HOUR, cleaning.start).v[load])
    after = np.nanmean(PLANT.block(cleaning.stop + HOUR, cleaning.stop + 7 * HOUR).v[load])
    assert after < 0.8 * before


def test_feed_salinity_reaches_product_and_pressure() -> None:
    event = next(e for e in PLANT.scenarios(NOW - 9 * DAY, NOW) if e.kind.name == "feed_salinity")
    before = PLANT.block(event.start - HOUR, event.start)
    during = PLANT.block(event.start + 30 * MINUTE, event.stop - 30 * MINUTE)
    for tag, factor in (("FEED_COND", 1.4), ("PRODUCT_COND", 1.3), ("INLET_PRESSURE", 1.02)):
        assert np.nanmean(during.v[ROWS[tag]]) > factor * np.nanmean(before.v[ROWS[tag]]), tag


def test_measurement_noise_is_autocorrelated() -> None:
    block = PLANT.block(NOW, NOW + 2 * HOUR)
    errors = block.v[ROWS["FEED_TEMP"]] - np.interp(
        block.t, PLANT.process(PLANT.calendar.day_of(NOW)).t, PLANT.process(PLANT.calendar.day_of(NOW)).feed_temp
    )
    errors -= errors.mean()
    assert float((errors[1:] * errors[:-1]).mean() / errors.var()) > 0.2


def test_noise_has_mean_zero_and_variance_one() -> None:
    values = noise.normal(noise.channel(7, "x"), np.arange(100_000))
    assert abs(values.mean()) < 0.02
    assert values.std() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 0.02


def test_tags_are_described_completely() -> None:
    assert len(TAGS) == 40
    assert set(ROWS) == {spec.tag for spec in TAGS}
    for spec in TAGS:
        low, high = spec.span
        assert set(spec.description) == {"en", "ko"}
        assert low <= spec.normal[0] <= spec.normal[1] <= high
        assert all(low < limit < high for limit in spec.limits.values())
        ladder = [spec.limits[kind] for kind in ("LL", "L", "H", "HH") if kind in spec.limits]
        assert ladder == sorted(ladder)
    for virtual in VIRTUAL_TAGS:
        assert any(tag in virtual.expression for tag in ROWS)
    assert {part for spec in TAGS for part in spec.area.split("/")} == set(AREA_PARTS)
    assert all(kind in TAGS[ROWS[tag]].limits for tag, kind in GUIDANCE)
    assert all(tag in ROWS for kind in (*UPSETS, *PULSES) for tag in kind.tags)
