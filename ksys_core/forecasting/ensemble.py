"""The default choice: the median of the engines that earned a vote on the newest part of the training window.

Every candidate is fitted before that part and walked forward over it beside naive and seasonal naive. Those chosen by
`voting` are fitted anew to the whole window; the forecast is the median of the members', its bounds are the errors that
this median would have made there. Where no engine may vote, the better baseline forecasts alone and the state says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
from pydantic import Field, SerializeAsAny, model_validator

from ksys_core.errors import KnownError
from ksys_core.forecasting.attempts import attempt
from ksys_core.forecasting.backtest import Backtest, Folds, median, walk_forward
from ksys_core.forecasting.base import MAX_LATE, Forecast, Frozen, ModelSpec, fit, too_short
from ksys_core.forecasting.catalogue import SINGLE
from ksys_core.forecasting.conformal import SEED
from ksys_core.forecasting.error_bounds import KNOTS, error_quantiles, half_widths
from ksys_core.forecasting.grid import RegularSeries, prepared
from ksys_core.forecasting.plant_time import DEFAULT_ZONE, ZoneName
from ksys_core.forecasting.voting import BASELINES, FAMILIES, FEWEST, chosen, judging
from ksys_core.i18n import N_

ModelT = TypeVar("ModelT", bound=Frozen)


class EnsembleParams(Frozen):
    """Who may become a member, origins that decide, seconds after which none is begun, the plant's time zone."""

    candidates: tuple[str, ...] = Field(tuple(FAMILIES), strict=False)
    origins: int = Field(60, ge=FEWEST, le=500)
    budget_s: float = Field(60.0, gt=0, le=3600)
    zone: ZoneName = DEFAULT_ZONE

    def of(self, spec: ModelSpec[Any, Any]) -> Frozen:
        """The parameters of a member of kind `spec`."""
        model: type[Frozen] = spec.params_model
        return model.model_validate({"zone": self.zone} if "zone" in model.model_fields else {})

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
        errors: quantiles ``errors[knot][h]`` of the median's absolute errors in walk-forward; none from too few.
        fallback: no engine may vote, or there was too little history to tell: a baseline forecasts alone.
        skipped: candidates that the time budget left out.
    """

    members: tuple[Member, ...] = Field(min_length=1, max_length=len(FAMILIES))
    errors: tuple[tuple[float, ...], ...] = ()
    fallback: bool
    skipped: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> EnsembleState:
        if self.errors and (len(self.errors) != len(KNOTS) or len({len(row) for row in self.errors}) != 1):
            raise ValueError("one error quantile a knot and step")
        return self

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
        where = judging(y.v, horizon - MAX_LATE, params.origins)
        tests, skipped = ({}, []) if where is None else _tested(y, where, season, params, end)
        voters = chosen(tests)
        members = _members(y, voters or BASELINES[:1], season, horizon, params)
        if not members:
            members = _members(y, BASELINES[:1], season, horizon, params)
        if not members:
            raise too_short(3)
        fallback = all(member.algorithm in BASELINES for member in members)
        errors = _errors([tests[m.algorithm] for m in members if m.algorithm in tests])
        return EnsembleState(members=tuple(members), errors=errors, fallback=fallback, skipped=tuple(skipped))

    def forecast(self, state: EnsembleState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        made = [attempt(partial(_forecast, member, y, horizon, levels)) for member in state.members]
        votes = [each for each in made if not isinstance(each, KnownError)]
        if 2 * len(votes) <= len(made) and len(votes) < len(made):
            raise next(each for each in made if isinstance(each, KnownError))
        value, lo, hi = (np.median([getattr(v, name) for v in votes], axis=0) for name in ("value", "lo", "hi"))
        if not state.errors:
            return Forecast(value, tuple(levels), lo, hi)
        table = np.array(state.errors)
        beyond = np.repeat(table[:, -1:], max(horizon - table.shape[1], 0), axis=1)
        half = half_widths(np.concatenate((table, beyond), axis=1)[:, :horizon], levels)
        return Forecast.symmetric(value, levels, half)

    def lookback(self, season: int, horizon: int, params: EnsembleParams) -> int:
        specs = [SINGLE[name] for name in (*BASELINES, *params.candidates)]
        return max(s.engine.lookback(s.season_for(season), horizon, params.of(s)) for s in specs)


def _errors(tests: Sequence[Backtest]) -> tuple[tuple[float, ...], ...]:
    """Quantiles of the errors of the median of `tests`; nothing where a step has too few."""
    if not tests:
        return ()
    combined = median(tests)
    size = np.abs(combined.value - combined.actual)
    size = size[np.isfinite(size).all(axis=1)]
    if len(size) < SEED:
        return ()
    quantiles = np.maximum.accumulate(error_quantiles(size), axis=1)
    return tuple(tuple(float(f"{q:.5g}") for q in row) for row in quantiles.tolist())


def _tested(
    y: RegularSeries, where: Folds, season: int, params: EnsembleParams, end: float
) -> tuple[dict[str, Backtest], list[str]]:
    """Walk-forward of the baselines and of each candidate that is begun before `end`; those that are not."""
    tests: dict[str, Backtest] = {}
    skipped: list[str] = []
    for name in (*BASELINES, *params.candidates):
        if name not in BASELINES and time.monotonic() > end:
            skipped.append(name)
            continue
        made = attempt(partial(walk_forward, SINGLE[name], y, where, season=season, params=params.of(SINGLE[name])))
        if not isinstance(made, KnownError):
            tests[name] = made
    return tests, skipped


def _members(y: RegularSeries, names: Sequence[str], season: int, horizon: int, params: EnsembleParams) -> list[Member]:
    """Those of `names` that can be fitted to the whole of `y`."""
    made = (attempt(partial(_member, y, name, season, horizon, params)) for name in names)
    return [member for member in made if isinstance(member, Member)]


def _member(y: RegularSeries, name: str, season: int, horizon: int, params: EnsembleParams) -> Member:
    spec = SINGLE[name]
    made = fit(spec, y, season=season, horizon=horizon - MAX_LATE, params=params.of(spec))
    return Member(algorithm=name, season=made.season, params=made.params, state=made.state)


def _forecast(member: Member, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
    window, _ = prepared(y, member.season, gaps=member.spec.gaps)
    made: Forecast = member.spec.engine.forecast(member.state, window, horizon, levels)
    if not made.finite:
        raise KnownError("forecast.failed", N_("The model failed: {reason}"), reason=member.algorithm)
    return made
