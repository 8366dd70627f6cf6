"""Anomalies of units and tags: what is found, what is left alone, and that cutting the stream changes nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksys_core.errors import KnownError
from ksys_core.forecasting import anomaly_model
from ksys_core.forecasting.anomaly_model import KINDS, Detector
from ksys_core.forecasting.anomaly_stream import HOLD, Stream, StreamState
from ksys_core.forecasting.anomaly_training import UnitHistory, runs, train
from tests.unit.forecasting.anomaly_unit import SENSORS, detector, normal


@pytest.fixture(scope="module")
def model() -> Detector:
    return detector()


def begun(model: Detector, values: np.ndarray) -> list[tuple[str, int, int]]:
    """Kind, tag and row of what began."""
    edges, _ = Stream(model).run(values)
    return [(edge.kind, edge.tag, edge.row) for edge in edges if edge.begins]


def test_a_unit_as_it_was_trained_is_silent(model: Detector) -> None:
    assert begun(model, normal(3000, seed=2)) == []


def test_tags_that_no_longer_follow_each_other_are_found_and_named(model: Detector) -> None:
    values = normal(600, seed=3)
    values[300:, 1] = normal(600, seed=4)[300:, 1]  # each tag by itself looks as ever
    stream = Stream(model)
    edges, scores = stream.run(values)
    (unit,) = [edge for edge in edges if edge.kind == "unit" and edge.begins][:1]
    assert 300 <= unit.row <= 310
    assert int(np.argmax(stream.state.shares)) == 1
    assert stream.state.shares.sum() == pytest.approx(1)
    assert np.nanmax(scores[:300, -1]) < 1


def test_a_tag_outside_its_interval_in_three_of_five(model: Detector) -> None:
    values = normal(400, seed=5)
    values[300, 3] += 2.0
    assert [one for one in begun(model, values) if one[0] == "interval"] == []
    values[302:306:2, 3] += 2.0
    assert ("interval", 3, 302) in begun(model, values) or ("interval", 3, 304) in begun(model, values)


def test_a_tag_that_stands_still_is_found_and_over_when_it_moves(model: Detector) -> None:
    values = normal(400, seed=6)
    values[200:260, 2] = values[200, 2]
    edges = [edge for edge in Stream(model).run(values)[0] if edge.kind == "flat"]
    (start, end) = edges
    assert (start.tag, start.begins, start.row) == (2, True, 200 + model.flat[2])
    assert (end.begins, end.row) == (False, 260)


def test_a_jump_and_a_value_that_was_never_near(model: Detector) -> None:
    values = normal(400, seed=7)
    values[300:, 0] += 500
    kinds = {(kind, tag) for kind, tag, row in begun(model, values) if row == 300}
    assert {("rate", 0), ("range", 0)} <= kinds


def test_bad_quality_is_silent(model: Detector) -> None:
    values = normal(600, seed=8)
    values[200:260, 1] = np.nan
    values[400:405] = np.nan
    _, scores = Stream(model).run(values)
    assert begun(model, values) == []
    k = len(SENSORS)
    own = [KINDS.index(kind) * k + 1 for kind in KINDS]
    assert np.isnan(scores[200:260, own]).all()
    assert np.isfinite(scores[200:260, -1]).all()  # the others judge the unit
    assert np.isnan(scores[400:408, -1]).all()


def test_an_anomaly_is_over_after_samples_without_a_sign(model: Detector) -> None:
    values = normal(500, seed=9)
    values[300, 0] += 500
    edges = [edge for edge in Stream(model).run(values)[0] if (edge.kind, edge.tag) == ("range", 0)]
    assert [(edge.begins, edge.row) for edge in edges] == [(True, 300), (False, 301)]
    assert edges[1].peak > 1
    early, _ = Stream(model).run(values[: 300 + HOLD])
    assert [edge.begins for edge in early if (edge.kind, edge.tag) == ("range", 0)] == [True]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_stream_cut_anywhere_gives_the_same(data: st.DataObject) -> None:
    model = detector(400)
    values = normal(60, seed=data.draw(st.integers(0, 50)))
    for _ in range(data.draw(st.integers(0, 3))):  # what a plant does to its readings
        row, length = data.draw(st.integers(0, 59)), data.draw(st.integers(1, 20))
        tag = data.draw(st.integers(0, 3))
        values[row : row + length, tag] = data.draw(st.sampled_from([np.nan, 0.0, 1e6, values[row, tag]]))
    cuts = sorted(data.draw(st.lists(st.integers(0, 60), max_size=5)))

    whole = Stream(model)
    edges, scores = whole.run(values)

    state, found, rows = StreamState.begin(4), [], []
    for begin, end in zip([0, *cuts], [*cuts, 60], strict=True):
        stream = Stream(model, StreamState.of_plain(json.loads(json.dumps(state.plain())), 4))
        some, part = stream.run(values[begin:end])
        found += [(edge.kind, edge.tag, edge.row + begin, edge.begins, edge.peak, edge.shares) for edge in some]
        rows.append(part)
        state = stream.state

    assert found == [(edge.kind, edge.tag, edge.row, edge.begins, edge.peak, edge.shares) for edge in edges]
    assert np.array_equal(np.concatenate(rows), scores, equal_nan=True)
    assert state.plain() == whole.state.plain()


def test_an_artefact_is_data_and_checked(model: Detector) -> None:
    text = anomaly_model.dump(model)
    assert anomaly_model.load(text, anomaly_model.sha256(text)) == model
    short = json.loads(text)
    short["half"] = short["half"][:-1]
    for wrong in (json.dumps(short), text.replace('"version":1', '"version":2'), text.replace('"limit":', '"l":'), "x"):
        with pytest.raises(KnownError) as caught:
            anomaly_model.load(wrong, anomaly_model.sha256(wrong))
        assert caught.value.code == "anomalies.artefact"
    with pytest.raises(KnownError):
        anomaly_model.load(text, "0" * 64)


@pytest.mark.parametrize("change", [{"still": [1]}, {"lags": None}, {"quiet": ["a"] * 17}, {"more": 1}])
def test_a_state_that_does_not_fit_is_refused(change: dict[str, object]) -> None:
    plain = StreamState.begin(4).plain()
    with pytest.raises(KnownError):
        StreamState.of_plain({**plain, **change}, 4)


def test_what_cannot_be_trained_is_said() -> None:
    short = UnitHistory(SENSORS, 0, 60, normal(200))
    empty = UnitHistory(SENSORS, 0, 60, np.full((500, 4), np.nan))
    still = UnitHistory(SENSORS, 0, 60, np.ones((500, 4)))
    many = UnitHistory(tuple(range(121)), 0, 60, np.ones((500, 121)))
    codes = []
    for history in (short, empty, still, many, UnitHistory((), 0, 60, np.empty((0, 0)))):
        with pytest.raises(KnownError) as caught:
            train(history)
        codes.append(caught.value.code)
    none = "anomalies.none"
    assert codes == ["anomalies.short", none, "anomalies.few", "anomalies.tags", none]


def test_a_tag_without_history_is_left_out() -> None:
    values = normal(800)
    values[100:, 2] = np.nan
    model = train(UnitHistory(SENSORS, 0, 60, values))
    assert model.sensors == (11, 12, 14)
    assert model.rows > 700


def test_a_tag_that_usually_stands_still_is_not_judged_for_it() -> None:
    values = normal(800)
    values[:, 2] = np.repeat(np.arange(8.0), 100)
    assert train(UnitHistory(SENSORS, 0, 60, values)).flat[2] == 0
    assert runs(np.array([1.0, 1.0, 2.0, np.nan, np.nan, 2.0])).tolist() == [1, 2, 1, 1, 1, 1]
