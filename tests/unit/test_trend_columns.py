"""From buckets to pixels: nothing that happened may be lost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.times import SECOND
from ksys_core.domain.trend import TrendSeries
from ksys_hmi.plots.columns import Mapping, dashed, runs, strokes
from ksys_hmi.plots.curves import spread

WIDTH = 100
MAPPING = Mapping(t0=0, px_per_ns=WIDTH / (1000 * SECOND), left=0.0, low=0.0, px_per_unit=1.0, bottom=500.0)


def dense(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> TrendSeries:
    return TrendSeries.raw(np.linspace(0, 1000 * SECOND, len(values), endpoint=False).astype(np.int64), values)


@given(st.integers(0, 999), st.floats(100, 400), st.sampled_from([(), (10.0, 4.0), (3.0, 3.0)]))
def test_a_spike_of_one_reading_keeps_its_height_in_every_line_style(
    where: int, height: float, pattern: tuple[float, ...]
) -> None:
    values = np.full(1000, 10.0)
    values[where] = height
    ink = dashed(strokes(dense(values), MAPPING, "linear"), pattern, 0.0)
    assert ink.columns
    column = ink.x[::2] == np.floor(where / 10) + 0.5
    assert ink.y[::2][column] == 500.0 - height


def test_neighbouring_columns_touch() -> None:
    ink = strokes(dense(np.repeat([10.0, 300.0], 500)), MAPPING, "linear")
    top, bottom = ink.y[::2], ink.y[1::2]
    assert (top[1:] <= bottom[:-1]).all()
    assert (bottom[1:] >= top[:-1]).all()


def test_a_gap_is_not_bridged() -> None:
    values = np.full(1000, 10.0)
    values[400:600] = np.nan
    values[600:] = 300.0
    ink = strokes(dense(values), MAPPING, "linear")
    inked = ink.x[::2]
    assert not ((inked > 40) & (inked < 60)).any()
    after = ink.x[::2] == 60.5
    assert ink.y[1::2][after] - ink.y[::2][after] == 1.0


def test_sparse_readings_are_a_line_broken_at_gaps() -> None:
    series = TrendSeries.raw(np.arange(6) * 100 * SECOND, [1.0, 2.0, np.nan, 3.0, np.nan, 4.0])
    line = strokes(series, MAPPING, "linear")
    assert not line.columns
    drawn = [(line.x[i], line.x[i + 1]) for i in range(len(line.x) - 1) if line.connect[i]]
    assert drawn == [(0.0, 10.0), (30.0, 31.5), (50.0, 51.5)]
    assert np.isfinite(line.y).all()


def test_a_step_tag_holds_its_value() -> None:
    series = TrendSeries.raw([0, 100 * SECOND, 200 * SECOND], [1.0, 5.0, 2.0])
    line = strokes(series, MAPPING, "step")
    assert list(zip(line.x.tolist(), (500 - line.y).tolist(), strict=True)) == [
        (0.0, 1.0),
        (10.0, 1.0),
        (10.0, 5.0),
        (20.0, 5.0),
        (20.0, 2.0),
    ]


def test_an_empty_series_draws_nothing() -> None:
    assert not len(strokes(TrendSeries.raw([], []), MAPPING, "linear").x)
    nothing = strokes(dense(np.full(1000, np.nan)), MAPPING, "linear")
    assert not nothing.connect.any()


@given(st.lists(st.floats(-100, 700), max_size=12))
def test_names_at_the_edge_do_not_overlap(tops: list[float]) -> None:
    placed = spread(sorted(tops), 20.0, 0.0, 600.0)
    assert all(b - a >= 20.0 - 1e-9 for a, b in pairwise(placed))
    assert all(0.0 - 1e-9 <= top <= 580.0 + 1e-9 for top in placed)


def test_runs_are_half_open() -> None:
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert runs(np.zeros(3, bool)) == []
