"""Several engines on the same folds with the same figures, and the median of those that earn a vote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import numpy as np

from ksys_core.errors import KnownError
from ksys_core.forecasting.attempts import attempt
from ksys_core.forecasting.backtest import Backtest, Folds, conformal, folds, median, walk_forward
from ksys_core.forecasting.base import LEVELS, Fitted, too_short
from ksys_core.forecasting.gate import benjamini_hochberg, judged
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import spec_named
from ksys_core.forecasting.scores import Scores, bucket_maes, mase_scale, score, skill
from ksys_core.forecasting.season import season_length
from ksys_core.forecasting.voting import BASELINES, chosen

MEDIAN: Final = "median"
CHAMPION: Final = "champion"
FOLDS: Final = 216
SELECTING: Final = 3
"""One of so many folds, the oldest, choose the voters and calibrate bounds; the others are scored."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An engine as it was set up for a model."""

    algorithm: str
    season: int
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateTask:
    """Walk `algorithms` forward over `y`.

    Attributes:
        season: None: found in the part before the first origin.
        count: origins at most.
        apart: steps between origins; None: the horizon.
        refit_every: folds after which models are fitted anew; None: never.
        params: parameters by algorithm.
        champion: the model in charge, tested under the name "champion".
        levels: coverage of the bounds in per cent, rising.
        given: by algorithm, models that were fitted to several series before the first origin, and are not fitted here.
    """

    y: RegularSeries
    algorithms: tuple[str, ...]
    horizon: int
    season: int | None = None
    count: int = FOLDS
    apart: int | None = None
    refit_every: int | None = None
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    champion: Kind | None = None
    levels: tuple[float, ...] = LEVELS
    given: Mapping[str, Fitted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What came of it.

    Attributes:
        tests: by algorithm, all over the same folds, with each engine's own bounds; the median of `voters` as "median".
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

    def scored(self) -> dict[str, Backtest]:
        """The folds that count, with conformal bounds; an actual counts only where every engine has a forecast."""
        known = np.logical_and.reduce([np.isfinite(test.value) for test in self.tests.values()])
        return {
            name: conformal(replace(test, actual=np.where(known, test.actual, np.nan))).part(self.selecting)
            for name, test in self.tests.items()
        }


@dataclass(frozen=True, slots=True)
class EngineScores:
    """Figures of one engine over the scored folds, `skill` against the better of naive and seasonal naive.

    Attributes:
        p: probability of so much lower errors than that baseline's when the engine is no better; None for baselines.
        better: that it is better, where at most one in twenty of such statements over all engines is wrong.
    """

    algorithm: str
    scores: Scores
    skill: float | None
    p: float | None
    better: bool
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
    if task.champion is not None:
        names = (*names, CHAMPION)
    where, season = layout(task)
    tests: dict[str, Backtest] = {}
    errors: dict[str, KnownError] = {}
    for name in names:
        made = attempt(partial(walked, name, task, where, season, lambda _folds: None))
        if isinstance(made, KnownError):
            errors[name] = made
        else:
            tests[name] = made
    return trial_of(task, where, season, tests, errors)


def trial_of(
    task: EvaluateTask, where: Folds, season: int, tests: dict[str, Backtest], errors: dict[str, KnownError]
) -> Trial:
    """What follows from the `tests` made on the folds `where`: who votes, their median, and what MASE divides by."""
    selecting = len(where.origins) // SELECTING
    voters = chosen({name: test.part(0, selecting) for name, test in tests.items()})
    if voters:
        tests = {**tests, MEDIAN: median([tests[name] for name in voters])}
    before = task.y.v[: where.origins[0]]
    return Trial(
        season=season,
        tests=tests,
        errors=errors,
        voters=voters,
        selecting=selecting,
        scale=mase_scale(before, season),
        span=float(np.nanmax(before) - np.nanmin(before)),
    )


def layout(task: EvaluateTask) -> tuple[Folds, int]:
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


def walked(name: str, task: EvaluateTask, where: Folds, season: int, note: Callable[[int], None]) -> Backtest:
    """Walk one engine (or the champion) forward over the folds; `note` is told how many are done."""
    kind = Kind(name, season, task.params.get(name, {}))
    if name == CHAMPION and task.champion is not None:
        kind = task.champion
    spec = spec_named(kind.algorithm)
    params = spec.params_model.model_validate(dict(kind.params))
    given = task.given.get(kind.algorithm)
    if given is not None and name == CHAMPION and (given.season, given.params) != (kind.season, params):
        given = None
    return walk_forward(
        spec,
        task.y,
        where,
        season=kind.season,
        params=params,
        refit_every=task.refit_every,
        levels=task.levels,
        note=note,
        model=given,
    )


def engine_scores(trial: Trial) -> list[EngineScores]:
    """The figures of every engine over the pairs that all of them have, least MAE first."""
    parts = trial.scored()
    actual = next(iter(parts.values())).actual
    yardsticks = [bucket_maes(actual, parts[name].value) for name in BASELINES if name in parts]
    baselines = [parts[name] for name in BASELINES if name in parts]
    best = min(baselines, key=_mae, default=None)
    p = {
        name: judged(part, {"baseline": best}).duels[0].p
        for name, part in parts.items()
        if best is not None and name not in BASELINES
    }
    better = dict(zip(p, benjamini_hochberg(list(p.values())).tolist(), strict=True))
    rows = []
    for name, part in parts.items():
        figures = score(actual, part.value, part.levels, part.lo, part.hi, scale=trial.scale, span=trial.span)
        if figures is None:
            continue
        by_steps = {
            steps: skill(mae, [y[steps] for y in yardsticks]) if yardsticks else None
            for steps, mae in bucket_maes(actual, part.value).items()
        }
        overall = None if best is None else skill(figures.mae, [_mae(best)])
        row = EngineScores(
            name, figures, overall, p.get(name), better.get(name, False), by_steps, part.fit_s, part.update_s
        )
        rows.append(row)
    return sorted(rows, key=lambda row: row.scores.mae)


def _mae(test: Backtest) -> float:
    error = np.abs(test.value - test.actual)
    return float(np.nanmean(error)) if np.isfinite(error).any() else float("inf")
