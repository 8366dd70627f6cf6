"""What a dashboard tile shows."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain import quality
from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import MINUTE, SECOND
from ksys_hmi.presenters.tiles import AlarmMark, Reading, SparkData, TileInput, TileState, tile_state

NOW = 1_800_000_000 * SECOND
SENSOR = Sensor(
    1, "FEED_FLOW", "m³/h", "RO", span_low=0.0, span_high=100.0, normal_low=40.0, normal_high=60.0, decimals=1
)


def tile(reading: Reading | None, **context: object) -> TileState:
    return tile_state(TileInput(SENSOR, reading, 10.0, **context), NOW)  # type: ignore[arg-type]


def test_a_fresh_good_value_is_plain() -> None:
    shown = tile(Reading(NOW - 5 * SECOND, 52.34, quality.GOOD))
    assert (shown.value_text, shown.condition, shown.code_text, shown.age_text) == ("52.3", "good", "", "")
    assert shown.pointer == pytest.approx(0.5234)
    assert shown.band == pytest.approx((0.4, 0.6))
    assert not shown.abnormal


@pytest.mark.parametrize(
    ("age_s", "code", "condition", "text"),
    [
        (5, quality.UNCERTAIN, "uncertain", "52.3"),
        (31, quality.GOOD, "stale", "52.3"),
        (31, quality.UNCERTAIN, "stale", "52.3"),
        (5, quality.BAD_COMM_FAILURE, "bad", "----"),
        (5000, quality.BAD_COMM_FAILURE, "bad", "----"),
    ],
)
def test_what_is_not_to_be_trusted_says_so(age_s: int, code: int, condition: str, text: str) -> None:
    shown = tile(Reading(NOW - age_s * SECOND, 52.34, code))
    assert (shown.condition, shown.value_text) == (condition, text)
    assert shown.code_text
    assert shown.abnormal == (condition != "uncertain")


def test_no_reading_is_no_data_and_never_zero() -> None:
    shown = tile(None)
    assert (shown.condition, shown.value_text, shown.code_text, shown.pointer) == ("none", "----", "no data", None)


def test_a_value_beyond_the_span_keeps_the_pointer_on_the_bar_and_breaks_its_limits() -> None:
    shown = tile(Reading(NOW, 130.0, quality.GOOD), limits={"H": 80.0, "HH": 90.0, "L": 20.0})
    assert shown.pointer == 1.0
    assert {tick.kind: tick.broken for tick in shown.ticks} == {"H": True, "HH": True, "L": False}


@given(
    values=st.lists(st.floats(-1e9, 1e9) | st.just(math.nan), min_size=1, max_size=60),
    ahead=st.lists(st.floats(-1e9, 1e9), max_size=12),
)
def test_the_sparkline_stays_in_its_box_and_keeps_gaps(values: list[float], ahead: list[float]) -> None:
    low = np.array(values)
    t = NOW - np.arange(len(values), 0, -1) * MINUTE
    forecast_t = NOW + np.arange(1, len(ahead) + 1) * 5 * MINUTE
    shown = tile(Reading(NOW, 1.0, quality.GOOD), spark=SparkData(t, low, low, forecast_t, np.array(ahead)))
    if np.isnan(low).all():
        assert shown.spark is None
        return
    assert shown.spark is not None
    assert np.array_equal(np.isnan(shown.spark.low), np.isnan(low))
    for fractions in (shown.spark.low, shown.spark.forecast_y, shown.spark.x, shown.spark.forecast_x):
        known = fractions[np.isfinite(fractions)]
        assert ((known >= -1e-3) & (known <= 1.001)).all()


def test_the_next_forecast_is_the_first_step_after_now_and_a_fallback_is_marked() -> None:
    forecast_t = NOW + np.array([-5, 5, 10]) * MINUTE
    data = SparkData(
        np.array([NOW - MINUTE]), np.ones(1), np.ones(1), forecast_t, np.array([1.0, 2.0, 3.0]), is_fallback=True
    )
    shown = tile(Reading(NOW, 1.0, quality.GOOD), spark=data)
    assert (shown.forecast_text, shown.forecast_is_fallback) == ("2.0", True)


def test_equal_looks_are_recognised_so_that_nothing_is_painted_twice() -> None:
    one = tile(Reading(NOW - 5 * SECOND, 52.34, quality.GOOD))
    assert one.looks_like(tile(Reading(NOW, 52.34, quality.GOOD)))
    assert not one.looks_like(tile(Reading(NOW, 52.44, quality.GOOD)))
    assert not one.looks_like(tile(Reading(NOW, 52.34, quality.GOOD), alarm=AlarmMark(2, "UNACK")))


def test_the_tile_can_be_spoken() -> None:
    shown = tile(Reading(NOW - 60 * SECOND, 52.34, quality.GOOD), alarm=AlarmMark(2, "UNACK"))
    assert shown.spoken == "FEED_FLOW, 52.3 m³/h, STALE, 1 min, alarm priority 2, UNACK"


@pytest.mark.parametrize(("minutes", "text"), [(34, "2.0 · HH 34 min"), (-3, "2.0 · HH 0 min")])
def test_a_limit_ahead_stands_beside_the_forecast(minutes: int, text: str) -> None:
    spark = SparkData(np.array([NOW]), np.ones(1), np.ones(1), np.array([NOW + 5 * MINUTE]), np.array([2.0]))
    shown = tile(Reading(NOW, 1.0, quality.GOOD), spark=spark, crossing=("HH", NOW + minutes * MINUTE))
    assert (shown.forecast_text, shown.abnormal) == (text, False)
