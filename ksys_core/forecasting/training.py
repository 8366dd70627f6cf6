"""One sensor of a training job: every engine on the same folds, then its final fit, then the verdict on each.

Each engine is a step of its own, told as soon as it is finished; steps that were finished before an interruption are
handed in and not repeated.
"""

from __future__ import annotations

import platform
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Final

import numpy as np

from ksys_core.errors import KnownError
from ksys_core.forecasting import promotion
from ksys_core.forecasting.attempts import attempt
from ksys_core.forecasting.backtest import Backtest, Folds
from ksys_core.forecasting.base import Fitted
from ksys_core.forecasting.evaluation import (
    CHAMPION,
    FOLDS,
    EvaluateTask,
    Kind,
    Trial,
    engine_scores,
    layout,
    trial_of,
    walked,
)
from ksys_core.forecasting.gate import Verdict, judged
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.outliers import outliers
from ksys_core.forecasting.parsed import FORECASTERS
from ksys_core.forecasting.pooled_work import PooledResult
from ksys_core.forecasting.training_bytes import packed, unpacked
from ksys_core.forecasting.voting import BASELINES
from ksys_core.forecasting.work import TrainResult, TrainTask, train

EVALUATING: Final = "evaluate"
FITTING: Final = "fit"


@dataclass(frozen=True, slots=True, eq=False)
class SensorTask:
    """What is trained on `y`.

    Attributes:
        season: None: found from the data.
        champion: the model in charge, which is tested on the same folds.
        done: steps that are finished: their backtest as bytes; None for a step that failed.
        shared: by algorithm, the model of all tags of the job as it was before the tests, or why there is none.
    """

    sensor_id: int
    y: RegularSeries
    algorithms: tuple[str, ...]
    horizon: int
    season: int | None = None
    folds: int = FOLDS
    seed: int = 0
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    champion: Kind | None = None
    done: Mapping[str, bytes | None] = field(default_factory=dict)
    shared: Mapping[str, PooledResult | KnownError] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of the steps, in their order."""
        return (*(() if self.champion is None else (CHAMPION,)), *self.algorithms)

    def fresh(self, algorithm: str) -> bool:
        """Whether it is of the champion's own kind, so that it differs from it by newer data only."""
        mine, theirs = dict(self.params.get(algorithm, {})), self.champion
        return theirs is not None and (algorithm, mine) == (theirs.algorithm, dict(theirs.params))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the present step is: `done` of `total` folds."""

    step: str
    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class StepDone:
    """A finished step: folds as bytes and the fitted model (None: of all tags of the job), or why there is none."""

    step: str
    backtest: bytes | None = None
    model: TrainResult | None = None
    error: KnownError | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The figures of one engine and what becomes of it; `verdict` None for the baselines and the champion."""

    algorithm: str
    scores: Mapping[str, Any]
    verdict: Verdict | None
    p: float | None
    outcome: promotion.Outcome | None


@dataclass(frozen=True, slots=True, eq=False)
class SensorDone:
    """All steps are done; `season` of the folds."""

    season: int
    judged: tuple[Judged, ...]


Message = Progress | StepDone | SensorDone


def train_sensor(task: SensorTask, tell: Callable[[Message], object]) -> None:
    """Do every step of `task` that is not done, and judge them.

    Raises:
        KnownError: there is too little history for any step.
    """
    plan = EvaluateTask(
        task.y, task.algorithms, task.horizon, task.season, count=task.folds, params=task.params, champion=task.champion
    )
    where, season = layout(plan)
    given = {name: attempt(partial(_given, found)) for name, found in task.shared.items()}
    plan = replace(plan, given={name: found for name, found in given.items() if isinstance(found, Fitted)})
    tests: dict[str, Backtest] = {}
    errors: dict[str, KnownError] = {}
    for name in BASELINES:
        _keep(name, attempt(partial(walked, name, plan, where, season, lambda _folds: None)), tests, errors)
    facts = _facts(task, where)
    for name in task.steps:
        if name in task.done:
            data = task.done[name]
            if data is not None:
                tests[name] = unpacked(data, task.y, where)
            continue
        seed_draws(task.seed)
        note = _noting(tell, name, len(where.origins))
        refused, shared = given.get(name), task.shared.get(name)
        made = refused if isinstance(refused, KnownError) else attempt(partial(walked, name, plan, where, season, note))
        if isinstance(made, Backtest) and isinstance(shared, PooledResult):
            made = replace(made, fit_s=shared.seconds)
        _keep(name, made, tests, errors)
        tell(_finished(name, made, task, facts, tell))
    tell(SensorDone(season, _judged(task, trial_of(plan, where, season, tests, errors))))


def _given(found: PooledResult | KnownError) -> Fitted:
    if isinstance(found, KnownError):
        raise found
    return FORECASTERS.model(found.artefact, found.sha256)


def _keep(name: str, made: Backtest | KnownError, tests: dict[str, Backtest], errors: dict[str, KnownError]) -> None:
    if isinstance(made, KnownError):
        errors[name] = made
    else:
        tests[name] = made


def _noting(tell: Callable[[Message], object], step: str, total: int) -> Callable[[int], None]:
    def note(folds: int) -> None:
        tell(Progress(step, EVALUATING, folds, total))

    return note


def _finished(
    name: str,
    made: Backtest | KnownError,
    task: SensorTask,
    facts: Mapping[str, Any],
    tell: Callable[[Message], object],
) -> StepDone:
    """The final fit of an engine that could be tested, on all the data."""
    if isinstance(made, KnownError):
        return StepDone(name, error=made, facts=facts)
    costs = {**facts, "fold_fit_s": made.fit_s, "update_s": made.update_s}
    if name == CHAMPION or name in task.shared:
        return StepDone(name, packed(made), facts=costs)
    total = len(made.folds.origins)
    tell(Progress(name, FITTING, total, total))
    seed_draws(task.seed)
    params = dict(task.params.get(name, {}))
    fitted = attempt(lambda: train(TrainTask(name, task.y, task.horizon, task.season, params)))
    if isinstance(fitted, KnownError):
        return StepDone(name, error=fitted, facts=costs)
    return StepDone(name, packed(made), fitted, facts={**costs, "fit_s": fitted.seconds})


def seed_draws(seed: int) -> None:
    """Engines that draw at random do so the same way in every run, whatever ran before."""
    random.seed(seed)
    np.random.seed(seed)


def _facts(task: SensorTask, where: Folds) -> dict[str, Any]:
    known = np.isfinite(task.y.v)
    n = int(known.sum())
    return {
        "n": n,
        "gaps": 1 - n / max(len(task.y), 1),
        "outliers": float(outliers(task.y.v).sum()) / max(n, 1),
        "folds": len(where.origins),
        "first_origin": where.origins[0],
        "apart": where.apart,
        "seed": task.seed,
        "python": platform.python_version(),
    }


def _judged(task: SensorTask, trial: Trial) -> tuple[Judged, ...]:
    scored = trial.scored()
    rows: list[Judged] = []
    for scores in engine_scores(trial):
        name = scores.algorithm
        if name not in task.algorithms:
            rows.append(Judged(name, asdict(scores), None, None, None))
            continue
        mine = scored[name]
        opponents: dict[str, Backtest] = {
            other: scored[other]
            for other in (*BASELINES, CHAMPION)
            if other in scored and not np.array_equal(scored[other].value, mine.value, equal_nan=True)
        }
        verdict = judged(mine, opponents)
        what = promotion.outcome(verdict, fresh=task.fresh(name), vacant=task.champion is None)
        rows.append(Judged(name, asdict(scores), verdict, promotion.weakest(verdict), what))
    return tuple(rows)
