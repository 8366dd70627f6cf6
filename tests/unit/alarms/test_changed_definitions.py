"""Definitions that change while readings are under way and delays run."""

from __future__ import annotations

from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.engine import reconsider
from ksys_core.domain.alarms.splicing import splice
from ksys_core.domain.alarms.state import State
from ksys_core.domain.times import SECOND
from tests.unit.alarms.plant import Bench


def high(limit: float = 10.0, **fields: float) -> Definitions:
    return Definitions.of(alarm_id=[1], sensor_id=[1], kind="H", limit=[limit], **fields)  # type: ignore[arg-type]


def changes(bench: Bench, second: float, definitions: Definitions) -> None:
    bench.definitions = definitions
    bench.take(reconsider(bench.state, definitions, round(second * SECOND)))


def test_readings_that_were_under_way_are_judged_by_the_new_limit() -> None:
    bench = Bench(high())
    bench.reads((40, 11.0))
    changes(bench, 100, high(12.0))
    assert bench.events[-1] == (100.0, 1, "RTN")
    bench.reads((99, 20.0))
    assert bench.states == ["UNACK"]


def test_a_source_ahead_of_the_clock_leads_to_each_event_once() -> None:
    bench = Bench(high())
    bench.reads((340, 5.0), (350, 15.0), (380, 5.0), (400, 11.0))
    changes(bench, 345, high(12.0))
    expected = [(350.0, 1, "ACT"), (380.0, 1, "RTN"), (400.0, 1, "ACT"), (400.0, 1, "RTN")]
    assert bench.events == expected
    bench.state.last_t[0] = 340 * SECOND  # a kill: the position is that of before, the state is as it was stored
    bench.state.accounted[:] = bench.state.changed
    bench.reads((350, 15.0), (380, 5.0), (400, 11.0))
    assert bench.events == expected


def test_an_alarm_that_is_retuned_while_it_waits_does_not_come_for_what_no_limit_says() -> None:
    bench = Bench(high(on_delay_s=60.0))
    bench.reads((0, 11.0))
    bench.passes(30)
    changes(bench, 32, high(12.0, on_delay_s=10.0))
    bench.passes(100)
    assert bench.events == []


def test_a_shorter_delay_ends_no_earlier_than_it_was_decided() -> None:
    bench = Bench(high(on_delay_s=60.0))
    bench.reads((0, 11.0))
    bench.passes(30)
    changes(bench, 32, high(on_delay_s=10.0))
    bench.passes(33)
    assert bench.events == [(32.0, 1, "ACT")]
    longer = Bench(high(on_delay_s=10.0))
    longer.reads((0, 11.0))
    longer.passes(5)
    changes(longer, 5, high(on_delay_s=60.0))
    longer.passes(60)
    assert longer.events == [(60.0, 1, "ACT")]


def test_an_acknowledged_alarm_that_is_still_beyond_does_not_sound_again() -> None:
    bench = Bench(high(off_delay_s=60.0))
    bench.reads((0, 11.0))
    bench.does("ACK", 5)
    bench.reads((10, 9.0))
    bench.passes(40)
    changes(bench, 42, high(8.0, off_delay_s=10.0))
    bench.passes(100)
    assert (bench.events, bench.states) == ([(0.0, 1, "ACT")], ["ACKED"])


def grouped(*groups: int) -> Definitions:
    return Definitions.of(alarm_id=[1, 2, 3], sensor_id=[1, 2, 3], kind="H", limit=10.0, group=list(groups))


def regroups(bench: Bench, second: float, *groups: int) -> None:
    new = grouped(*groups)
    made = splice(bench.definitions, new, None)
    bench.state = made.state(bench.state, State.initial(new))
    changes(bench, second, made.definitions)


def test_an_alarm_that_joins_a_group_is_its_first_only_if_it_was() -> None:
    bench = Bench(grouped(0, 0, 1))
    bench.takes([(1, 1, 11.0), (3, 2, 11.0)])
    assert bench.state.first_out.tolist() == [True, False, True]
    regroups(bench, 10, 1, 0, 1)
    assert bench.state.first_out.tolist() == [True, False, False]


def test_an_alarm_without_a_group_is_the_first_of_none() -> None:
    bench = Bench(grouped(0, 0, 1))
    bench.takes([(1, 1, 11.0), (2, 2, 11.0), (1, 3, 5.0)])
    assert bench.state.first_out.tolist() == [True, False, False]
    regroups(bench, 10, -1, 0, 1)
    assert bench.state.first_out.tolist() == [False, True, False]
