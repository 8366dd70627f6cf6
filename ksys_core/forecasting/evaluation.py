"""Several engines on the same folds with the same figures, and the median of those that earn a vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np

from ksys_core.errors import KnownError
from ksys_core.forecasting.backtest import Backtest, Folds, Table, conformal, folds, median, walk_forward
from ksys_core.forecasting.base import too_short
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import spec_named
from ksys_core.forecasting.scores import Scores, bucket_maes, mase_scale, score, skill
from ksys_core.forecasting.season import season_length
from ksys_core.forecasting.work import attempt

BASELINES: Final = ("naive", "seasonal_naive")
FAMILIES: Final = {
    "ridge": "regression",
    "mstl": "decomposition",
    "auto_ets": "smoothing",
    "auto_theta": "smoothing",
    "auto_arima": "arima",
}
"""Engines that may vote, with their families: of each family only the best does."""
MEDIAN: Final = "median"
FOLDS: Final = 216
SELECTING: Final = 3
"""One of so many folds, the oldest, choose the voters and calibrate bounds; the others are scored."""


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateTask:
    """Walk `algorithms` forward over `y`.

    Attributes:
        season: None: found in the part before the first origin.
        count: origins at most.
        apart: steps between origins; None: the horizon.
        refit_every: folds after which models are fitted anew; None: never.
        params: parameters by algorithm.
    """

    y: RegularSeries
    algorithms: tuple[str, ...]
    horizon: int
    season: int | None = None
    count: int = FOLDS
    apart: int | None = None
    refit_every: int | None = None
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What came of it.

    Attributes:
        tests: by algorithm, all over the same folds; the median of `voters` as "median".
        errors: why the others could not be tested.
        selecting: how many of the oldest folds are not scored.
        scale: in-sample seasonal naive error; `span`: range of the values before the first origin.
    """

    season: int
    tests: dict[str, Backtest]
    errors: dict[str, KnownError]
    voters: tuple[str, ...]
    selecting: int
    scale: float | None
    span: float

    def scored(self, name: str) -> Backtest:
        """The folds of `name` that count."""
        return self.tests[name].part(self.selecting)


@dataclass(frozen=True, slots=True)
class EngineScores:
    """Figures of one engine over the scored folds; `skill` is against the better of naive and seasonal naive."""

    algorithm: str
    scores: Scores
    skill: float | None
    skill_by_steps: dict[str, float | None]
    fit_s: float
    update_s: float


def evaluate(task: EvaluateTask) -> Trial:
    """Test `task.algorithms` and the baselines on the newest folds; one that fails does not touch the others.

    Raises:
        KnownError: an unknown algorithm, or too little history for three folds.
    """
    names = tuple(dict.fromkeys((*BASELINES, *task.algorithms)))
    for name in names:
        spec_named(name)
    where, season = _layout(task)
    tests: dict[str, Backtest] = {}
    errors: dict[str, KnownError] = {}
    for name in names:
        made = attempt(partial(_tested, name, task, where, season))
        if isinstance(made, KnownError):
            errors[name] = made
        else:
            tests[name] = made
    selecting = len(where.origins) // SELECTING
    voters = chosen({name: test.part(0, selecting) for name, test in tests.items()})
    if voters:
        tests[MEDIAN] = median([tests[name] for name in voters])
    before = task.y.v[: where.origins[0]]
    return Trial(
        season=season,
        tests={name: conformal(test) for name, test in tests.items()},
        errors=errors,
        voters=voters,
        selecting=selecting,
        scale=mase_scale(before, season),
        span=float(np.nanmax(before) - np.nanmin(before)),
    )


def _layout(task: EvaluateTask) -> tuple[Folds, int]:
    """The folds and the season. A third of the history, and three seasons, come before the first origin."""
    n = len(task.y)
    season = task.season
    if season is None:
        season = season_length(RegularSeries(task.y.start, task.y.step, task.y.v[: max(n // 3, 1)]))
    first = min(max(n // 3, 3 * season + task.horizon), n)
    where = folds(n, horizon=task.horizon, first=max(first, 1), count=task.count, apart=task.apart)
    if len(where.origins) < SELECTING or not np.isfinite(task.y.v[: where.origins[0]]).any():
        raise too_short(max(first, 20) + SELECTING * where.apart + task.horizon)
    return where, season


def _tested(name: str, task: EvaluateTask, where: Folds, season: int) -> Backtest:
    spec = spec_named(name)
    params = spec.params_model.model_validate(dict(task.params.get(name, {})))
    return walk_forward(spec, task.y, where, season=season, params=params, refit_every=task.refit_every)


def chosen(tests: Mapping[str, Backtest]) -> tuple[str, ...]:
    """The best of each family that beats naive and seasonal naive over `tests`; else the better one of these."""
    losses = {name: float(np.nanmean(t.losses())) for name, t in tests.items() if np.isfinite(t.losses()).any()}
    yardsticks = {name: losses[name] for name in BASELINES if name in losses}
    if not yardsticks:
        return ()
    best: dict[str, str] = {}
    for name in sorted(losses, key=lambda name: losses[name]):
        if name in FAMILIES and losses[name] < min(yardsticks.values()):
            best.setdefault(FAMILIES[name], name)
    return tuple(best.values()) or (min(yardsticks, key=lambda name: yardsticks[name]),)


def engine_scores(trial: Trial) -> list[EngineScores]:
    """The figures of every engine over the pairs that all of them have, least MAE first."""
    parts = {name: trial.scored(name) for name in trial.tests}
    known = np.logical_and.reduce([np.isfinite(part.value) for part in parts.values()])
    actual = np.where(known, next(iter(parts.values())).actual, np.nan)
    yardsticks = [bucket_maes(actual, parts[name].value) for name in BASELINES if name in parts]
    rows = []
    for name, part in parts.items():
        figures = score(actual, part.value, part.levels, part.lo, part.hi, scale=trial.scale, span=trial.span)
        if figures is None:
            continue
        by_steps = {
            steps: skill(mae, [y[steps] for y in yardsticks]) if yardsticks else None
            for steps, mae in bucket_maes(actual, part.value).items()
        }
        overall = _overall_skill(figures.mae, actual, [parts[name] for name in BASELINES if name in parts])
        rows.append(EngineScores(name, figures, overall, by_steps, part.fit_s, part.update_s))
    return sorted(rows, key=lambda row: row.scores.mae)


def _overall_skill(mae: float, actual: Table, baselines: Sequence[Backtest]) -> float | None:
    return skill(mae, [float(np.nanmean(np.abs(b.value - actual))) for b in baselines]) if baselines else None
