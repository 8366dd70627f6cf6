"""What keys do to pens and view, as pure functions: no screen, no database."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ksys_core.domain.quality import BAD_COMM_FAILURE, GOOD, UNCERTAIN
from ksys_core.domain.tags import Sensor
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND
from ksys_core.domain.trend import TrendSeries
from ksys_core.forecasting.registry import SPECS
from ksys_core.services.trends import PenRows
from ksys_hmi.models.trend_rows import COLUMNS, rows_of
from ksys_hmi.models.trend_state import Cursors, Pen, View
from ksys_hmi.models.trend_window import Window
from ksys_hmi.plots.future import MODEL_NAMES
from ksys_hmi.presenters import trend_moves, trend_pens
from ksys_hmi.presenters.trend_scene import badge_of, blank, extent_of, scene_of, slid
from tests.trend_scenes import NOW, SEOUL, band, buckets, full_scene

WINDOW = Window(NOW - 8 * HOUR, NOW)


def pens(*tags: str) -> tuple[Pen, ...]:
    found, _ = trend_pens.added((), [Sensor(i, tag) for i, tag in enumerate(tags, 1)])
    return found


def filled(found: tuple[Pen, ...], series: TrendSeries) -> tuple[Pen, ...]:
    rows = {pen.sensor.sensor_id: PenRows(series, ()) for pen in found}
    return trend_pens.filled(found, rows, WINDOW, WINDOW)


def test_a_pen_takes_the_lowest_free_slot_and_a_tag_only_one() -> None:
    first = pens("A", "B", "C")
    without = tuple(pen for pen in first if pen.slot != 1)
    again, refused = trend_pens.added(without, [Sensor(1, "A"), Sensor(9, "D"), Sensor(9, "D")])
    assert [(pen.sensor.tag, pen.slot) for pen in again] == [("A", 0), ("C", 2), ("D", 1)]
    assert refused == []


def test_more_than_sixteen_are_refused() -> None:
    found, refused = trend_pens.added((), [Sensor(i, f"T{i}") for i in range(20)])
    assert len(found) == 16
    assert [sensor.tag for sensor in refused] == ["T16", "T17", "T18", "T19"]


def test_while_rows_are_on_their_way_old_ones_stay() -> None:
    shown = filled(pens("A"), buckets(WINDOW.start, WINDOW.stop, 100))
    later = WINDOW.moved(HOUR)
    (asked,) = trend_pens.asking(shown, later, frozenset({1}))
    assert (asked.status, asked.series) == ("partial", shown[0].series)
    (inside,) = trend_pens.asking(shown, WINDOW, frozenset({1}))
    assert inside.status == "ok"
    (fresh,) = trend_pens.asking(pens("A"), later, frozenset({1}))
    assert fresh.status == "loading"


def test_an_answer_without_values_is_not_ok() -> None:
    assert filled(pens("A"), TrendSeries.raw([], []))[0].status == "empty"
    assert filled(pens("A"), TrendSeries.raw([NOW - HOUR], [np.nan]))[0].status == "empty"


def test_a_tail_is_joined_only_to_the_rows_it_was_asked_for() -> None:
    shown = filled(pens("A"), TrendSeries.raw(NOW - np.array([30, 20, 10]) * SECOND, [1.0, 2.0, 3.0]))
    assert shown[0].series is not None
    asked = {1: shown[0].series}
    tail = {1: TrendSeries.raw([NOW - 10 * SECOND, NOW], [3.0, 4.0])}
    (longer,) = trend_pens.extended(shown, tail, asked, WINDOW)
    assert longer.series is not None
    assert longer.series.last.tolist() == [1.0, 2.0, 3.0, 4.0]
    other = filled(pens("A"), TrendSeries.raw([NOW - DAY], [9.0]))
    assert trend_pens.extended(other, tail, asked, WINDOW) == other


def test_the_tail_begins_on_a_bucket_boundary_before_the_newest_row() -> None:
    step = 10 * MINUTE
    series = replace(buckets(NOW - 8 * HOUR, NOW, 48), step_ns=step)
    since = trend_pens.tail_start(filled(pens("A"), series), NOW)
    assert since is not None
    assert since % step == 0
    assert since < series.t[-1]
    assert trend_pens.tail_start(pens("A"), NOW) is None


def test_a_forecast_grows_stale_after_three_missed_renewals() -> None:
    forecast = band(NOW, 6, 50.0)
    shown = trend_pens.with_forecasts(pens("A"), {1: forecast})
    (young,) = trend_pens.aged(shown, NOW + 14 * MINUTE, 5 * MINUTE)
    (old,) = trend_pens.aged(shown, NOW + 16 * MINUTE, 5 * MINUTE)
    assert (young.forecast_stale, old.forecast_stale) == (False, True)


def test_a_live_view_slides_and_makes_room_for_the_forecast() -> None:
    view = View(WINDOW, past=8 * HOUR)
    plain = slid(view, pens("A"), NOW)
    assert plain.window.start == NOW - 8 * HOUR
    shown = trend_pens.with_forecasts(pens("A"), {1: band(NOW, 2, 50.0)})
    ahead = slid(view, shown, NOW)
    assert ahead.window.stop == pytest.approx(NOW + 2 * HOUR, abs=SECOND)
    off = slid(replace(view, show_forecast=False), shown, NOW)
    assert off.window == plain.window
    paused = replace(view, live=False)
    assert slid(paused, shown, NOW + DAY) is paused


def test_panning_pauses_and_zooming_in_live_mode_stays_live() -> None:
    view = View(WINDOW, past=8 * HOUR)
    panned = trend_moves.panned(view, -HOUR)
    assert (panned.live, panned.window) == (False, WINDOW.moved(-HOUR))
    zoomed = trend_moves.zoomed(view, 0.5, NOW)
    assert (zoomed.live, zoomed.past) == (True, 4 * HOUR)
    again = trend_moves.live_again(replace(panned, window=WINDOW.moved(HOUR)), NOW)
    assert (again.live, again.past) == (True, 7 * HOUR)


def test_autoscale_holds_all_axes_and_frees_them() -> None:
    scene = full_scene(2, 200)
    held = trend_moves.autoscale_toggled(scene.view, scene.axes)
    assert not held.autoscale
    zoomed = trend_moves.axis_zoomed(held, scene.axes[0], 0.5, scene.axes[0].low)
    assert zoomed.fixed[0].low == scene.axes[0].low
    assert zoomed.fixed[0].high - zoomed.fixed[0].low == pytest.approx((scene.axes[0].high - scene.axes[0].low) / 2)
    free = trend_moves.autoscale_toggled(zoomed, scene.axes)
    assert (free.autoscale, free.fixed) == (True, ())


def test_the_axis_holds_the_80_percent_band_but_a_wide_95_does_not_squash_the_data() -> None:
    forecast = band(NOW, 6, 50.0)
    wild = replace(forecast, lo95=forecast.lo95 - 1e6, hi95=forecast.hi95 + 1e6)
    shown = filled(pens("A"), buckets(WINDOW.start, WINDOW.stop, 100))
    view = View(Window(NOW - HOUR, NOW + 6 * HOUR))
    extent = extent_of(trend_pens.with_forecasts(shown, {1: wild})[0], view)
    assert extent.low <= forecast.lo80.min()
    assert extent.high >= forecast.hi80.max()
    assert extent.high - extent.low < 100


def test_the_badge_names_ratio_and_level() -> None:
    assert badge_of(pens("A"), WINDOW) == ""
    assert "1:6" in badge_of(filled(pens("A"), buckets(WINDOW.start, WINDOW.stop, 100)), WINDOW)
    assert "1:" not in badge_of(filled(pens("A"), TrendSeries.raw([NOW - HOUR], [1.0])), WINDOW)


def test_axes_keep_their_range_between_scenes() -> None:
    shown = filled(pens("A", "B"), buckets(WINDOW.start, WINDOW.stop, 500))
    view = View(WINDOW, live=False)
    first = scene_of(shown, view, blank(NOW, SEOUL, view), now=NOW, selected=0, frozen_since=None)
    later = replace(view, window=Window(WINDOW.start + MINUTE, WINDOW.stop))
    second = scene_of(shown, later, first, now=NOW, selected=0, frozen_since=None)
    assert second.axes == first.axes
    lanes = scene_of(shown, replace(view, lanes=True), first, now=NOW, selected=0, frozen_since=None)
    assert [axis.slots for axis in lanes.axes] == [(0,), (1,)]


def test_the_table_says_value_quality_and_time_at_the_cursor() -> None:
    series = TrendSeries.raw(
        NOW - np.array([40, 30, 20, 10]) * SECOND,
        [1.0, 2.0, np.nan, 4.0],
        [GOOD, UNCERTAIN, BAD_COMM_FAILURE, GOOD],
    )
    scene = replace(full_scene(1, 50), pens=filled(pens("A"), series))

    def cells(cursors: Cursors) -> dict[str, str]:
        return dict(zip(COLUMNS, rows_of(scene, cursors)[0].cells, strict=True))

    assert cells(Cursors())["At 1"] == ""
    at_second = cells(Cursors(NOW - 30 * SECOND))
    assert (at_second["At 1"], at_second["Quality"]) == ("2.00", "UNCERTAIN")
    in_gap = cells(Cursors(NOW - 21 * SECOND))
    assert (in_gap["At 1"], in_gap["Quality"]) == ("----", "BAD-COMM")
    both = cells(Cursors(NOW - 40 * SECOND, NOW - 30 * SECOND))
    assert (both["At 2"], both["Δ"], both["Mean 1–2"]) == ("2.00", "1.00", "1.50")
    assert cells(Cursors(NOW + HOUR))["At 1"] == "----"


def test_every_algorithm_has_its_name_on_the_plot() -> None:
    assert {name: spec.title for name, spec in SPECS.items()} == MODEL_NAMES


def test_a_cursor_after_now_reads_the_forecast() -> None:
    shown = trend_pens.with_forecasts(
        filled(pens("A"), buckets(WINDOW.start, WINDOW.stop, 100)), {1: band(NOW, 6, 50.0)}
    )
    scene = replace(full_scene(1, 50), pens=shown)
    cells = dict(zip(COLUMNS, rows_of(scene, Cursors(NOW + HOUR))[0].cells, strict=True))
    assert float(cells["At 1"]) == pytest.approx(50, abs=3)
    assert cells["Quality"] == "forecast"
    assert dict(zip(COLUMNS, rows_of(scene, Cursors(NOW + DAY))[0].cells, strict=True))["At 1"] == "----"
