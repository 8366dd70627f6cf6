"""The default choice: the median of the engines that earned a vote on the newest part of the training window.

Every candidate is fitted before that part and walked forward over it beside naive and seasonal naive. The best of each
family that beats both becomes a member and is fitted anew to the whole window; the forecast is the median of the
members', and so are the bounds. Where no engine beats them, the better baseline forecasts alone and the state says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np
from pydantic import Field, SerializeAsAny, model_validator

from ksys_core.errors import KnownError
from ksys_core.forecasting.attempts import attempt
from ksys_core.forecasting.backtest import Backtest, Folds, folds, walk_forward
from ksys_core.forecasting.base import MAX_LATE, Forecast, Frozen, ModelSpec, too_short
from ksys_core.forecasting.catalogue import SINGLE
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.voting import BASELINES, FAMILIES, chosen
from ksys_core.i18n import N_

ModelT = TypeVar("ModelT", bound=Frozen)

SPARED: Final = 3
"""One of so many values, the newest, choose the members; the others are fitted to."""
FEWEST: Final = 5
"""Origins below which nothing is chosen and a baseline forecasts."""


class EnsembleParams(Frozen):
    """Who may become a member, origins that decide, and seconds after which no further candidate is begun."""

    candidates: tuple[str, ...] = Field(tuple(FAMILIES), strict=False)
    origins: int = Field(60, ge=FEWEST, le=500)
    budget_s: float = Field(60.0, gt=0, le=3600)

    @model_validator(mode="after")
    def _known(self) -> EnsembleParams:
        if unknown := set(self.candidates) - set(FAMILIES):
            raise ValueError(f"can't be members: {', '.join(sorted(unknown))}")
        return self


def _typed(model: type[ModelT], value: object) -> ModelT:
    """`value` as `model`: as it is, or from the plain data that JSON holds."""
    return value if isinstance(value, model) else model.model_validate_json(json.dumps(value))


class Member(Frozen):
    """A fitted engine with the season it was fitted for."""

    algorithm: str
    season: int = Field(ge=1, le=100_000)
    params: SerializeAsAny[Frozen]
    state: SerializeAsAny[Frozen]

    @model_validator(mode="before")
    @classmethod
    def _of_its_engine(cls, data: dict[str, Any]) -> dict[str, Any]:
        spec = SINGLE.get(data.get("algorithm", ""))
        if spec is None:
            raise ValueError("there is no engine of that name")
        typed = {"params": _typed(spec.params_model, data["params"]), "state": _typed(spec.state_model, data["state"])}
        return {**data, **typed}

    @property
    def spec(self) -> ModelSpec[Any, Any]:
        """Its engine."""
        return SINGLE[self.algorithm]


class EnsembleState(Frozen):
    """The members, and why there are not more.

    Attributes:
        fallback: no engine beat the baselines, or there was too little history to tell: a baseline forecasts alone.
        skipped: candidates that the time budget left out.
    """

    members: tuple[Member, ...] = Field(min_length=1, max_length=len(FAMILIES))
    fallback: bool
    skipped: tuple[str, ...] = ()

    def remarks(self) -> tuple[str, ...]:
        """Who votes, and what an engineer should know of the choice."""
        names = ", ".join(member.algorithm for member in self.members)
        made = [f"members: {names}"]
        if self.fallback:
            made.append("no engine beat the baselines: the better of them forecasts alone")
        if self.skipped:
            made.append(f"not tried within the time budget: {', '.join(self.skipped)}")
        return tuple(made)


class Ensemble:
    """Median of the members chosen by walk-forward."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: EnsembleParams) -> EnsembleState:
        end = time.monotonic() + params.budget_s
        where = _deciding(len(y), horizon - MAX_LATE, params.origins)
        tests, skipped = ({}, []) if where is None else _tested(y, where, season, params.candidates, end)
        names = [name for name in chosen(tests) if name not in BASELINES]
        members = _members(y, names, season, horizon)
        fallback = not members
        if fallback:
            members = _members(y, _best_baseline(tests), season, horizon)
        if not members:
            raise too_short(3)
        return EnsembleState(members=tuple(members), fallback=fallback, skipped=tuple(skipped))

    def forecast(self, state: EnsembleState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        made = [attempt(partial(_forecast, member, y, horizon, levels)) for member in state.members]
        votes = [each for each in made if not isinstance(each, KnownError)]
        if 2 * len(votes) <= len(made) and len(votes) < len(made):
            raise next(each for each in made if isinstance(each, KnownError))
        value, lo, hi = (np.median([getattr(v, name) for v in votes], axis=0) for name in ("value", "lo", "hi"))
        return Forecast(value, tuple(levels), lo, hi)

    def lookback(self, season: int, horizon: int, params: EnsembleParams) -> int:
        specs = [SINGLE[name] for name in (*BASELINES, *params.candidates)]
        return max(s.engine.lookback(s.season_for(season), horizon, s.params_model()) for s in specs)


def _deciding(n: int, horizon: int, count: int) -> Folds | None:
    """Origins over the newest part of `n` values: far enough apart to see every time of day; None: too few values."""
    room = n // SPARED - horizon
    apart = min(max(room // count, 1), horizon // 2 + 1)
    found = folds(n, horizon=horizon, first=max(n - n // SPARED, 1), count=count, apart=apart)
    return found if len(found.origins) >= FEWEST else None


def _tested(
    y: RegularSeries, where: Folds, season: int, candidates: Sequence[str], end: float
) -> tuple[dict[str, Backtest], list[str]]:
    """Walk-forward of the baselines and of each candidate that is begun before `end`; those that are not."""
    tests: dict[str, Backtest] = {}
    skipped: list[str] = []
    for name in (*BASELINES, *candidates):
        if name not in BASELINES and time.monotonic() > end:
            skipped.append(name)
            continue
        made = attempt(partial(walk_forward, SINGLE[name], y, where, season=season))
        if not isinstance(made, KnownError):
            tests[name] = made
    return tests, skipped


def _best_baseline(tests: Mapping[str, Backtest]) -> Sequence[str]:
    """The baseline of least error; without a test the last value."""
    return [name for name in chosen(tests) if name in BASELINES] or BASELINES[:1]


def _members(y: RegularSeries, names: Sequence[str], season: int, horizon: int) -> list[Member]:
    """Those of `names` that can be fitted to the whole of `y`."""
    made = (attempt(partial(_member, y, name, season, horizon)) for name in names)
    return [member for member in made if isinstance(member, Member)]


def _member(y: RegularSeries, name: str, season: int, horizon: int) -> Member:
    spec = SINGLE[name]
    params, own = spec.params_model(), spec.season_for(season)
    state = spec.engine.fit(y, season=own, horizon=horizon, params=params)
    return Member(algorithm=name, season=own, params=params, state=state)


def _forecast(member: Member, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
    made: Forecast = member.spec.engine.forecast(member.state, y, horizon, levels)
    if not made.finite:
        raise KnownError("forecast.failed", N_("The model failed: {reason}"), reason=member.algorithm)
    return made
