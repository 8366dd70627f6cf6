"""What must hold for every history of an alarm."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.engine import reconsider, step
from ksys_core.domain.alarms.state import A, State
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


@given(st.lists(st.tuples(st.integers(1, 2), st.sampled_from([0.0, 5.0, 10.0, 15.0])), min_size=1, max_size=30),
       st.lists(st.booleans(), min_size=30, max_size=30))  # fmt: skip
def test_every_kind_is_the_same_for_every_cut(readings: list[tuple[int, float]], cuts: list[bool]) -> None:
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

    def feed(bench: Bench, part: list[tuple[int, int, float]]) -> None:
        if part:
            sensor, times, v = zip(*part, strict=True)
            batch = ReadingBatch.of(sensor, np.array(times) * SECOND, v)
            bench.take(step(bench.state, definitions, batch, now=part[-1][1] * SECOND))

    for (sensor, value), cut in zip(readings, cuts, strict=False):
        t += 3
        waiting.append((sensor, t, value))
        everything.append((sensor, t, value))
        if cut:
            feed(pieces, waiting)
            waiting = []
    feed(pieces, waiting)
    feed(whole, everything)
    assert sorted(whole.events) == sorted(pieces.events)
    for name in ("cond", "occurrence", "quality", "flat_t", "flat_v", "first_out", "last_t"):
        np.testing.assert_array_equal(getattr(whole.state, name), getattr(pieces.state, name), name)


@given(values, values)
def test_a_step_leaves_the_state_it_was_given_untouched(first: list[float], second: list[float]) -> None:
    bench = one(on_delay_s=3.0, count=2)
    bench.reads(*((k, value) for k, value in enumerate(first)))
    before = bench.state.copy()
    step(bench.state, bench.definitions, ReadingBatch.of([1], [1000 * SECOND], second[:1]), 1100 * SECOND)
    reconsider(bench.state, bench.definitions, 1100 * SECOND)
    for name in State.__dataclass_fields__:
        if name != "desk":
            np.testing.assert_array_equal(getattr(before, name), getattr(bench.state, name), name)
