"""Seconds of a fit, size of the stored model, and seconds to forecast many series together, by engine.

``python -m tests.benchmarks.engines [--series N] [--engines A,B] [--json]``

The series are made up: 30 days of five-minute values with a daily wave. The reference of a fit is ridge's; of a batch
the same series forecast one by one. The model over several tags is fitted to ten of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from ksys_core.domain.times import MINUTE
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.base import LEVELS, Fitted
from ksys_core.forecasting.batches import forecast_all
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.pooled_work import PooledTask, train_pooled
from ksys_core.forecasting.work import TrainTask, train
from tests.benchmarks.report import line, parser

STEP = 5 * MINUTE
DAY_STEPS = 288
HORIZON = 36
N = 30 * DAY_STEPS
POOLED = "xgboost_global"


def series(seed: int) -> RegularSeries:
    """A daily wave with autocorrelated noise."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.5, N)
    for i in range(1, N):
        noise[i] += 0.9 * noise[i - 1]
    wave = rng.uniform(4, 12) * np.sin(2 * np.pi * (np.arange(N) / DAY_STEPS + rng.uniform()))
    start = 1_750_000_000_000_000_000 // STEP * STEP
    return RegularSeries(start, STEP, rng.uniform(20, 80) + wave + noise)


def fitted(name: str, known: list[RegularSeries]) -> tuple[str, float]:
    """The artefact of one fit and its seconds."""
    if name == POOLED:
        made = train_pooled(PooledTask(name, dict(enumerate(known[:10])), HORIZON, DAY_STEPS))
        return made.artefact, made.seconds
    alone = train(TrainTask(name, known[0], HORIZON, DAY_STEPS))
    return alone.artefact, alone.seconds


def seconds(make: Callable[[], object]) -> float:
    """The faster of two runs."""
    best = float("inf")
    for _ in range(2):
        begun = time.perf_counter()
        make()
        best = min(best, time.perf_counter() - begun)
    return best


def one_by_one(models: list[Fitted]) -> None:
    """Each model for itself."""
    for model in models:
        model.predict()


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--series", type=int, default=1000)
    given.add_argument("--engines", default="ridge,xgboost,xgboost_global,prophet")
    options = given.parse_args()
    known = [series(seed) for seed in range(10)]
    ridge_s = fitted("ridge", known)[1]
    for name in options.engines.split(","):
        train(TrainTask(name, known[0].tail(DAY_STEPS * 3), HORIZON, DAY_STEPS))  # loads the libraries
        text, fit_s = fitted(name, known)
        model = artefacts.load(text)
        models: list[Fitted] = [model.update(known[i % len(known)].tail(model.lookback)) for i in range(options.series)]
        together = seconds(partial(forecast_all, models, [HORIZON] * len(models), LEVELS))
        alone = seconds(partial(one_by_one, models))
        line("engine fit", fit_s, "s", ridge_s, as_json=options.json, engine=name, bytes=len(text))
        line("engine batch", together, "s", alone, as_json=options.json, engine=name, series=options.series)


if __name__ == "__main__":
    main()
