"""Recall, precision, false detections and lead times: by hand, and against a search through every pair."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.domain.detection import Events, Score, score
from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND
from ksys_core.errors import KnownError
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.services.comparison import Labelled, compare, model_alarms, rule_alarms
from ksys_core.services.comparison_file import compare_file
from ksys_core.services.labels import read_labels

SEOUL = ZoneInfo("Asia/Seoul")


def hours(*values: float) -> np.ndarray:
    return np.array([round(value * HOUR) for value in values], np.int64)


def test_two_events_by_hand() -> None:
    """Of events 2-3 h and 10-12 h the first is told half an hour before, the second not; one detection is false."""
    found = score(hours(1.5, 2.2, 6), Events(hours(2, 10), hours(3, 12)), 0, DAY, early=HOUR)
    assert found == Score(2, 1, 3, 2, 19 / 24, (1800.0,))
    assert (found.recall, found.lead_s) == (0.5, 1800.0)
    assert found.precision == pytest.approx(2 / 3)
    assert found.false_a_day == pytest.approx(24 / 19)
    without = score(hours(), Events(hours(), hours()), 0, DAY, early=0)
    assert (without.recall, without.precision, without.lead_s, without.false_a_day) == (None, None, None, 0.0)
    assert (found + without).days == pytest.approx(43 / 24)
    assert (found + without).leads_s == (1800.0,)


@given(
    st.lists(st.integers(0, 200), max_size=30),
    st.lists(st.tuples(st.integers(0, 180), st.integers(1, 30)), max_size=6),
    st.integers(0, 20),
)
def test_scores_agree_with_looking_at_every_minute(at: list[int], spans: list[tuple[int, int]], early: int) -> None:
    begin, stop = 10, 190
    events = Events(*(np.array(each, np.int64) * MINUTE for each in ([a for a, _ in spans], [a + n for a, n in spans])))
    found = score(np.array(at, np.int64) * MINUTE, events, begin * MINUTE, stop * MINUTE, early=early * MINUTE)
    meant = [(a, a + n) for a, n in spans if a + n > begin and a < stop]
    inside = sorted(t for t in at if begin <= t < stop)
    told = [t for t in inside if any(a - early <= t <= b for a, b in meant)]
    firsts = [
        (a, min(t for t in inside if a - early <= t <= b)) for a, b in meant if any(a - early <= t <= b for t in told)
    ]
    quiet = sum(not any(a - early <= m < b for a, b in meant) for m in range(begin, stop))
    assert (found.events, found.found) == (len(meant), len(firsts))
    assert (found.detections, found.hits) == (len(inside), len(told))
    assert found.days == pytest.approx(quiet / 1440)
    assert found.leads_s == pytest.approx(tuple(sorted(60.0 * (a - t) for a, t in firsts)))


def daily(days: int, *, fault: slice, amount: float) -> Labelled:
    """A daily wave of 10-minute values whose level is moved during the fault."""
    n = 144 * days
    v = 50 + 10 * np.sin(2 * np.pi * np.arange(n) / 144) + np.random.default_rng(5).normal(0, 0.3, n)
    v[fault] += amount
    step = 10 * MINUTE
    events = Events(np.array([fault.start * step]), np.array([fault.stop * step]))
    return Labelled("FLOW", RegularSeries(0, step, v), events, 144 * 5, 144)


def test_a_model_finds_what_hides_between_the_limits() -> None:
    """A fall by 6 at the crest of the wave is far from any limit, and far from what was expected."""
    series = daily(12, fault=slice(144 * 8 + 36, 144 * 8 + 60), amount=-6.0)
    found = compare([series])
    assert (found.rules.recall, found.model.recall) == (0.0, 1.0)
    assert found.model.lead_s is not None
    assert -3 * 600 <= found.model.lead_s <= 0


def test_both_find_what_is_gross_and_neither_is_disturbed_before() -> None:
    series = daily(12, fault=slice(144 * 8, 144 * 9), amount=60.0)
    begin = 144 * 8 * 10 * MINUTE
    for alarms in (rule_alarms(series), model_alarms(series)):
        assert len(alarms) >= 1
        assert begin <= alarms[0] <= begin + 3 * 10 * MINUTE


def test_two_series_of_one_plant_are_judged_together() -> None:
    fault = slice(144 * 8, 144 * 9)
    quiet = daily(12, fault=fault, amount=0.0)
    both = compare([quiet, daily(12, fault=fault, amount=60.0)], name="plant")
    assert (both.name, both.rules.events, both.rules.recall) == ("plant", 1, 1.0)
    assert compare([quiet]).rules.recall == 0.0


def test_a_column_that_never_changed_tells_of_the_first_change() -> None:
    v = np.full(600, 5.0)
    v[400:420] = 6.0
    series = Labelled("FLAT", RegularSeries(0, MINUTE, v), Events(hours(400 / 60), hours(420 / 60)), 200)
    found = compare([series])
    assert (found.rules.recall, found.model.recall) == (1.0, 1.0)


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_labels_of_a_file_are_in_the_plants_zone(tmp_path: Path) -> None:
    path = written(tmp_path / "l.csv", "from,to,text,tag\n2026-03-01 09:00,2026-03-01T01:00:00Z,Fouling,FLOW\n")
    (label,) = read_labels(path, SEOUL)
    assert (label.tag, label.text, label.end - label.start) == ("FLOW", "Fouling", HOUR)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("begin,end\n1,2\n", "labels.columns", "from and to"),
        ("from,to\nnoon,2026-01-01\n", "labels.row", "line 2: “noon” is no time"),
        ("from,to\n2026-01-02,2026-01-01\n", "labels.row", "ends before"),
    ],
)
def test_a_wrong_file_of_labels_is_refused_with_its_line(tmp_path: Path, text: str, code: str, said: str) -> None:
    with pytest.raises(KnownError, match=said) as refused:
        read_labels(written(tmp_path / "l.csv", text), SEOUL)
    assert refused.value.code == code
    with pytest.raises(KnownError, match="can't be read"):
        read_labels(tmp_path / "none.csv", SEOUL)


def test_a_table_is_compared_column_by_column(tmp_path: Path) -> None:
    series = daily(12, fault=slice(144 * 8, 144 * 9), amount=60.0)
    times = np.array(series.y.start + np.arange(len(series.y)) * series.y.step).astype("datetime64[ns]").astype(str)
    rows = [f"{str(t)[:19]},{v:.4f},{50 + v / 100:.4f}" for t, v in zip(times, series.y.v, strict=True)]
    table = written(tmp_path / "t.csv", "\n".join(["time,FLOW,OTHER", *rows]))
    begin, end = (str(np.datetime64(int(each[0]), "ns"))[:19] for each in (series.events.start, series.events.end))
    labels = written(tmp_path / "l.csv", f"from,to,tag\n{begin},{end},FLOW\n")
    every = compare_file(table, labels, ZoneInfo("UTC"), training=5 / 12)
    assert [each.name for each in every] == ["All labelled events", "FLOW", "OTHER"]
    assert [(each.rules.events, each.rules.found) for each in every] == [(1, 1), (1, 1), (0, 0)]
    assert every[1].rules.leads_s[0] >= -3 * 10 * MINUTE / SECOND
    with pytest.raises(KnownError) as refused:
        compare_file(table, labels, ZoneInfo("UTC"), training=0.95)
    assert refused.value.code == "compare.share"
