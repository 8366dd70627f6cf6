"""Every key figure against counting by loops over the journal, as its definition says it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import combinations, pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.domain.alarms import kpi_periods as periods
from ksys_core.domain.alarms import kpis
from ksys_core.domain.alarms.columns import NsArray
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND, to_ns
from ksys_core.services.alarms_figures import figures
from ksys_core.services.alarms_kpis import Around, compute, period_edges
from ksys_core.store.alarms_register import Register, Unauthorised
from tests.unit.alarms.test_kpis import T0, ids, journal, minutes

STOP = T0 + 2 * HOUR
Entries = list[tuple[int, float, str]]

moments = st.lists(st.integers(0, 7199), max_size=60).map(
    lambda given: T0 + np.sort(np.array(given, np.int64)) * SECOND
)
lives = st.lists(
    st.tuples(
        st.integers(1, 4), st.sampled_from(["ACT", "ACT*", "RTN", "ACK", "SHLV*", "UNSHLV"]), st.integers(0, 400)
    ),
    max_size=50,
)


def entries_of(steps: list[tuple[int, str, int]]) -> Entries:
    """(alarm, event, gap) as entries in rising time that stay within the two hours."""
    found, second = [], 0
    for alarm, event, gap in steps:
        second += gap
        if second < 7200:
            found.append((alarm, float(second), event))
    return found


def test_ten_minutes_after_an_upset_by_hand() -> None:
    t = minutes(0, 1, 9.9, 10, 30, 31)
    assert kpis.after_upsets(t, minutes(0, 25, 50)).tolist() == [3, 2, 0]


@given(moments, moments)
def test_alarms_after_upsets_are_those_of_their_ten_minutes(t: NsArray, upsets: NsArray) -> None:
    expected = [sum(u <= x < u + 10 * MINUTE for x in t.tolist()) for u in upsets.tolist()]
    assert kpis.after_upsets(t, upsets).tolist() == expected


@given(moments)
def test_bars_hold_each_annunciation_once(t: NsArray) -> None:
    edges = period_edges(T0 + 5 * MINUTE, STOP, UTC)
    expected = [sum(a <= x < b for x in t.tolist()) for a, b in pairwise(edges)]
    assert kpis.counts_between(t, edges).tolist() == expected


def test_days_begin_at_midnight_of_the_plant_and_know_daylight_saving() -> None:
    zone = ZoneInfo("Europe/Berlin")
    start, stop = (to_ns(datetime(2026, 10, day, 12, tzinfo=zone)) for day in (23, 28))
    inner = period_edges(start, stop, zone)[1:-1]
    assert (np.diff(inner) // HOUR).tolist() == [24, 25, 24, 24]
    assert period_edges(T0 + MINUTE, T0 + 3 * HOUR, zone).tolist() == [
        T0 + MINUTE, T0 + HOUR, T0 + 2 * HOUR, T0 + 3 * HOUR,
    ]  # fmt: skip


@settings(max_examples=60)
@given(moments, st.lists(st.integers(1, 4), min_size=60, max_size=60))
def test_lift_agrees_with_counting_buckets(t: NsArray, alarms: list[int]) -> None:
    alarm = ids(*alarms[: len(t)])
    cells = [{int(x) // (5 * MINUTE) for x, a in zip(t, alarm, strict=True) if a == number} for number in range(5)]
    expected: dict[tuple[int, int], object] = {
        (i, j): (len(cells[i] & cells[j]), len(cells[i] & cells[j]) * 24 / (len(cells[i]) * len(cells[j])))
        for i, j in combinations(range(1, 5), 2)
        if len(cells[i] & cells[j]) >= 3
    }
    found: dict[tuple[int, int], object] = {
        (p.first, p.second): (p.both, pytest.approx(p.lift)) for p in kpis.together(t, alarm, T0, STOP)
    }
    assert found == expected


@settings(max_examples=60)
@given(lives)
def test_chattering_means_three_within_a_minute(steps: list[tuple[int, str, int]]) -> None:
    entries = entries_of([(alarm, event, gap // 10) for alarm, event, gap in steps])
    expected = {}
    for number in range(1, 5):
        times = [second for alarm, second, event in entries if alarm == number and event.startswith("ACT")]
        most = max((sum(end - 60 < x <= end for x in times) for end in times), default=0)
        if most >= 3:
            expected[number] = most
    assert periods.chattering(journal(*entries)) == expected


def _spans(entries: Entries, begin: tuple[str, ...], finish: tuple[str, ...]) -> list[tuple[int, float, float, bool]]:
    found = []
    for number in range(1, 5):
        since: float | None = None
        for alarm, second, event in entries:
            if alarm != number:
                continue
            if event.rstrip("*") in begin and since is None:
                since = second
            elif event in finish and since is not None:
                found.append((number, since, second, True))
                since = None
        if since is not None:
            found.append((number, since, 7200.0, False))
    return found


@settings(max_examples=60)
@given(lives)
def test_standing_and_shelved_are_means_over_every_second(steps: list[tuple[int, str, int]]) -> None:
    entries = entries_of(steps)
    for made, begin, finish in (
        (periods.active_periods, ("ACT",), ("RTN",)),
        (periods.shelved_periods, ("SHLV",), ("UNSHLV",)),
    ):
        spans = _spans(entries, begin, finish)
        expected = sum(end - start for _, start, end, _ in spans) / 7200
        assert periods.mean_at_once(made(journal(*entries), STOP), T0, STOP) == pytest.approx(expected)


def _answers(entries: Entries) -> list[tuple[int, float, float, bool]]:
    """Activations that were seen, each until its acknowledgement; what was hidden in between is none."""
    found = []
    seen: dict[int, float] = {}
    for alarm, second, event in entries:
        if event.endswith("*"):
            seen.pop(alarm, None)
        elif event == "ACT":
            seen.setdefault(alarm, second)
        elif event == "ACK" and alarm in seen:
            found.append((alarm, seen.pop(alarm), second, True))
    return found


@settings(max_examples=60)
@given(lives)
def test_times_and_their_share_of_the_response_time(steps: list[tuple[int, str, int]]) -> None:
    entries = entries_of(steps)
    response = {1: 600.0, 3: 60.0, 4: 1200.0}
    acked, back = _answers(entries), _spans(entries, ("ACT",), ("RTN",))
    made = journal(*entries)
    share = periods.share_of_response(made, T0, STOP, response)
    to_acknowledge, to_return = periods.time_to_acknowledge(made, T0, STOP), periods.time_to_return(made, STOP)
    for priority in (1, 2, 3, 4):  # of an alarm: its number
        for spans, found in ((acked, to_acknowledge), (back, to_return)):
            times = [end - start for alarm, start, end, closed in spans if alarm == priority and closed]
            got = found[priority]
            assert got.n == len(times)
            assert got.p50 == (pytest.approx(np.percentile(times, 50)) if times else None)
            assert got.p95 == (pytest.approx(np.percentile(times, 95)) if times else None)
        times = [end - start for alarm, start, end, closed in acked if alarm == priority and closed]
        percent = [100 * each / response[priority] for each in times] if priority in response else []
        assert share[priority].n == len(percent)
        assert share[priority].p95 == (pytest.approx(np.percentile(percent, 95)) if percent else None)


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["ACT", "RTN"]), st.integers(0, 40 * 3600)), max_size=20))
def test_stale_alarms_of_each_day_and_now(steps: list[tuple[int, str, int]]) -> None:
    entries, second = [], 0
    for alarm, event, gap in steps:
        second += gap
        entries.append((alarm, float(second), event))
    stop = T0 + 10 * DAY
    entries = [entry for entry in entries if entry[1] < 10 * 86_400]
    spans = [(a, s, 864_000.0 if not closed else e, closed) for a, s, e, closed in _spans(entries, ("ACT",), ("RTN",))]
    expected = [sum(max(s + 86_400, d * 86_400) < min(e, (d + 1) * 86_400) for _, s, e, _ in spans) for d in range(10)]
    active = periods.active_periods(journal(*entries), stop)
    assert periods.stale(active, T0, stop).tolist() == expected
    now = {a: T0 + round(s) * SECOND for a, s, e, closed in spans if not closed and e - s > 86_400}
    assert periods.stale_now(active, stop) == now


@settings(max_examples=60)
@given(lives, moments)
def test_the_whole_table_agrees_with_counting(steps: list[tuple[int, str, int]], upsets: NsArray) -> None:
    entries = entries_of(steps)
    around = Around(Register({1: 1, 2: 3, 3: 3, 4: 3}, {1: 600.0}), Unauthorised(2, 1), T0 - DAY, upsets)
    found = compute(journal(*entries), T0, STOP, around)
    shown = sorted((second, alarm) for alarm, second, event in entries if event == "ACT")
    n, times = len(shown), [second for second, _ in shown]
    figure = {each.title: each.value for each in figures(found)}
    counts = {number: sum(alarm == number for _, alarm in shown) for number in range(1, 5)}
    assert figure["Annunciations a day"] == pytest.approx(12 * n)
    assert figure["Annunciations an hour"] == pytest.approx(n / 2)
    assert figure["Annunciations in 10 minutes"] == pytest.approx(n / 12)
    hours = [sum(h * 3600 <= x < (h + 1) * 3600 for x in times) for h in range(2)]
    tens = [sum(k * 600 <= x < (k + 1) * 600 for x in times) for k in range(12)]
    assert figure["Hours with more than 30, %"] == 100 * sum(each > 30 for each in hours) / 2
    assert figure["10 minutes with more than 10, %"] == pytest.approx(100 * sum(each > 10 for each in tens) / 12)
    assert figure["Most in 10 minutes"] == max((sum(e - 600 < x <= e for x in times) for e in times), default=0)
    assert figure["Most in an hour"] == max(hours)
    assert figure["Most in a minute"] == max(sum(m * 60 <= x < (m + 1) * 60 for x in times) for m in range(120))
    assert figure["Due to the ten most frequent, %"] == pytest.approx(100.0 if n else 0.0)
    assert {actor.alarm: actor.count for actor in found.bad_actors} == {k: v for k, v in counts.items() if v}
    assert sum(bar.count for bar in found.bars) == n
    assert found.priority_mix == pytest.approx({k: 100 * v / max(n, 1) for k, v in counts.items()})
    assert found.configured_mix == {1: 25.0, 2: 0.0, 3: 75.0, 4: 0.0}
    assert (figure["Suppressions without leave"], figure["Changes without a change request"]) == (2, 1)
    after = [sum(u <= T0 + round(x) * SECOND < u + 10 * MINUTE for x in times) for u in upsets.tolist()]
    assert figure["Most in 10 minutes after an upset"] == (max(after) if after else None)
    json.dumps(asdict(found))


def test_too_little_data_is_told_by_the_days_of_the_journal() -> None:
    empty = journal()
    assert compute(empty, T0, T0 + 40 * DAY, Around(begin=T0 + 15 * DAY)).days == 25.0
    assert not compute(empty, T0, T0 + 40 * DAY, Around(begin=T0 + 15 * DAY)).enough
    assert compute(empty, T0, T0 + 40 * DAY, Around(begin=T0 - DAY)).enough
    assert compute(empty, T0, T0 + 40 * DAY, Around()).days == 0.0


def test_what_is_told_per_time_is_of_the_days_that_the_journal_has() -> None:
    """Two days of thirty: an alarm every 144 seconds; one is shelved, one hidden for half of the time."""
    stop, begin = T0 + 30 * DAY, T0 + 28 * DAY
    entries = [(1, 28 * 86_400.0 + 144 * k, "ACT") for k in range(1200)]
    entries += [(2, 28 * 86_400.0, "SHLV*"), (2, 29 * 86_400.0, "UNSHLV")]
    entries += [(3, 28 * 86_400.0 + k, "ACT*") for k in range(3)] + [(3, 29 * 86_400.0, "RTN*")]
    found = compute(journal(*entries), T0, stop, Around(begin=begin, upsets=minutes(5)))
    rates = found.rates
    assert (found.days, rates.per_day, rates.per_hour) == (2.0, 600.0, 25.0)
    assert rates.per_10min == pytest.approx(25 / 6)
    assert (found.standing, found.shelved) == (1.5, 0.5)
    assert (found.bars[0].start, len(found.bars), found.bars[0].count) == (begin, 48, 25)
    assert found.after_upset is None, "nobody counted then"
    verdicts = {each.title: each.verdict for each in figures(found)}
    assert verdicts["Annunciations a day"] == "above"


def test_shares_are_of_the_journal_too() -> None:
    """One of two hours with more than 30, in a flood for most of it; two alarms that always come together."""
    entries = [(alarm, 40 * 3600.0 + 60 * k, "ACT") for k in range(40) for alarm in (1, 2)]
    found = compute(journal(*entries), T0, T0 + 42 * HOUR, Around(begin=T0 + 40 * HOUR))
    assert found.rates.hours_over_30 == 50.0
    assert found.rates.buckets_over_10 == pytest.approx(100 * 4 / 12)
    (flood,) = found.floods
    assert flood.end is not None
    assert found.in_flood == pytest.approx(100 * (flood.end - flood.start) / (2 * HOUR))
    assert [(pair.both, pair.lift) for pair in found.together] == [(8, 3.0)]


def test_unknown_is_neither_good_nor_bad() -> None:
    found = compute(journal((1, 0, "ACT")), T0, STOP, Around())
    verdicts = {each.title: each.verdict for each in figures(found)}
    assert verdicts["Most in 10 minutes after an upset"] == "unknown"
    assert verdicts["Acknowledged after % of the time to respond (95 %)"] == "unknown"
    assert verdicts["Most in a minute"] == "good"
