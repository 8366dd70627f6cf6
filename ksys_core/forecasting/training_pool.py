"""A model of all tags of a training job: fitted once for the tests of every tag, and once to all there is.

The one that is tested has seen nothing of any tag from the earliest of all first test origins on, so no tag's tests are
known to it through another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from ksys_core.errors import KnownError
from ksys_core.forecasting.attempts import attempt
from ksys_core.forecasting.base import too_short
from ksys_core.forecasting.evaluation import FOLDS, EvaluateTask, layout
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.pooled_work import PooledResult, PooledTask, common_season, train_pooled
from ksys_core.forecasting.training import FITTING, Progress, seed_draws

FITS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class PoolTask:
    """Fit one model of `algorithm` to all `series` (by sensor, one step); season None: the one most of them have."""

    algorithm: str
    series: Mapping[int, RegularSeries]
    horizon: int
    season: int | None = None
    folds: int = FOLDS
    seed: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PoolDone:
    """The model as it was before the tests, and as it is now."""

    tested: PooledResult
    fitted: PooledResult


def train_pool(task: PoolTask, tell: Callable[[Progress | PoolDone], object]) -> None:
    """Fit both.

    Raises:
        KnownError: no series is long enough to be tested, or the model can't be fitted.
    """
    cut, season = _before_the_tests(task)
    past = {sensor: y.part(0, (cut - y.start) // y.step) for sensor, y in task.series.items() if y.start < cut}
    whole = PooledTask(task.algorithm, task.series, task.horizon, task.season, task.params)
    made = []
    for i, one in enumerate((replace(whole, series=past, season=season), whole)):
        tell(Progress(task.algorithm, FITTING, i, FITS))
        seed_draws(task.seed)
        fitted = attempt(partial(train_pooled, one))
        if isinstance(fitted, KnownError):
            raise fitted
        made.append(fitted)
    tell(PoolDone(*made))


def _before_the_tests(task: PoolTask) -> tuple[int, int]:
    """The time (ns) of the earliest first origin, and the season most series show before their own."""
    origins: list[int] = []
    seasons: list[int] = []
    refused = too_short(3)
    for y in task.series.values():
        plan = EvaluateTask(y, (task.algorithm,), task.horizon, task.season, count=task.folds)
        found = attempt(partial(layout, plan))
        if isinstance(found, KnownError):
            refused = found
            continue
        where, season = found
        origins.append(y.start + where.origins[0] * y.step)
        seasons.append(season)
    if not origins:
        raise refused
    return min(origins), common_season(seasons)
