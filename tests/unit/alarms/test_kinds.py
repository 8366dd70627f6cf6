"""Each kind of alarm, and what the regions do, on histories worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ksys_core.domain import quality
from ksys_core.domain.alarms.columns import Definitions
from ksys_core.domain.alarms.definition import NewAlarmDefinition, contradiction
from ksys_core.errors import KnownError
from tests.unit.alarms.plant import Bench, one


def test_the_on_delay_counts_from_the_crossing_and_must_be_unbroken() -> None:
    bench = one(on_delay_s=15.0)
    bench.reads((0, 11.0), (10, 9.0), (20, 11.0), (30, 12.0), (40, 12.0))
    assert bench.events == [(35.0, 1, "ACT")]
    assert bench.state.active_since[0] == 20_000_000_000
    assert bench.state.value[0] == 11.0


def test_low_alarms_mirror_high_ones() -> None:
    bench = one("L", 2.0, dead_band=1.0)
    bench.reads((0, 1.9), (1, 2.5), (2, 3.0), (3, 3.1))
    assert bench.events == [(0.0, 1, "ACT"), (3.0, 1, "RTN")]


def test_counting_activates_before_the_delay_is_over() -> None:
    bench = one(on_delay_s=60.0, count=3)
    bench.reads((0, 11.0), (5, 9.0), (10, 11.0), (15, 9.0), (20, 11.0))
    assert bench.events == [(20.0, 1, "ACT")]
    sparse = one(on_delay_s=60.0, count=3)
    sparse.reads((0, 11.0), (5, 9.0), (50, 11.0), (55, 9.0), (100, 11.0))
    assert sparse.events == []


def test_bad_and_stale_values_hold_the_condition() -> None:
    bench = one(off_delay_s=5.0, stale_after_s={1: 30.0})
    bench.reads((0, 11.0))
    bench.reads((10, 5.0), quality=quality.BAD)
    bench.passes(100)
    assert bench.states == ["UNACK"]
    assert bench.state.quality[0] == 3
    bench.reads((110, 5.0))
    bench.passes(114)
    assert bench.states == ["UNACK"]
    bench.passes(115)
    assert bench.states == ["RTNUN"]


@pytest.mark.parametrize("delay", ["on_delay_s", "off_delay_s"])
def test_a_good_reading_that_says_nothing_ends_no_delay(delay: str) -> None:
    """The first after a loss has nothing before it that a rate could be reckoned from."""
    bench = one("RATE", 5.0, **{delay: 15.0})
    bench.reads((0, 0.0), (60, 10.0), *([(62, 10.0)] if delay == "off_delay_s" else []))
    events, states = list(bench.events), bench.states
    bench.reads((70, 0.0), quality=quality.BAD)
    bench.reads((300, 99.0))
    bench.passes(350)
    assert (bench.events, bench.states) == (events, states)
    bench.reads((360, 99.0))
    bench.passes(400)
    assert len(bench.events) == len(events) + (delay == "off_delay_s")


def test_a_deviation_from_a_set_point_that_is_not_known_is_not_judged() -> None:
    definitions = Definitions.of(
        alarm_id=[1], sensor_id=[1], kind="DEV", limit=[2.0], reference_id=[2], off_delay_s=[15.0]
    )
    bench = Bench(definitions)
    bench.takes([(2, 0, 50.0), (1, 1, 60.0), (1, 2, 50.5)])
    bench.reads((3, 50.0), sensor=2, quality=quality.BAD)
    bench.reads((4, 90.0), (5, 90.0), (18, 90.0))
    bench.passes(100)
    assert (bench.events, bench.states) == ([(1.0, 1, "ACT")], ["UNACK"])
    bench.takes([(2, 110, 50.0), (1, 111, 50.0)])
    bench.passes(130)
    assert bench.events[1:] == [(126.0, 1, "RTN")]


def test_a_deviation_is_not_from_a_set_point_that_comes_later() -> None:
    bench = Bench(Definitions.of(alarm_id=[1], sensor_id=[1], kind="DEV", limit=[2.0], reference_id=[2]))
    bench.takes([(2, 5, 50.0)])
    bench.takes([(2, 12, 50.0)])
    bench.takes([(1, 10, 50.0), (2, 20, 80.0)])
    assert bench.events == [(20.0, 1, "ACT")]


def test_doubt_about_the_time_between_speaks_for_the_alarm() -> None:
    bench = one(on_delay_s=15.0)
    bench.reads((0, 11.0))
    bench.reads((10, 0.0), quality=quality.BAD)
    bench.passes(40)
    assert bench.events == []
    bench.reads((50, 12.0))
    assert bench.events == [(50.0, 1, "ACT")]


def test_uncertain_values_are_judged_and_marked() -> None:
    bench = one()
    bench.reads((0, 11.0), quality=quality.UNCERTAIN)
    assert (bench.states, bench.state.quality[0]) == (["UNACK"], 1)


def test_an_acknowledged_alarm_sounds_again_after_its_time() -> None:
    bench = one(realarm_s=600.0)
    bench.reads((0, 11.0))
    bench.does("ACK", 10)
    bench.passes(609)
    assert bench.states == ["ACKED"]
    bench.passes(610)
    assert (bench.states, bench.events[-1]) == (["UNACK"], (610.0, 1, "RALM"))


def test_rate_of_change_is_per_minute_in_either_direction() -> None:
    bench = one("RATE", 5.0)
    bench.reads((0, 10.0), (60, 15.0), (120, 20.5), (180, 20.5), (240, 15.0))
    assert bench.events == [(120.0, 1, "ACT"), (180.0, 1, "RTN"), (240.0, 1, "ACT")]
    assert (bench.state.value[0], bench.state.limit[0]) == (5.5, 5.0), "the second time: what was compared"


def test_deviation_from_the_set_point_of_another_tag() -> None:
    bench = Bench(Definitions.of(alarm_id=[1], sensor_id=[1], kind="DEV", limit=[2.0], reference_id=[2]))
    bench.reads((0, 50.0))
    bench.reads((1, 50.0), sensor=2)
    bench.reads((2, 52.0), (3, 52.5))
    bench.reads((4, 53.0), sensor=2)
    assert bench.events == [(3.0, 1, "ACT"), (4.0, 1, "RTN")], "a set-point that moves is judged as well"
    assert (bench.state.value[0], bench.state.limit[0]) == (2.5, 2.0)
    bench.reads((5, 90.0), sensor=2)
    assert bench.events[2:] == [(5.0, 1, "ACT")]
    assert bench.state.value[0] == 37.5


def test_a_flat_line_is_one_that_stays_within_its_band() -> None:
    bench = one("FLAT", 30.0, dead_band=0.1)
    bench.reads((0, 5.0), (10, 5.05), (20, 4.95), (30, 5.0), (40, 5.2))
    assert bench.events == [(30.0, 1, "ACT"), (40.0, 1, "RTN")]


def test_a_discrete_state_alarms_on_its_value_only() -> None:
    bench = one("STATE", 0.0)
    bench.reads((0, 1.0), (1, 0.0), (2, 2.0))
    assert bench.events == [(1.0, 1, "ACT"), (2.0, 1, "RTN")]


def test_suppression_by_design_hides_and_returns_what_is_active_unacknowledged() -> None:
    bench = one()
    bench.reads((0, 11.0))
    bench.does("ACK", 1)
    bench.demands(2, True)
    assert bench.states == ["DSUPR"]
    bench.demands(3, False)
    assert bench.states == ["DSUPR"]  # until time passes
    bench.passes(3)
    assert bench.states == ["UNACK"]
    assert bench.events == [(0, 1, "ACT"), (2, 1, "SUPR"), (3, 1, "UNSUPR")]


def test_a_shelf_that_ends_under_suppression_does_not_show_the_alarm() -> None:
    bench = one()
    bench.reads((0, 11.0))
    bench.does("SHLV", 1, until=50.0)
    bench.demands(2, True)
    bench.passes(60)
    assert (bench.states, bench.events[-1]) == (["DSUPR"], (60, 1, "SHLVEND"))
    bench.demands(70, False)
    bench.passes(70)
    assert bench.states == ["UNACK"]


def test_without_a_limit_nothing_alarms_and_what_was_active_returns() -> None:
    bench = one(limit=float("nan"))
    bench.reads((0, 1e9))
    assert bench.events == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"on_delay_s": -1.0}, "alarm.delay"),
        ({"off_delay_s": float("nan")}, "alarm.delay"),
        ({"dead_band": -0.1}, "alarm.dead_band"),
        ({"dead_band": float("nan")}, "alarm.dead_band"),
        ({"dead_band": 100.0, "dead_band_unit": "span"}, "alarm.dead_band_span"),
        ({"count": 17}, "alarm.count"),
        ({"count": 3}, "alarm.count_window"),
        ({"kind": "RATE"}, "alarm.setting"),
        ({"priority": 5}, "alarm.priority"),
        ({"kind": "RATE", "setting": -5.0}, "alarm.setting_size"),
        ({"kind": "DEV", "setting": 0.0, "reference_sensor_id": 2}, "alarm.setting_size"),
        ({"kind": "FLAT", "setting": -5.0}, "alarm.setting_size"),
        ({"kind": "RATE", "setting": 2.0, "dead_band": 2.0}, "alarm.dead_band_setting"),
        ({"kind": "DEV", "setting": 2.0, "dead_band": 5.0, "reference_sensor_id": 2}, "alarm.dead_band_setting"),
    ],
)
def test_definitions_that_contradict_themselves_are_refused(wrong: dict[str, object], code: str) -> None:
    with pytest.raises(KnownError) as raised:
        NewAlarmDefinition(**{"sensor_id": 1, "kind": "H"} | wrong).check()  # type: ignore[arg-type]
    assert raised.value.code == code
    assert str(raised.value)


@pytest.mark.parametrize(
    "right",
    [
        {"kind": "RATE", "setting": 2.0, "dead_band": 1.9},
        {"kind": "DEV", "setting": 2.0, "dead_band": 1.9, "reference_sensor_id": 2},
        {"kind": "FLAT", "setting": 2.0, "dead_band": 5.0},
        {"kind": "STATE", "setting": -1.0},
        {"kind": "STATE", "setting": 0.0},
        {"kind": "RATE", "setting": 2.0, "dead_band": 5.0, "dead_band_unit": "span"},
    ],
)
def test_what_clears_is_no_contradiction(right: dict[str, object]) -> None:
    NewAlarmDefinition(**{"sensor_id": 1} | right).check()  # type: ignore[arg-type]


def test_limits_must_rise_and_leave_room() -> None:
    assert contradiction({"LL": 1, "L": 2, "H": 8, "HH": 9}, {"L": 1, "H": 1}) is None
    assert contradiction({"L": 8, "H": 8}, {}) is not None
    assert contradiction({"H": 9, "HH": 8}, {}) is not None
    assert contradiction({"L": 2, "H": 8}, {"L": 3, "H": 3}) is not None
    assert contradiction({"H": 8}, {"H": 20}, 20.0) is not None
    assert contradiction({"H": 8}, {"H": 19}, 20.0) is None


def test_the_diagnostic_of_a_source_is_about_quality_and_separate_from_the_process_alarm() -> None:
    bench = Bench(
        Definitions.of(
            alarm_id=[1, 2],
            sensor_id=[1, 1],
            kind=["H", "SOURCE"],
            limit=[10.0, np.nan],
            on_delay_s=[0.0, 5.0],
            stale_after_s={1: 20.0},
        )
    )
    bench.reads((0, 11.0))
    bench.passes(24)
    assert bench.states == ["UNACK", "NORM"]
    bench.passes(26)
    assert bench.events == [(0.0, 1, "ACT"), (25.0, 2, "ACT")]
    bench.reads((30, 0.0), quality=quality.BAD)
    bench.reads((40, 11.0))
    assert bench.states == ["UNACK", "RTNUN"]


@pytest.mark.parametrize("passing", [[100.0, 700.0, 1299.0, 1300.0, 2000.0], [float(t) for t in range(100, 1310)]])
@pytest.mark.parametrize("suppressed", [False, True])
def test_five_alarms_return_in_ten_minutes_highest_priority_first(passing: list[float], suppressed: bool) -> None:
    """From the shelf and from suppression, and from both together."""
    n = 12
    bench = many(n, priority=[3] * 6 + [1] * 3 + [2] * 3)
    if suppressed:
        bench.demands(1, *([True] * 7 + [False] * 5))
        bench.does("SHLV", 1, until=100.0)  # only those that are not suppressed
        bench.demands(100, False)
    else:
        bench.does("SHLV", 1, until=100.0)
    for second in passing:
        bench.passes(second)
    returns = [(at, alarm) for at, alarm, event in bench.events if event in ("SHLVEND", "UNSUPR")]
    assert returns == [
        (100.0, 6), (100.0, 7), (100.0, 8), (100.0, 9), (100.0, 10),
        (700.0, 0), (700.0, 1), (700.0, 2), (700.0, 3), (700.0, 11),
        (1300.0, 4), (1300.0, 5),
    ]  # fmt: skip
    assert set(bench.states) == {"UNACK"}


def test_after_an_outage_alarms_do_not_return_all_at_once() -> None:
    bench = many(12)
    bench.does("SHLV", 1, until=100.0)
    bench.passes(50_000)
    assert bench.states.count("UNACK") == 5


def test_what_is_back_to_normal_does_not_wait_for_a_place() -> None:
    bench = many(12)
    bench.demands(1, True)
    bench.demands(2, False)
    bench.passes(2)
    assert bench.states.count("DSUPR") == 7
    waiting = [tag for tag, state in enumerate(bench.states) if state == "DSUPR"]
    bench.reads((3, 5.0), sensor=waiting[0])
    bench.passes(4)
    assert bench.states[waiting[0]] == "RTNUN"
    assert bench.states.count("DSUPR") == 6


def test_a_clock_set_back_does_not_hold_returns() -> None:
    bench = many(12)
    bench.demands(1, True)
    bench.demands(86_400, False)
    bench.passes(86_400)
    assert bench.states.count("UNACK") == 5
    bench.passes(100)
    assert bench.states.count("UNACK") == 10


def many(n: int, **fields: object) -> Bench:
    """A bench of n tags with an active H alarm each, by id from 0."""
    definitions = Definitions.of(alarm_id=np.arange(n), sensor_id=np.arange(n), kind="H", limit=10.0, **fields)  # type: ignore[arg-type]
    bench = Bench(definitions)
    for tag in range(n):
        bench.reads((0, 11.0), sensor=tag)
    return bench
