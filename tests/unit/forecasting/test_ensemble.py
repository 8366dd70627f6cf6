"""The default choice: who votes, who does not, and what happens when nobody can."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from pydantic import ValidationError

from ksys_core.errors import KnownError
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.attempts import fit_recorded
from ksys_core.forecasting.base import LEVELS, Fitted
from ksys_core.forecasting.ensemble import EnsembleParams, EnsembleState
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.voting import BASELINES, FAMILIES
from tests.unit.forecasting.signals import SEASON, daily, with_values

HORIZON = 12
CHEAP = EnsembleParams(candidates=("ridge", "auto_theta", "mstl"))


def fitted(y: RegularSeries, params: EnsembleParams = CHEAP, season: int = SEASON) -> tuple[Fitted, tuple[str, ...]]:
    return fit_recorded(SPECS["ensemble"], y, season=season, horizon=HORIZON, params=params)


def members(model: Fitted) -> dict[str, Fitted]:
    """Each member alone."""
    return {
        m.algorithm: dataclasses.replace(model, spec=SPECS[m.algorithm], params=m.params, state=m.state)
        for m in model.state.members  # type: ignore[attr-defined]
    }


def test_the_forecast_is_the_median_of_the_members() -> None:
    model, notes = fitted(daily(900), EnsembleParams(candidates=("ridge", "xgboost")))
    votes = [alone.predict() for alone in members(model).values()]
    assert len(votes) >= 2
    assert np.array_equal(model.predict().value, np.median([vote.value for vote in votes], axis=0))
    assert notes[0] == f"members: {', '.join(members(model))}"


def test_one_family_has_one_vote() -> None:
    model, _ = fitted(daily(900), EnsembleParams())
    families = [FAMILIES[name] for name in members(model)]
    assert len(families) == len(set(families))


def test_where_nothing_beats_the_last_value_it_forecasts_and_says_so() -> None:
    walk = with_values(daily(800), np.cumsum(np.random.default_rng(1).normal(size=800)))
    model, notes = fitted(walk, EnsembleParams(candidates=("mstl",)))
    assert list(members(model)) == ["naive"]
    assert model.state.fallback  # type: ignore[attr-defined]
    assert "no engine beat the baselines" in notes[1]
    assert (model.predict().value == walk.v[-1]).all()


@pytest.mark.parametrize("n", [3, 12, 30])
def test_with_hardly_any_history_it_is_the_last_value(n: int) -> None:
    model, _ = fitted(daily(n))
    assert list(members(model)) == ["naive"]


def test_what_comes_after_the_time_budget_is_left_out_and_named() -> None:
    model, notes = fitted(daily(), EnsembleParams(candidates=("ridge",), budget_s=1e-9))
    assert next(iter(members(model))) in BASELINES
    assert any("ridge" in note and "budget" in note for note in notes)


def test_a_minority_of_failing_members_is_outvoted_a_majority_is_not() -> None:
    model, _ = fitted(daily(900))
    engine, state, window = SPECS["ensemble"].engine, model.state, daily(900)
    assert isinstance(state, EnsembleState)
    sound = state.members[0]
    broken = state.members[0].model_copy(update={"season": 10_000, "algorithm": "mstl"})

    two = state.model_copy(update={"members": (sound, sound, broken)})
    assert np.array_equal(
        engine.forecast(two, window, 6, LEVELS).value,
        engine.forecast(state.model_copy(update={"members": (sound,)}), window, 6, LEVELS).value,
    )
    one = state.model_copy(update={"members": (sound, broken, broken)})
    with pytest.raises(KnownError, match="failed"):
        engine.forecast(one, window, 6, LEVELS)


@pytest.mark.parametrize("change", ["algorithm", "state", "params", "none"])
def test_a_member_that_is_not_as_it_must_be_is_refused(change: str) -> None:
    model, _ = fitted(daily())
    whole = json.loads(artefacts.dump(model, daily()))
    member = whole["state"]["members"][0]
    changes: dict[str, object] = {"algorithm": "ensemble", "state": {"x": 1}, "params": {"x": 1}}
    if change == "none":
        whole["state"]["members"] = []
    else:
        member[change] = changes[change]
    text = json.dumps(whole)
    with pytest.raises(KnownError, match="refused"):
        artefacts.load(text, artefacts.sha256(text))


def test_only_known_engines_can_be_candidates() -> None:
    with pytest.raises(ValidationError, match="prophecy"):
        EnsembleParams(candidates=("prophecy",))
