"""Numbers, ages and times as the screen writes them."""

from zoneinfo import ZoneInfo

import pytest

from ksys_core.domain.times import HOUR, SECOND
from ksys_hmi.formats import format_age, format_clock, format_moment, format_value


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234567.891, 1, "1\u2009234\u2009567.9"),
        (-0.5, 2, "\u22120.50"),
        (float("nan"), 2, "----"),
        (float("inf"), 0, "----"),
    ],
)
def test_values_have_fixed_decimals_and_thin_groups(value: float, decimals: int, text: str) -> None:
    assert format_value(value, decimals) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_an_age_is_written_in_its_largest_whole_unit(seconds: float, text: str) -> None:
    assert format_age(seconds) == text


def test_times_are_of_the_plant_zone() -> None:
    zone = ZoneInfo("Asia/Seoul")
    assert format_clock(15 * HOUR + 5 * SECOND, zone) == "00:00:05"
    assert format_moment(15 * HOUR, zone) == "1970-01-02 00:00:00"
