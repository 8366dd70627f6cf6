"""Time axis, window, Y axes, tag search, pen sets: the parts of a trend without Qt."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.tag_search import TagIndex
from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND, to_ns
from ksys_core.errors import KnownError
from ksys_hmi.models.pen_sets import PenSets
from ksys_hmi.models.time_ticks import clock_changes, moment_text, offset_text, span_text, time_ticks
from ksys_hmi.models.trend_axes import Axis, Extent, axes_of, grouped, rounded, value_ticks
from ksys_hmi.models.trend_window import History, Window, entered_window, live_window, parse_moment

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")
AUTUMN = to_ns(datetime(2026, 10, 25, 1, tzinfo=UTC))
"""Berlin's clock goes back from 03:00 to 02:00."""


def test_ticks_lie_on_round_local_times_with_the_date_at_midnight() -> None:
    start = to_ns(datetime(2026, 11, 22, 8, 10, tzinfo=UTC))
    ticks = time_ticks(start, start + DAY, SEOUL, 12)
    assert [tick.label for tick in ticks][:4] == ["18:00", "20:00", "22:00", "00:00"] or len(ticks) <= 12
    midnight = next(tick for tick in ticks if tick.label == "00:00")
    assert midnight.date.startswith("11-23")


def test_the_repeated_hour_of_autumn_has_its_marks_twice() -> None:
    ticks = time_ticks(AUTUMN - 2 * HOUR, AUTUMN + 2 * HOUR, BERLIN, 20)
    labels = [tick.label for tick in ticks]
    assert labels.count("02:30") == 2
    assert labels.count("01:30") == 1
    (change,) = clock_changes(AUTUMN - DAY, AUTUMN + DAY, BERLIN)
    assert (change.ns, change.before, change.after) == (AUTUMN, 7200, 3600)
    assert moment_text(AUTUMN + 30 * MINUTE, BERLIN, DAY).endswith("02:30:00 UTC+01:00")
    assert moment_text(AUTUMN - 30 * MINUTE, BERLIN, DAY).endswith("02:30:00 UTC+02:00")
    assert moment_text(AUTUMN + 3 * HOUR, BERLIN, DAY).endswith("05:00:00".replace("05", "05"))


def test_days_keep_midnight_through_a_clock_change() -> None:
    ticks = time_ticks(AUTUMN - 5 * DAY, AUTUMN + 5 * DAY, BERLIN, 12)
    local = [datetime.fromtimestamp(tick.ns / SECOND, BERLIN) for tick in ticks]
    assert {(each.hour, each.minute) for each in local} == {(0, 0)}


@given(
    st.integers(-(10**18), 4 * 10**18),
    st.integers(SECOND, 3 * 365 * DAY),
    st.integers(3, 25),
    st.sampled_from([SEOUL, BERLIN, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]),
)
def test_ticks_stay_inside_rise_and_are_few(start: int, span: int, most: int, zone: ZoneInfo) -> None:
    ticks = time_ticks(start, start + span, zone, most)
    places = [tick.ns for tick in ticks]
    assert places == sorted(set(places))
    assert all(start <= place <= start + span for place in places)
    assert len(places) <= most + 4


def test_offsets_and_spans_read_well() -> None:
    assert offset_text(9 * 3600) == "UTC+09:00"
    assert offset_text(-(3 * 3600 + 1800)) == "UTC−03:30"
    assert [span_text(ns) for ns in (12_500_000_000, 185 * SECOND, 130 * MINUTE, 4 * DAY + 6 * HOUR)] == [
        "12.5 s",
        "3 min 05 s",
        "2 h 10 min",
        "4 d 06 h",
    ]


def test_zooming_keeps_the_anchor_in_place() -> None:
    window = Window(0, 100 * SECOND).zoomed(0.5, 80 * SECOND)
    assert window == Window(40 * SECOND, 90 * SECOND)
    assert Window(0, 2 * SECOND).zoomed(1e-9, SECOND).span == SECOND


def test_a_live_window_leaves_room_for_the_future() -> None:
    window = live_window(1000 * SECOND, 800 * SECOND, 0.2)
    assert window.start == 200 * SECOND
    assert window.stop == 1200 * SECOND


def test_undo_and_redo() -> None:
    history: History[int] = History()
    for value in (1, 2, 3):
        history.push(value)
    assert [history.undo(4), history.undo(3), history.undo(2), history.undo(1)] == [3, 2, 1, 1]
    assert [history.redo(1), history.redo(2)] == [2, 3]
    history.push(9)
    assert history.redo(10) == 10


def test_typed_times_are_of_the_plant_zone() -> None:
    assert parse_moment(" 2026-11-23 16:30 ", SEOUL) == to_ns(datetime(2026, 11, 23, 7, 30, tzinfo=UTC))
    assert parse_moment("2026-11-23", SEOUL) == to_ns(datetime(2026, 11, 22, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "stop", "code"),
    [
        ("yesterday", "2026-11-23", "trend.not_a_time"),
        ("2026-13-01", "2026-11-23", "trend.not_a_time"),
        ("2026-11-23 10:00", "2026-11-23 09:00", "trend.wrong_order"),
        ("2026-11-23 10:00", "2026-11-23 10:00", "trend.wrong_order"),
        ("1926-11-23", "2026-11-23", "trend.too_long"),
    ],
)
def test_a_wrong_range_is_refused_with_its_reason(start: str, stop: str, code: str) -> None:
    with pytest.raises(KnownError) as refusal:
        entered_window(start, stop, SEOUL)
    assert refusal.value.code == code
    assert str(refusal.value)


def test_a_time_that_the_clock_skipped_is_refused() -> None:
    with pytest.raises(KnownError) as refusal:
        parse_moment("2026-03-29 02:30", BERLIN)
    assert refusal.value.code == "trend.skipped_time"


def test_pens_of_one_unit_and_like_size_share_an_axis() -> None:
    extents = [
        Extent(0, "bar", 10, 20),
        Extent(1, "m³/h", 10, 20),
        Extent(2, "bar", 12, 16),
        Extent(3, "bar", 900, 1400),
    ]
    assert [[one.slot for one in group] for group in grouped(extents)] == [[0, 2], [1], [3]]


def test_an_axis_stays_while_it_fits_and_is_not_wasteful() -> None:
    (first,) = axes_of([(Extent(0, "bar", 10, 20),)], {}, autoscale=True)
    before = {first.slots: first}
    assert axes_of([(Extent(0, "bar", 11, 19),)], before, autoscale=True) == (first,)
    assert axes_of([(Extent(0, "bar", 14, 15),)], before, autoscale=True) != (first,)
    assert axes_of([(Extent(0, "bar", 0, 900),)], before, autoscale=False) == (first,)
    held = Axis(0, 5, "bar", (0,), fixed=True)
    assert axes_of([(Extent(0, "bar", 0, 900),)], {(0,): held}, autoscale=True) == (held,)


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9), st.integers(0, 4))
def test_a_rounded_range_holds_the_values(low: float, size: float, decimals: int) -> None:
    left, right = rounded(low, low + size, decimals)
    assert left <= low
    assert right >= low + size
    assert right > left
    assert len(value_ticks(left, right, 8)) >= 2


def tags(count: int) -> list[Sensor]:
    units = ("bar", "m³/h", "µS/cm")
    return [
        Sensor(i, f"UNIT{i % 40:02d}_FEED_FLOW_{i:05d}", units[i % 3], f"RO/Train {i % 7}",
               description={"en": f"Feed flow of train {i}", "ko": f"공급 유량 {i}"})
        for i in range(count)
    ]  # fmt: skip


def test_search_finds_by_tag_description_unit_and_scattered_letters() -> None:
    index = TagIndex(
        [
            Sensor(1, "FEED_FLOW", "m³/h", "RO/Feed", description={"en": "Feed flow", "ko": "공급 유량"}),
            Sensor(2, "FEED_PRESSURE", "bar", "RO/Feed", description={"en": "Feed pressure", "ko": "공급 압력"}),
            Sensor(3, "OUTLET_FLOW", "m³/h", "RO/Product", description={"en": "Product after feed"}),
        ]
    )

    def found(query: str) -> list[str]:
        return [sensor.tag for sensor in index.search(query)]

    assert found("") == ["FEED_FLOW", "FEED_PRESSURE", "OUTLET_FLOW"]
    assert found("feed") == ["FEED_FLOW", "FEED_PRESSURE", "OUTLET_FLOW"]
    assert found("flow") == ["FEED_FLOW", "OUTLET_FLOW"]
    assert found("유량") == ["FEED_FLOW"]
    assert found("bar feed") == ["FEED_PRESSURE"]
    assert found("fdflw") == ["FEED_FLOW"]
    assert found("product") == ["OUTLET_FLOW"]
    assert found("zzz") == []


@given(st.text(max_size=20))
def test_no_typed_text_breaks_the_search(query: str) -> None:
    assert len(TagIndex(tags(50)).search(query, limit=10)) <= 10


def test_pen_sets_are_kept_for_each_person(tmp_path: Path) -> None:
    path = tmp_path / "deeper" / "pen_sets.json"
    mine, other = PenSets(path, "kim"), PenSets(path, "lee")
    assert mine.names() == []
    mine.save(["A", "B"], "펌프")
    mine.save(["C"])
    other.save(["D"], "펌프")
    assert (mine.names(), mine.tags("펌프"), mine.tags()) == (["펌프"], ["A", "B"], ["C"])
    mine.delete("펌프")
    assert (mine.names(), other.tags("펌프")) == ([], ["D"])


def test_a_broken_file_of_pen_sets_counts_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "pen_sets.json"
    for broken in ("", "{", "[1]", '{"kim": 3}', '{"kim": {"a": 1}}'):
        path.write_text(broken, "utf-8")
        assert PenSets(path, "kim").names() == []
    PenSets(path, "kim").save(["A"], "a")
    assert PenSets(path, "kim").tags("a") == ["A"]
