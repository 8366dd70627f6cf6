"""Numbers, times and clock changes of text tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.times import HOUR, MINUTE, SECOND, to_datetime, to_ns
from ksys_core.errors import KnownError
from ksys_core.sources.tabular.instants import FORMATS, YEAR_FIRST, detect_format, given_format
from ksys_core.sources.tabular.localtime import WallClock, changes
from ksys_core.sources.tabular.numbers import GAPS, parse_numbers

ROME, SEOUL = ZoneInfo("Europe/Rome"), ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), (" -2 ", -2.0), ("+.5e-3", 0.0005), ("3.", 3.0), ("1E3", 1000.0), ("007", 7.0)],
)
def test_numbers(text: str, value: float) -> None:
    for neighbour in ("1", "x"):  # by the quick way and the careful one
        v, gaps, bad = parse_numbers([text, neighbour])
        assert (v[0], gaps[0], bad[0]) == (value, False, False)


@pytest.mark.parametrize(
    "text", ["1,5", "1_000", "0x10", "12a", "٣", "１２", "1 2", "inf", "-Infinity", "1e999", "=1+1", "1.2.3"]
)
def test_no_numbers(text: str) -> None:
    for neighbour in ("1", "x", ""):
        v, gaps, bad = parse_numbers([text, neighbour])
        assert bad[0]
        assert not gaps[0]
        assert np.isnan(v[0])


@pytest.mark.parametrize("text", [*sorted(GAPS), "NaN", "NULL", "  "])
def test_gaps_are_not_zero(text: str) -> None:
    v, gaps, bad = parse_numbers(["1", text])
    assert gaps.tolist() == [False, True]
    assert not bad.any()
    assert np.isnan(v[1])


def test_decimal_comma() -> None:
    v, gaps, bad = parse_numbers(["1,5", "-2", "", "1.234,5", "7,"], ",")
    assert v[[0, 1, 4]].tolist() == [1.5, -2.0, 7.0]
    assert gaps.tolist() == [False, False, True, False, False]
    assert bad.tolist() == [False, False, False, True, False]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_float_comes_back(values: list[float]) -> None:
    v, gaps, bad = parse_numbers([repr(value) for value in values])
    assert v.tolist() == values
    assert not gaps.any()
    assert not bad.any()


def ns(*parts: int) -> int:
    return to_ns(datetime(*parts, tzinfo=UTC))  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "moment", "aware"),
    [
        ("2021-03-28 02:30", ns(2021, 3, 28, 2, 30), False),
        ("2021-03-28T02:30:05.25", ns(2021, 3, 28, 2, 30, 5) + SECOND // 4, False),
        ("2021-03-28T02:30Z", ns(2021, 3, 28, 2, 30), True),
        ("2021-03-28 02:30:00+0900", ns(2021, 3, 27, 17, 30), True),
        ("2021-03-28 02:30-03:30", ns(2021, 3, 28, 6, 0), True),
        ("2021/3/8 2:05", ns(2021, 3, 8, 2, 5), False),
        ("2021. 3. 8. 오후 2:05", ns(2021, 3, 8, 14, 5), False),
        ("2021-03-08 오전 12:05", ns(2021, 3, 8, 0, 5), False),
        ("2021-03-08 12:05 PM", ns(2021, 3, 8, 12, 5), False),
        ("2021-12-31 24:00", ns(2022, 1, 1), False),
        ("2021-12-31", ns(2021, 12, 31), False),
        ("20210308020500", ns(2021, 3, 8, 2, 5), False),
        ("1615169100", ns(2021, 3, 8, 2, 5), True),
        ("1615169100250", ns(2021, 3, 8, 2, 5) + SECOND // 4, True),
        ("1615169100.25", ns(2021, 3, 8, 2, 5) + SECOND // 4, True),
    ],
)
def test_times(text: str, moment: int, aware: bool) -> None:
    read = detect_format([text]).parse([text, "x"])
    assert (int(read[0][0]), bool(read[1][0])) == (moment, aware)
    assert read[2].tolist() == [False, True]


@pytest.mark.parametrize(
    "text", ["2021-02-30 00:00", "2021-13-01 00:00", "2021-01-01 25:00", "2021-01-01 24:30", "now", "NaT", "12", ""]
)
def test_no_times(text: str) -> None:
    for kind in FORMATS:
        assert kind.parse([text])[2].all()


def test_day_and_month_are_told_apart_by_a_later_row() -> None:
    days = [f"{d}/1/2017 0:00" for d in range(1, 32)]
    assert detect_format(days).name == "day-month-year"
    assert detect_format([f"1/{d}/2017 0:00" for d in range(1, 32)]).name == "month-day-year"


def test_day_and_month_are_told_apart_by_even_steps() -> None:
    assert detect_format([f"{d:02d}.03.2021 00:00" for d in range(1, 12)]).name == "day-month-year"
    with pytest.raises(KnownError, match="--format"):
        detect_format(["1/1/2021 00:00", "1/1/2021 01:00"])


def test_a_given_format() -> None:
    kind = given_format("%d-%b-%y %H.%M")
    t, aware, bad = kind.parse(["08-Mar-21 02.05", "x"])
    assert int(t[0]) == ns(2021, 3, 8, 2, 5)
    assert not aware[0]
    assert bad.tolist() == [False, True]
    assert given_format("%Y-%m-%d %H:%M%z").parse(["2021-03-08 02:05+0100"])[0][0] == ns(2021, 3, 8, 1, 5)


@given(st.lists(st.datetimes(datetime(1901, 1, 1), datetime(2099, 12, 31)), min_size=1, max_size=20))
def test_plain_and_careful_reading_agree(moments: list[datetime]) -> None:
    texts = [f"{moment:%Y-%m-%d %H:%M:%S}" if moment.year > 999 else "" for moment in moments]
    quick = YEAR_FIRST.parse(texts)[0]
    careful = YEAR_FIRST.parse([*texts, "x"])[0][:-1]
    assert quick.tolist() == careful.tolist()


def test_changes_of_a_year() -> None:
    assert changes(SEOUL, 2021) == ()
    spring, autumn = changes(ROME, 2021)
    assert to_datetime(spring.at) == datetime(2021, 3, 28, 1, tzinfo=UTC)
    assert to_datetime(autumn.at) == datetime(2021, 10, 31, 1, tzinfo=UTC)
    assert (autumn.before, autumn.after) == (2 * HOUR, HOUR)


ZONES = st.sampled_from([ZoneInfo(z) for z in ("Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Seoul")])


@given(ZONES, st.datetimes(datetime(1995, 1, 1), datetime(2030, 1, 1)), st.sampled_from([10, 30, 60]), st.booleans())
def test_a_steady_clock_is_placed_as_it_ran(zone: ZoneInfo, begin: datetime, minutes: int, descending: bool) -> None:
    """Wall-clock times written every few minutes for three days are placed where they were, through any change."""
    start = to_ns(begin.replace(tzinfo=UTC, second=0, microsecond=0))
    utc = start + np.arange(3 * 24 * 60 // minutes, dtype=np.int64) * minutes * MINUTE
    if descending:
        utc = utc[::-1].copy()
    wall = np.array([to_ns(to_datetime(int(t)).astimezone(zone).replace(tzinfo=UTC)) for t in utc], dtype=np.int64)
    clock = WallClock(zone, descending)
    half = len(wall) // 2
    parts = [clock.to_utc(part, np.zeros(len(part), np.int32)) for part in (wall[:half], wall[half:])]
    placed = np.concatenate([part[0] for part in parts])
    assert not np.concatenate([part[1] for part in parts]).any()
    assert np.array_equal(placed, utc)


def test_the_hour_left_out_does_not_exist() -> None:
    wall = np.array([ns(2021, 3, 28, 1, 59), ns(2021, 3, 28, 2), ns(2021, 3, 28, 2, 59), ns(2021, 3, 28, 3)])
    _, missing = WallClock(ROME).to_utc(wall, np.zeros(4, np.int32))
    assert missing.tolist() == [False, True, True, False]


def test_the_doubled_hour_of_each_tag_goes_by_the_order_of_its_rows() -> None:
    wall = np.array([ns(2021, 10, 31, 2)] * 2 + [ns(2021, 10, 31, 2, 30)] * 2 + [ns(2021, 10, 31, 2)] * 2)
    placed, _ = WallClock(ROME).to_utc(wall, np.array([0, 1] * 3, np.int32))
    told = [to_datetime(int(t)) - datetime(2021, 10, 31, tzinfo=UTC) for t in placed]
    assert told == [timedelta(minutes=m) for m in (0, 0, 30, 30, 60, 60)]
