"""Key figures on cases worked out by hand, and against counting by loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.domain.alarms import kpi_periods as periods
from ksys_core.domain.alarms import kpis
from ksys_core.domain.alarms.columns import IntArray, NsArray
from ksys_core.domain.alarms.kpi_periods import JournalColumns
from ksys_core.domain.alarms.transitions import EVENTS
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND

T0 = 20_000 * DAY

moments = st.lists(st.integers(0, 7200), max_size=80).map(
    lambda seconds: T0 + np.sort(np.array(seconds, np.int64)) * SECOND
)


def minutes(*values: float) -> NsArray:
    return np.array([T0 + round(value * MINUTE) for value in values], np.int64)


def ids(*values: int) -> IntArray:
    return np.array(values, np.int32)


def journal(*entries: tuple[int, float, str]) -> JournalColumns:
    """(alarm, seconds, event); priority is the alarm's number, an H after the event means hidden."""
    ordered = sorted(entries, key=lambda entry: entry[0])
    return JournalColumns(
        ids(*(alarm for alarm, _, _ in ordered)),
        np.array([T0 + round(second * SECOND) for _, second, _ in ordered], np.int64),
        np.array([EVENTS.index(event.removesuffix("*")) for _, _, event in ordered], np.uint8),
        ids(*(min(alarm, 4) for alarm, _, _ in ordered)),
        np.array([event.endswith("*") for _, _, event in ordered], np.bool_),
    )


def test_rates_of_two_hours_by_hand() -> None:
    t = minutes(*([1] * 12), 15, 16, 17, *(60 + k for k in range(31)))
    found = kpis.rates(t, T0, T0 + 2 * HOUR)
    assert (found.count, found.per_hour, found.per_day) == (46, 23.0, 552.0)
    assert found.per_10min == pytest.approx(46 / 12)
    assert found.hours_over_30 == 50.0
    assert found.buckets_over_10 == pytest.approx(100 / 12)
    assert (found.peak, found.peak_at) == (12, int(t[11]))
    assert (found.peak_minute, found.peak_hour) == (12, 31)


def test_no_alarms_are_zero_not_missing() -> None:
    found = kpis.rates(minutes(), T0, T0 + DAY)
    assert (found.count, found.peak, found.peak_at, found.buckets_over_10) == (0, 0, None, 0.0)
    assert kpis.floods(minutes(), ids(), T0 + DAY) == []
    assert kpis.bad_actors(ids()) == []
    assert kpis.together(minutes(), ids(), T0, T0 + DAY) == []


def test_a_flood_by_hand() -> None:
    """Ten in the first nine minutes start it at minute 9; it ends when fewer than five are left in the window."""
    t = minutes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12)
    alarm = ids(7, 1, 1, 2, 3, 4, 5, 6, 2, 1, 1)
    (flood,) = kpis.floods(t, alarm, T0 + DAY)
    assert (flood.start, flood.end) == (int(minutes(9)[0]), int(minutes(16)[0]))
    assert (flood.count, flood.peak, flood.first_out) == (11, 10, 7)
    assert flood.top[:2] == ((1, 4), (2, 2))
    assert kpis.flood_share([flood], T0, T0 + 70 * MINUTE) == 10.0
    assert kpis.floods(t, alarm, T0 + 16 * MINUTE)[0].end is None


@settings(max_examples=40)
@given(moments)
def test_floods_and_peaks_agree_with_counting_every_second(t: NsArray) -> None:
    stop = T0 + 3 * HOUR
    level = [int(np.count_nonzero((t > x - 600 * SECOND) & (t <= x))) for x in range(T0, stop, SECOND)]
    spans, inside, begun = [], False, 0
    for second, count in enumerate(level):
        if not inside and count >= 10:
            inside, begun = True, second
        elif inside and count < 5:
            inside = False
            spans.append((begun, second, max(level[begun:second])))
    found = kpis.floods(t, np.arange(len(t), dtype=np.int32), stop)
    assert [((f.start - T0) // SECOND, ((f.end or 0) - T0) // SECOND, f.peak) for f in found] == spans
    assert kpis.rates(t, T0, stop).peak == max(level)
    counts = [int(np.count_nonzero((t >= x) & (t < x + HOUR))) for x in range(T0, stop, HOUR)]
    assert kpis.buckets(t, T0, stop, HOUR).tolist() == counts


def test_bad_actors_and_the_priority_mix() -> None:
    assert kpis.bad_actors(ids(3, 3, 3, 1, 2, 2, 9, 9), 2) == [kpis.BadActor(3, 3, 37.5), kpis.BadActor(2, 2, 25.0)]
    assert kpis.priority_mix(ids(3, 3, 3, 1)) == {1: 25.0, 2: 0.0, 3: 75.0, 4: 0.0}


@pytest.mark.parametrize(
    ("mean", "peak", "outside", "expected"),
    [
        (0.5, 8, 0.5, "predictive"),
        (0.5, 8, 3, "robust"),
        (5, 60, 20, "stable"),
        (5, 500, 20, "reactive"),
        (150, 50, 0, "overloaded"),
    ],
)
def test_maturity(mean: float, peak: float, outside: float, expected: str) -> None:
    assert kpis.maturity(mean, peak, outside) == expected


def test_alarms_that_come_together() -> None:
    """1 and 2 share four of 24 buckets and have no others; 3 comes alone."""
    t = minutes(0, 1, 30, 31, 60, 61, 90, 92, 100, 110, 115)
    alarm = ids(1, 2, 1, 2, 2, 1, 1, 2, 3, 3, 3)
    assert kpis.together(t, alarm, T0, T0 + 2 * HOUR) == [kpis.Together(1, 2, 4, 6.0)]


def test_periods_pair_activations_with_what_ends_them() -> None:
    spans = periods.active_periods(
        journal((1, 0, "ACT"), (1, 5, "RTN"), (1, 10, "ACT"), (2, 1, "RTN"), (2, 2, "ACT")), T0 + MINUTE
    )
    assert spans.alarm.tolist() == [1, 1, 2]
    assert ((spans.start - T0) // SECOND).tolist() == [0, 10, 2]
    assert ((spans.end - T0) // SECOND).tolist() == [5, 60, 60]
    assert spans.closed.tolist() == [True, False, False]


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(["ACT", "RTN", "ACK", "SHLV"]), st.integers(0, 9)), max_size=40
    )
)
def test_periods_agree_with_a_loop(entries: list[tuple[int, str, int]]) -> None:
    second, rows = 0, []
    for alarm, event, gap in entries:
        second += gap
        rows.append((alarm, float(second), event))
    stop = T0 + 1000 * SECOND
    expected = []
    for alarm in (1, 2, 3):
        begun: float | None = None
        for number, at, event in rows:
            if number == alarm and event == "ACT" and begun is None:
                begun = at
            elif number == alarm and event == "RTN" and begun is not None:
                expected.append((alarm, begun, at, True))
                begun = None
        if begun is not None:
            expected.append((alarm, begun, 1000.0, False))
    spans = periods.active_periods(journal(*rows), stop)
    found = zip(
        spans.alarm.tolist(), ((spans.start - T0) / SECOND).tolist(), ((spans.end - T0) / SECOND).tolist(),
        spans.closed.tolist(), strict=True,
    )  # fmt: skip
    assert list(found) == expected


def test_standing_and_shelved_means() -> None:
    entries = journal((1, 0, "ACT"), (1, 30, "RTN"), (2, 0, "ACT"), (3, 0, "SHLV"), (3, 15, "SHLVEND"))
    stop = T0 + MINUTE
    assert periods.mean_at_once(periods.active_periods(entries, stop), T0, stop) == 1.5
    assert periods.mean_at_once(periods.shelved_periods(entries, stop), T0, stop) == 0.25


def test_chattering_and_fleeting() -> None:
    entries = journal(
        (1, 0, "ACT"), (1, 5, "RTN"), (1, 20, "ACT"), (1, 25, "RTN"), (1, 59, "ACT"), (1, 62, "RTN"),
        (2, 0, "ACT"), (2, 9, "RTN"), (2, 600, "ACT"), (2, 611, "RTN"),
        (3, 0, "ACT"), (3, 4, "ACK"), (3, 8, "RTN"),
        (4, 0, "ACT"), (4, 5, "RTN"), (4, 30, "ACT"), (4, 35, "RTN"), (4, 60, "ACT"),
    )  # fmt: skip
    assert periods.chattering(entries) == {1: 3}
    assert periods.fleeting(entries, T0 + HOUR) == {2: 1, 4: 2}


def test_stale_alarms_by_day() -> None:
    """Active from 12:00 of day 0 to 6:00 of day 2: for more than a day from 12:00 of day 1 on."""
    entries = journal((1, 12 * 3600, "ACT"), (1, 54 * 3600, "RTN"), (2, 0, "ACT"), (2, 86_400, "RTN"))
    stop = T0 + 4 * DAY
    assert periods.stale(periods.active_periods(entries, stop), T0, stop).tolist() == [0, 1, 1, 0]


def test_times_to_acknowledge_and_to_return_by_priority() -> None:
    entries = journal(
        (1, 0, "ACT"), (1, 10, "ACK"), (1, 30, "RTN"), (1, 100, "ACT"), (1, 130, "ACK"), (1, 140, "RTN"), (2, 0, "ACT")
    )
    stop = T0 + HOUR
    acknowledged = periods.time_to_acknowledge(entries, T0, stop)
    assert (acknowledged[1].n, acknowledged[1].p50) == (2, 20.0)
    assert acknowledged[1].p95 == pytest.approx(29.0)
    assert acknowledged[2] == periods.Percentiles(0, None, None)
    assert periods.time_to_return(entries, stop)[1].p50 == 35.0


HOURS = 3600
ANSWERED = [(9 * HOURS, "ACT"), (9 * HOURS + 20, "ACK")]


@pytest.mark.parametrize(
    "entries",
    [
        [(-72 * HOURS, "ACT"), (2 * HOURS, "RTN"), *ANSWERED],
        [(0, "ACT*"), (HOURS, "RTN*"), (2 * HOURS, "UNSUPR"), *ANSWERED],
        [(-60, "SHLV*"), (0, "ACT*"), (HOURS, "UNSHLV"), (2 * HOURS, "RTN"), *ANSWERED],
        [(0, "ACT"), (60, "SHLV*"), (HOURS, "RTN*"), (HOURS, "SHLVEND"), *ANSWERED],
        [(0, "ACT"), (60, "SHLV*"), (HOURS, "UNSHLV"), (2 * HOURS, "RTN"), *ANSWERED],
        [(0, "ACT"), (60, "SUPR*"), (HOURS, "UNSUPR"), (2 * HOURS, "ACK"), (3 * HOURS, "RTN"), *ANSWERED],
        [(0, "ACT"), (20, "ACK"), (HOURS, "RALM"), (3 * HOURS, "ACK"), (4 * HOURS, "UNACK"), (9 * HOURS, "ACK")],
        [(-72 * HOURS, "ACT"), (1, "ACK"), (2, "RTN"), (5, "ACT"), (10, "RTN"), (15, "ACT"), (25, "ACK")],
    ],
    ids=[
        "acknowledged before the period",
        "suppressed",
        "taken off its shelf",
        "shelved once",
        "shelved before anybody acknowledged",
        "suppressed before anybody acknowledged",
        "sounded again without an activation",
        "active again before anybody acknowledged",
    ],
)
def test_only_activations_that_were_seen_wait_for_an_acknowledgement(entries: list[tuple[float, str]]) -> None:
    """In each the one answer that counts took 20 seconds."""
    made = journal(*((1, second, event) for second, event in entries))
    stop = T0 + DAY
    found = periods.time_to_acknowledge(made, T0, stop)[1]
    assert (found.n, found.p50, found.p95) == (1, 20.0, 20.0)
    share = periods.share_of_response(made, T0, stop, {1: 200.0})[1]
    assert (share.n, share.p50) == (1, 10.0)


def test_hidden_activations_do_not_count_as_annunciated() -> None:
    entries = journal((2, 5, "ACT*"), (1, 9, "ACT"), (2, 3, "ACT"), (1, 10, "RTN"))
    shown = entries.annunciated
    assert list(zip(shown.alarm.tolist(), ((shown.t - T0) // SECOND).tolist(), strict=True)) == [(2, 3), (1, 9)]


entry_lists = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 300), st.integers(1, 12), st.integers(-2, 14)))


@settings(max_examples=60)
@given(entry_lists)
def test_fleeting_alarms_agree_with_a_search_through_all_acknowledgements(
    given_: list[tuple[int, int, int, int]],
) -> None:
    """(alarm, minutes, seconds active, seconds until the acknowledgement; beyond 12: none)."""
    each = {(alarm, minute): (active, ack) for alarm, minute, active, ack in given_}
    entries: list[tuple[int, float, str]] = []
    expected: dict[int, int] = {}
    acks = [(alarm, minute * 60 + ack) for (alarm, minute), (_, ack) in each.items() if ack <= 12]
    for (alarm, minute), (active, ack) in sorted(each.items()):
        at = minute * 60
        own = [(float(at), "ACT"), (float(at + active), "RTN")] + ([(float(at + ack), "ACK")] if ack <= 12 else [])
        entries += [(alarm, second, event) for second, event in sorted(own)]
        acted = any(other == alarm and at <= second <= at + active for other, second in acks)
        if active < 10 and not acted:
            expected[alarm] = expected.get(alarm, 0) + 1
    assert periods.fleeting(journal(*entries), T0 + DAY) == expected
