"""Which alarm of a group was the first."""

from __future__ import annotations

from ksys_core.domain.alarms.columns import Definitions
from tests.unit.alarms.plant import Bench


def test_the_first_of_a_group_is_marked_until_the_next_time() -> None:
    bench = Bench(Definitions.of(alarm_id=[1, 2, 3], sensor_id=[1, 2, 3], kind="H", limit=10.0, group=[0, 0, -1]))
    bench.reads((1, 11.0), sensor=2)
    bench.reads((2, 11.0), sensor=1)
    bench.reads((3, 11.0), sensor=3)
    assert bench.state.first_out.tolist() == [False, True, False]
    for tag in (1, 2):
        bench.reads((4, 5.0), sensor=tag)
    bench.reads((5, 11.0), sensor=1)
    assert bench.state.first_out.tolist() == [True, False, False]


def test_first_out_is_who_was_first_and_not_who_was_known_first() -> None:
    definitions = Definitions.of(
        alarm_id=[0, 1, 2], sensor_id=[1, 2, 3], kind=["H", "H", "H"], limit=[10.0, 10.0, 10.0],
        dead_band=[0.0, 0.0, 0.0], on_delay_s=[0.0, 7.0, 0.0], group=[0, 0, 0],
    )  # fmt: skip
    bench = Bench(definitions)
    bench.reads((3, 15.0), sensor=2)  # active from 10 s on, which its next reading tells
    bench.reads((12, 15.0), sensor=1)
    assert bench.state.first_out.tolist() == [True, False, False]
    bench.reads((15, 15.0), sensor=2)
    assert bench.state.first_out.tolist() == [False, True, False]
    bench.reads((11, 15.0), sensor=3)  # late, but not before the first
    assert bench.state.first_out.tolist() == [False, True, False]
    bench.reads((16, 5.0), sensor=2)
    bench.reads((17, 5.0), sensor=3)
    bench.reads((18, 15.0), sensor=3)
    assert bench.state.first_out.tolist() == [False, True, False], "the mark stays while one of the group is active"


def test_what_comes_hours_late_takes_the_mark_only_of_those_it_meets() -> None:
    bench = Bench(Definitions.of(alarm_id=[0, 1], sensor_id=[1, 2], kind="H", limit=10.0, group=0))
    bench.reads((100, 15.0), (110, 5.0), (120, 15.0), (130, 5.0), sensor=1)
    bench.passes(5_000)
    bench.reads((40, 15.0), (50, 5.0), sensor=2)
    assert bench.state.first_out.tolist() == [True, False], "all of it was before"
    bench.reads((6_000, 15.0), sensor=1)
    bench.passes(9_000)
    bench.reads((5_500, 15.0), sensor=2)
    assert bench.state.first_out.tolist() == [False, True], "it was there before the other came"


def test_an_alarm_told_half_a_minute_late_joins_what_was_apart() -> None:
    bench = Bench(Definitions.of(alarm_id=[0, 1, 2], sensor_id=[1, 2, 3], kind="H", limit=10.0, group=0))
    bench.reads((100, 15.0), (110, 5.0), (130, 15.0), (135, 5.0), sensor=1)
    bench.reads((150, 15.0), sensor=3)
    assert bench.state.first_out.tolist() == [False, False, True]
    bench.passes(160)
    bench.reads((105, 15.0), (155, 5.0), sensor=2)
    assert bench.state.first_out.tolist() == [True, False, False]
