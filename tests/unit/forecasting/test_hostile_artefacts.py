"""Any number, text or list of an artefact may be changed: it is refused, or a forecast of finite numbers comes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ksys_core.forecasting import artefacts
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.work import PredictTask, TrainTask, predict_batch, train
from tests.unit.forecasting.signals import SEASON, daily

NAMES = tuple(SPECS)
HOSTILE: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2, 7, 2**31, 2**70, -(2**63), 1e308, -1e308, 5e-324, 0.5),
    *("", "x", "__import__('os')", "9" * 400),
    *([], [0.0], [[1.0]], [1e308] * 50, {}, {"a": 1}, [[[[]]]]),
)
TEXTS: dict[str, str] = {}


def text(name: str) -> str:
    if name not in TEXTS:
        TEXTS[name] = train(TrainTask(name, daily(), 6, SEASON)).artefact
    return TEXTS[name]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document; of long lists the first two."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key in value:
            found += places(value[key], (*path, key))
    elif isinstance(value, list):
        for i in range(min(len(value), 2)):
            found += places(value[i], (*path, i))
    return found


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_changed_artefact_never_gives_more_than_a_finite_forecast(name: str, data: st.DataObject) -> None:
    document = json.loads(text(name))
    *parents, last = data.draw(st.sampled_from(places(document)))
    place = document
    for key in parents:
        place = place[key]
    if data.draw(st.booleans()) or isinstance(place, list):
        place[last] = data.draw(st.sampled_from(HOSTILE))
    else:
        del place[last]
    changed = json.dumps(document)

    (result,) = predict_batch([PredictTask(1, changed, artefacts.sha256(changed), daily(), 6)])

    assert result.source in {"model", "fallback"}
    assert result.forecast is not None
    assert result.forecast.finite
    assert len(result.forecast.value) == 6
