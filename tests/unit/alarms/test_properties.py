"""What must hold for every history of an alarm."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.engine import reconsider, step
from ksys_core.domain.alarms.state import A, State
from ksys_core.domain.alarms.suppression import step_with
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import SECOND
from tests.unit.alarms.plant import Bench, one

values = st.lists(st.floats(0, 20, width=16), min_size=1, max_size=60)


def of(bench: Bench, *events: str) -> list[str]:
    return [event for _, _, event in bench.events if event in events]


@given(values, st.floats(0.5, 5))
def test_no_chatter_inside_the_dead_band(noise: list[float], band: float) -> None:
    """Whatever a value does between the limit and the dead band's end, the alarm does not move."""
    bench = one(dead_band=band)
    bench.reads((0, 15.0))
    inside = [max(10.0 - band * value / 20.0, 10.0 - band) for value in noise]
    bench.reads(*((1 + k, value) for k, value in enumerate(inside)))
    assert of(bench, "ACT", "RTN") == ["ACT"]
    normal = one(dead_band=band)
    normal.reads(*((1 + k, value) for k, value in enumerate(inside)))
    assert normal.events == []


@given(values, st.booleans(), st.data())
def test_acknowledge_and_return_commute(noise: list[float], latching: bool, data: st.DataObject) -> None:
    """An acknowledgement anywhere between the activation and long after the return leads to the same end."""
    bench = one(latching=latching)
    bench.reads((0, 15.0))
    readings = [(1 + k, 10.0 + value) for k, value in enumerate(noise)] + [(100, 5.0)]
    cut = data.draw(st.integers(0, len(readings)))
    bench.reads(*readings[:cut])
    bench.does("ACK", 200)
    bench.reads(*readings[cut:])
    assert bench.states == ["LACKED" if latching else "NORM"]
    assert of(bench, "ACT", "RTN") == ["ACT", "RTN"]


@given(values)
def test_a_return_never_sounds_an_acknowledged_alarm(noise: list[float]) -> None:
    bench = one(off_delay_s=2.0)
    bench.reads((0, 15.0))
    bench.does("ACK", 0.5)
    bench.reads(*((1 + k, min(value, 9.0)) for k, value in enumerate(noise)))
    assert bench.states[0] in {"ACKED", "NORM"}
    bench.passes(100)
    assert bench.states == ["NORM"]
    assert of(bench, "ACT", "RALM") == ["ACT"]


@settings(max_examples=100)
@given(values, st.sampled_from(["SHLV", "ONCE", "OOS"]))
def test_suppression_loses_no_unacknowledged_occurrence(noise: list[float], way: str) -> None:
    """What was annunciated while nobody could see it is shown, or asks for acknowledgement, afterwards."""
    bench = one()
    if way == "OOS":
        bench.does("OOS", 0)
    else:
        bench.does("SHLV", 0, until=200, once=way == "ONCE")
    bench.reads(*((1 + k, value) for k, value in enumerate(noise)))
    if way == "OOS":
        bench.does("INSRV", 190)
    bench.passes(200)
    shown = "UNACK" if bench.state.cond[0] == A else "RTNUN"
    assert bench.states == [shown if of(bench, "ACT") else "NORM"]


@given(values, st.integers(0, 60), st.integers(0, 60), st.booleans())
def test_suppression_by_design_loses_nothing_that_was_shown(
    noise: list[float], start: int, length: int, latching: bool
) -> None:
    """What sounded before and was not acknowledged still asks for it; what stands when the rule ends sounds."""
    bench = one(latching=latching)
    shown = False
    for k, value in enumerate(noise):
        if k in (start, start + length):
            bench.demands(k, k == start and length > 0)
            bench.passes(k)
        bench.reads((k + 0.5, value))
        hidden = start <= k < start + length
        shown |= bool(of(bench, "ACT")) and not hidden and bench.states[0] != "NORM"
    bench.demands(100, False)
    bench.passes(100)
    if bench.state.cond[0] == A:
        assert bench.states == ["UNACK"]
    elif latching and of(bench, "ACT"):
        assert bench.states == ["LUNACK"]
    else:
        assert bench.states == ["RTNUN" if shown else "NORM"]


@given(values, st.booleans())
def test_a_return_under_suppression_never_sounds_an_acknowledged_alarm(noise: list[float], latching: bool) -> None:
    """It comes back from suppression in silence when it has gone, once only when it stands."""
    bench = one(latching=latching)
    bench.reads((0, 15.0))
    bench.does("ACK", 0.5)
    bench.demands(0.6, True)
    bench.reads(*((1 + k, min(value, 9.0)) for k, value in enumerate(noise)), (90, 5.0))
    bench.demands(100, False)
    bench.passes(100)
    assert bench.states == (["LUNACK"] if latching else ["NORM"])
    assert of(bench, "ACT", "RALM") == ["ACT"]


@given(values, st.data())
def test_acknowledge_and_return_commute_under_a_shelf_and_suppression(noise: list[float], data: st.DataObject) -> None:
    """Where the acknowledgement is possible (before it is hidden or after), the end is the same."""
    hide = data.draw(st.sampled_from(["SHLV", "ONCE", "OOS", "rule"]))
    ends = []
    for early in (True, False):
        bench = one()
        bench.reads((0, 15.0))
        if early:
            bench.does("ACK", 0.5)
        if hide == "rule":
            bench.demands(1, True)
        elif hide == "OOS":
            bench.does("OOS", 1)
        else:
            bench.does("SHLV", 1, until=500.0, once=hide == "ONCE")
        bench.reads(*((2 + k, min(value, 9.0)) for k, value in enumerate(noise)), (90, 5.0))
        bench.demands(100, False)
        if hide == "OOS":
            bench.does("INSRV", 100)
        bench.passes(600)
        bench.does("ACK", 700)
        ends.append((bench.states, of(bench, "ACT", "RTN")))
    assert ends[0] == ends[1] == (["NORM"], ["ACT", "RTN"])


@given(st.lists(st.tuples(st.integers(1, 2), st.sampled_from([0.0, 5.0, 10.0, 15.0])), min_size=1, max_size=30),
       st.lists(st.booleans(), min_size=30, max_size=30), st.booleans())  # fmt: skip
def test_every_kind_is_the_same_for_every_cut(readings: list[tuple[int, float]], cuts: list[bool], ruled: bool) -> None:
    """Also with a rule that comes and goes in between; its alarms return as time passes, here at the end."""
    definitions = Definitions.of(
        alarm_id=np.arange(7),
        sensor_id=[1, 1, 1, 1, 2, 2, 2],
        kind=["RATE", "DEV", "FLAT", "STATE", "FLAT", "H", "SOURCE"],
        limit=[20.0, 4.0, 12.0, 15.0, 6.0, 8.0, np.nan],
        dead_band=[2.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0],
        on_delay_s=[0.0, 7.0, 0.0, 3.0, 0.0, 7.0, 2.0],
        reference_id=[-1, 2, -1, -1, -1, -1, -1],
        group=[0, 0, -1, 0, 0, 0, -1],
        stale_after_s={1: 10, 2: 5},
    )
    whole, pieces = Bench(definitions), Bench(definitions)
    t = 0
    waiting: list[tuple[int, int, float]] = []
    everything: list[tuple[int, int, float]] = []

    hidden = [False, True, True, False, False, True, False]
    demands = [(20 * SECOND, np.array(hidden)), (45 * SECOND, np.zeros(7, np.bool_))] if ruled else []

    def feed(bench: Bench, part: list[tuple[int, int, float]]) -> None:
        if part:
            sensor, times, v = zip(*part, strict=True)
            batch = ReadingBatch.of(sensor, np.array(times) * SECOND, v)
            since = fed.get(id(bench), 0)
            due = [(t, wanted) for t, wanted in demands if since < t <= times[-1] * SECOND]
            fed[id(bench)] = times[-1] * SECOND
            bench.take(step_with(bench.state, definitions, due, batch, None if ruled else times[-1] * SECOND))

    fed: dict[int, int] = {}
    for (sensor, value), cut in zip(readings, cuts, strict=False):
        t += 3
        waiting.append((sensor, t, value))
        everything.append((sensor, t, value))
        if cut:
            feed(pieces, waiting)
            waiting = []
    feed(pieces, waiting)
    feed(whole, everything)
    for bench in (pieces, whole):
        bench.passes(t)
    assert sorted(whole.events) == sorted(pieces.events)
    for name in ("cond", "occurrence", "quality", "flat_t", "flat_v", "suppressed", "returns", "last_t", "first_out"):
        np.testing.assert_array_equal(getattr(whole.state, name), getattr(pieces.state, name), name)


def first_of(events: list[tuple[float, int, str]]) -> list[int]:
    """Who came when nobody of the group was there, the last time that was so."""
    first: list[int] = []
    there = 0
    for _, event, alarm in sorted((t, event, alarm) for t, alarm, event in events):
        if event == "ACT":
            first = first if there else [alarm]
        there += 1 if event == "ACT" else -1
    return first


@given(
    st.lists(st.tuples(st.sampled_from([0, 3, 20, 45]), st.integers(1, 4), st.booleans()), min_size=8, max_size=40),
    st.lists(st.sampled_from(["time passes", "", "cut"]), min_size=40, max_size=40),
    st.none() | st.lists(st.sampled_from([0, 3, 30, 60]), min_size=4, max_size=4),
)
def test_the_first_of_a_group_is_who_was_first_however_late_that_is_known(
    readings: list[tuple[int, int, bool]], cuts: list[str], lags: list[int] | None
) -> None:
    """Each tag may lag by up to a minute behind the time that passes; without a lag delays run out untold."""
    definitions = Definitions.of(
        alarm_id=np.arange(4), sensor_id=[1, 2, 3, 4], kind="H", limit=10.0, group=0,
        on_delay_s=0.0 if lags else [0.0, 7.0, 3.0, 0.0], off_delay_s=0.0 if lags else [4.0, 0.0, 15.0, 0.0],
    )  # fmt: skip
    whole, pieces = Bench(definitions), Bench(definitions)
    moments = np.cumsum([gap for gap, _, _ in readings]).tolist()
    once = {(t, tag): 15.0 if high else 5.0 for t, (_, tag, high) in zip(moments, readings, strict=True)}
    behind = [0, 0, 0, 0] if lags is None else lags
    waiting: list[tuple[int, int, float]] = []
    for arrival, t, tag, value in sorted((t + behind[tag - 1], t, tag, value) for (t, tag), value in once.items()):
        waiting.append((tag, t, value))
        cut = cuts.pop()
        if cut:
            pieces.takes(waiting, arrival if cut == "time passes" else None)
            waiting = []
    pieces.takes(waiting)
    whole.takes([(tag, t, value) for (t, tag), value in once.items()])
    for bench in (whole, pieces):
        bench.passes(moments[-1] + 60)
    assert sorted(whole.events) == sorted(pieces.events)
    assert np.flatnonzero(pieces.state.first_out).tolist() == first_of(whole.events)
    np.testing.assert_array_equal(whole.state.first_out, pieces.state.first_out)
    pieces.passes(10_000)
    assert len(pieces.state.spells) <= 2


@given(
    st.lists(st.tuples(st.integers(1, 30), st.sampled_from([5.0, 9.5, 15.0]), st.integers(0, 60)), min_size=1),
    st.sampled_from([0.0, 7.0]),
    st.sampled_from([0.0, 7.0]),
)
def test_however_late_readings_come_the_newest_decides(
    readings: list[tuple[int, float, int]], on_delay_s: float, off_delay_s: float
) -> None:
    """Time passes before they come, and delays run out on what was known by then."""
    bench = one(on_delay_s=on_delay_s, off_delay_s=off_delay_s)
    t = now = 0
    for gap, value, late in readings:
        t += gap
        now = max(now, t + late)
        bench.passes(now)
        bench.reads((t, value))
    bench.passes(now + 100)
    assert (bench.state.cond[0] == A) == (readings[-1][1] > 10.0)
    events = of(bench, "ACT", "RTN")
    assert events == ["ACT", "RTN"] * (len(events) // 2) + ["ACT"] * (len(events) % 2)
    assert [t for t, _, _ in bench.events] == sorted(t for t, _, _ in bench.events)


@given(values, values)
def test_a_step_leaves_the_state_it_was_given_untouched(first: list[float], second: list[float]) -> None:
    bench = one(on_delay_s=3.0, count=2, group=0)
    bench.reads(*((k, value) for k, value in enumerate(first)))
    before = bench.state.copy()
    step(bench.state, bench.definitions, ReadingBatch.of([1], [1000 * SECOND], second[:1]), 1100 * SECOND)
    reconsider(bench.state, bench.definitions, 1100 * SECOND)
    for name in State.__dataclass_fields__:
        if name == "spells":
            np.testing.assert_equal(asdict(before.spells), asdict(bench.state.spells))
        elif name != "desk":
            np.testing.assert_array_equal(getattr(before, name), getattr(bench.state, name), name)
