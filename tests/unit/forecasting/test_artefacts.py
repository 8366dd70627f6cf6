"""An artefact is data: whatever else is in it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.attempts import fit_recorded
from ksys_core.forecasting.registry import SPECS
from tests.unit.forecasting.signals import SEASON, daily


def artefact(name: str = "auto_arima") -> dict[str, Any]:
    model, notes = fit_recorded(SPECS[name], daily(), season=SEASON, horizon=6)
    loaded: dict[str, Any] = json.loads(artefacts.dump(model, daily(), notes=notes))
    return loaded


def changed(document: dict[str, Any], path: str, value: object) -> str:
    *parents, last = path.split(".")
    place = document
    for key in parents:
        place = place[key]
    place[last] = value
    return json.dumps(document)


def test_says_where_it_comes_from() -> None:
    document = artefact("auto_ets")
    assert document["libraries"]["statsforecast"].startswith("2.")
    assert document["training"]["n"] == 480
    assert len(document["training"]["data_sha256"]) == 64
    assert document["phase"] == (daily().start // daily().step) % SEASON


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", "pickle"),
        ("version", 2),
        ("algorithm", "os.system"),
        ("horizon", 0),
        ("horizon", "36"),
        ("season", -1),
        ("extra", 1),
        ("state.extra", 1),
        ("state.sigma2", -1.0),
        ("state.sigma2", float("nan")),
        ("state.scale", 0.0),
        ("state.arma", [1, 0, 0, 0, 1, 1]),
        ("state.arma", [10_000_000, 0, 0, 0, 1, 1, 0]),
        ("state.coef", []),
        ("state.coef_names", ["__import__"]),
        ("params.max_points", 10**9),
        ("training.data_sha256", "x"),
    ],
)
def test_anything_unexpected_is_refused(path: str, value: object) -> None:
    with pytest.raises(KnownError):
        artefacts.load(changed(artefact(), path, value))


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "\x80\x04K\x01.", "[" * 100_000, '{"format": NaN}'])
def test_text_that_is_no_artefact_is_refused(text: str) -> None:
    with pytest.raises(KnownError):
        artefacts.load(text)


def test_a_wrong_fingerprint_is_refused() -> None:
    text = json.dumps(artefact())
    with pytest.raises(KnownError, match="refused"):
        artefacts.load(text, artefacts.sha256(text + " "))


def test_the_state_vector_must_fit_the_components() -> None:
    document = artefact("auto_ets")
    with pytest.raises(KnownError):
        artefacts.load(changed(document, "state.x", [1.0]))


def test_ragged_coefficients_are_refused() -> None:
    document = artefact("ridge")
    document["state"]["coef"][0] = [1.0]
    with pytest.raises(KnownError):
        artefacts.load(json.dumps(document))
