"""What-if replays on histories worked out by hand, and against a search through every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.what_if import (
    PRESENT_ID,
    PROPOSED_ID,
    Behaviour,
    Missed,
    Occurrences,
    Replay,
    WhatIf,
    compare,
)
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND

Readings = list[tuple[int, float]]


def history(readings: Readings, cut: int = 10**9) -> list[ReadingBatch]:
    """(seconds, value) of tag 1 in batches of at most `cut`."""
    parts = [readings[i : i + cut] for i in range(0, len(readings), cut)]
    return [ReadingBatch.of([1] * len(p), [t * SECOND for t, _ in p], [v for _, v in p]) for p in parts]


def what_if(readings: Readings, *, stop: int, long_s: int = 60, cut: int = 10**9, **proposed: float) -> WhatIf:
    """A high alarm at 10 without dead band and delays against a proposed one."""
    given_ = {"limit": 10.0, "dead_band": 0.0, "on_delay_s": 0.0, "off_delay_s": 0.0}
    columns = {name: [value, proposed.get(name, value)] for name, value in given_.items()}
    definitions = Definitions.of(alarm_id=[PRESENT_ID, PROPOSED_ID], sensor_id=[1, 1], kind="H", **columns)  # type: ignore[arg-type]
    run = Replay(definitions)
    for batch in history(readings, cut):
        run.take(batch)
    found = run.finish(stop * SECOND)
    return compare(found[PRESENT_ID], found[PROPOSED_ID], long_s * SECOND)


def spans(*pairs: tuple[float, float]) -> Occurrences:
    table = np.array([(round(a * SECOND), round(b * SECOND)) for a, b in pairs], np.int64).reshape(-1, 2)
    return Occurrences(table[:, 0], table[:, 1])


CHATTER: Readings = [(0, 9.0), (10, 11.0), (20, 9.9), (30, 11.0), (40, 9.9), (50, 11.0), (60, 9.9), (70, 8.0)]


def test_a_dead_band_leaves_one_alarm_of_a_chatter() -> None:
    found = what_if(CHATTER, stop=100, dead_band=1.0)
    assert found.before == Behaviour(annunciations=3, in_alarm_s=30.0, chattering=1)
    assert found.after == Behaviour(annunciations=1, in_alarm_s=60.0, chattering=0)
    assert found.removed == pytest.approx(200 / 3)
    assert (found.remaining, found.merged, found.lost, found.added) == (1, 2, 0, 0)
    assert (found.delay.n, found.delay.p50, found.delay.p95) == (1, 0.0, 0.0)


def test_long_alarms_under_one_that_stands_are_counted_unless_it_was_told_shortly_before() -> None:
    before = spans((0, 10), (50, 200), (300, 400), (500, 510))
    found = compare(before, spans((0, 600)), 60 * SECOND)
    assert (found.remaining, found.merged, found.merged_long) == (1, 3, 1)


def test_an_on_delay_removes_the_short_ones_and_delays_the_long_one() -> None:
    readings = [(0, 9.0), (10, 11.0), (15, 9.0), (100, 11.0), (200, 9.0), (300, 11.0), (390, 9.0)]
    found = what_if(readings, stop=400, on_delay_s=20.0)
    assert (found.before.annunciations, found.after.annunciations) == (3, 2)
    assert (found.before.in_alarm_s, found.after.in_alarm_s) == (195.0, 150.0)
    assert (found.remaining, found.lost, found.lost_long) == (2, 1, ())
    assert (found.delay.p50, found.delay.p95) == (20.0, 20.0)


def test_a_long_alarm_that_would_not_come_is_named() -> None:
    readings = [(0, 9.0), (10, 11.0), (110, 9.0), (200, 13.0), (300, 9.0), (400, 11.0), (405, 9.0)]
    found = what_if(readings, stop=500, limit=12.0)
    assert (found.remaining, found.lost, found.added) == (1, 2, 0)
    assert found.lost_long == (Missed(10 * SECOND, 110 * SECOND),)
    assert len(what_if(readings, stop=500, limit=12.0, long_s=101).lost_long) == 0


def test_a_lower_limit_tells_earlier_and_more_often() -> None:
    found = what_if([(0, 7.0), (10, 9.0), (40, 11.0), (60, 7.0), (100, 9.0), (110, 7.0)], stop=200, limit=8.0)
    assert (found.remaining, found.delay.p50, found.added) == (1, -30.0, 1)
    assert found.removed == -100.0


def test_an_alarm_that_lasts_at_the_end_counts_to_the_end() -> None:
    found = what_if([(0, 9.0), (10, 11.0)], stop=110, on_delay_s=30.0)
    assert (found.before.in_alarm_s, found.after.in_alarm_s) == (100.0, 70.0), "time goes on after the last reading"
    assert found.delay.p50 == 30.0


def test_no_readings_are_no_alarms() -> None:
    found = what_if([], stop=100, limit=5.0)
    assert (found.removed, found.delay.n, found.delay.p50) == (None, 0, None)


def test_a_return_at_the_instant_of_the_next_alarm_belongs_to_the_next() -> None:
    found = compare(spans((0, 10), (10, 20)), spans((10, 20)), 5 * SECOND)
    assert (found.remaining, found.delay.p50, found.lost) == (1, 0.0, 1)


walks = st.lists(st.tuples(st.integers(1, 30), st.integers(6, 14)), max_size=60).map(
    lambda steps: [(sum(gap for gap, _ in steps[: i + 1]), float(v)) for i, (_, v) in enumerate(steps)]
)
delays = st.sampled_from([0.0, 1.0, 7.0, 20.0, 60.0])


@settings(max_examples=60)
@given(walks, delays, delays, st.sampled_from([0.0, 1.0, 3.0]), st.integers(7, 13), st.integers(1, 7))
def test_every_alarm_remains_is_merged_or_lost(
    readings: Readings, on: float, off: float, band: float, limit: int, cut: int
) -> None:
    proposed = {"on_delay_s": on, "off_delay_s": off, "dead_band": band, "limit": float(limit)}
    found = what_if(readings, stop=2000, **proposed)  # type: ignore[arg-type]
    in_parts = what_if(readings, stop=2000, cut=cut, **proposed)  # type: ignore[arg-type]
    assert found == in_parts, "however the readings are cut"
    assert found.remaining + found.merged + found.lost == found.before.annunciations
    assert found.delay.n == found.remaining
    assert found.after.annunciations >= found.remaining + found.added


@settings(max_examples=60)
@given(walks, delays)
def test_a_longer_on_delay_never_adds_and_delays_by_itself(readings: Readings, on: float) -> None:
    found = what_if(readings, stop=2000, on_delay_s=on)
    assert found.after.annunciations == found.remaining <= found.before.annunciations
    assert (found.added, found.merged) == (0, 0)
    # Exactly the delay, or more where the value came back to the limit (not beyond it) and the waiting began anew.
    assert found.delay.p50 is None or found.delay.p50 >= on


@settings(max_examples=60)
@given(walks)
def test_the_same_definition_changes_nothing(readings: Readings) -> None:
    found = what_if(readings, stop=2000)
    assert found.before == found.after
    assert (found.merged, found.lost, found.added) == (0, 0, 0)
    assert found.delay.p95 in (None, 0.0)


sorted_spans = st.lists(st.integers(0, 40), max_size=12, unique=True).map(
    lambda edges: spans(*zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)


@settings(max_examples=100)
@given(sorted_spans, sorted_spans)
def test_losses_and_additions_agree_with_a_search_through_all_pairs(before: Occurrences, after: Occurrences) -> None:
    def overlaps(i: int, j: int) -> bool:
        """Both active at some time; a proposed one that starts as the present one returns counts."""
        return bool(after.start[j] <= before.end[i] and before.start[i] < after.end[j])

    found = compare(before, after, 0)
    some = [any(overlaps(i, j) for j in range(len(after))) for i in range(len(before))]
    assert found.lost == some.count(False)
    met = [any(overlaps(i, j) for i in range(len(before))) for j in range(len(after))]
    assert found.added == met.count(False)
