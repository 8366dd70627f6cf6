"""Rolling-origin accuracy of every engine and of the default choice, beside seasonal naive on the same folds.

``python -m tests.benchmarks.accuracy [--summary] [--series WORD] [--engines A,B] [--folds N] [--apart N]``
``python -m tests.benchmarks.accuracy --csv FILE [--time COLUMN] --horizon H --season M``

The default choice is the engine that is deployed when nobody chooses: at every fit it picks its members from what was
known then. Origins lie so far apart that they pass every time of day. The oldest third of the folds is not scored: it
only lets forecasts come true, which the bounds of all engines follow as in the service. Without --csv the series of
the data folder beside the checkout are taken, some at a time in processes of their own (``--at-once``). All take a
quarter of an hour; ``--engines ridge`` and ``--folds`` less.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.forecasting.backtest import median
from ksys_core.forecasting.evaluation import MEDIAN, EngineScores, EvaluateTask, evaluate
from ksys_core.forecasting.evaluation import engine_scores as scored
from ksys_core.forecasting.registry import DEFAULT, SPECS, in_zone
from ksys_core.forecasting.scores import score
from ksys_core.forecasting.voting import BASELINES
from tests.benchmarks.accuracy_series import FOLDER, Named, read, stored
from tests.benchmarks.accuracy_targets import PUBLISHED, TARGETS, equal_challengers_promoted, false_drift_retrainings
from tests.benchmarks.report import line, parser

LEVELS = (80.0, 90.0, 95.0)
CLASSICAL = ("auto_arima", "auto_ets", "auto_theta")
NATIVE = ("auto_arima", "auto_ets")
PROMISED = 0.02
"""How far from its level the coverage of a single series may be."""


@dataclass(frozen=True)
class Outcome:
    """What one series showed. `classical`: MAE of the median of `CLASSICAL`; `native`: their own bounds' 95 % score."""

    name: str
    rows: dict[str, EngineScores]
    classical: float | None
    native: float | None

    @property
    def default(self) -> EngineScores:
        return self.rows[DEFAULT]


def outcome(series: Named, engines: tuple[str, ...], options: argparse.Namespace) -> Outcome | None:
    """Walk all engines forward over one series; None where seasonal naive itself has no forecasts."""
    params = {name: in_zone(name, {}, series.zone) for name in engines}
    task = EvaluateTask(
        series.y,
        engines,
        options.horizon,
        series.season,
        count=options.folds,
        apart=options.apart,
        refit_every=options.refit_every,
        params=params,
        levels=LEVELS,
    )
    trial = evaluate(task)
    trial.tests.pop(MEDIAN, None)  # of these engines on these folds: the default choice may know less
    for name, error in trial.errors.items():
        print(f"{series.name}: {name}: {error}", file=sys.stderr)
    if any(name not in trial.tests for name in ("seasonal_naive", DEFAULT)):
        return None
    parts = trial.scored()
    actual = parts[DEFAULT].actual
    classical = native = None
    if all(name in parts for name in CLASSICAL):
        together = median([parts[name] for name in CLASSICAL])
        classical = float(np.nanmean(np.abs(together.value - actual)))
    own = [trial.tests[name].part(trial.selecting) for name in NATIVE if name in trial.tests]
    if own:
        found = [score(actual, test.value, test.levels, test.lo, test.hi) for test in own]
        native = min(each.bands[-1].interval_score for each in found if each is not None)
    return Outcome(series.name, {row.algorithm: row for row in scored(trial)}, classical, native)


def shown(found: Outcome, as_json: bool) -> None:
    """One line an engine; the ratio is MAE over seasonal naive."""
    reference = found.rows["seasonal_naive"].scores.mae
    for name, row in found.rows.items():
        line(
            "accuracy",
            row.scores.mae,
            "MAE",
            reference,
            as_json=as_json,
            series=found.name,
            engine=name,
            n=row.scores.n,
            mase=_short(row.scores.mase),
            wape=_short(row.scores.wape),
            **{f"coverage{band.level:.0f}": _short(band.coverage) for band in row.scores.bands},
            gap=_short(float(np.mean([_gap(row, level) for level in LEVELS]))),
            interval_score95=_short(row.scores.bands[-1].interval_score),
            fit_s=_short(row.fit_s),
            update_ms=_short(1000 * row.update_s),
        )


def _gap(row: EngineScores, level: float) -> float:
    """Distance of the coverage from the `level` it promises."""
    return next(abs(band.coverage - level / 100) for band in row.scores.bands if band.level == level)


def summary(found: list[Outcome], seconds: float, simulated: int) -> dict[str, object]:
    """Every figure of `TARGETS` with must, stretch and which of them is held; None where its engines were not run."""
    worse = [o.default.scores.mae > 1.05 * min(o.rows[name].scores.mae for name in BASELINES) for o in found]
    classical = [o.default.scores.mae / o.classical for o in found if o.classical is not None]
    native = [o.default.scores.bands[-1].interval_score / o.native for o in found if o.native is not None]
    over = {name: _over(found, DEFAULT, name) for name in ("seasonal_naive", "prophet")}
    figures = {
        "default_over_seasonal_naive": over["seasonal_naive"],
        "share_5_percent_worse_than_baselines": float(np.mean(worse)),
        "default_over_prophet": over["prophet"],
        "default_over_arima_ets_theta": _geometric(classical),
        "coverage_gap_90": float(np.mean([_gap(o.default, 90.0) for o in found])),
        "interval_score_over_native": _geometric(native),
        "equal_challengers_promoted": equal_challengers_promoted(20 * simulated) if simulated else None,
        "false_drift_retrainings": false_drift_retrainings(simulated) if simulated else None,
    }
    targets = {name: target.beside(figures[name]) for name, target in TARGETS.items()}
    water = [o.default.scores.mae for o in found if o.name.startswith("bwdf")]
    published = {"ours": _short(float(np.mean(water))), **PUBLISHED["bwdf_first_day_mae"]} if water else None
    return {
        "name": "accuracy",
        **{name: _short(value) for name, value in figures.items()},
        "coverage": {f"{level:.0f}": _short(_mean_coverage(found, level)) for level in LEVELS},
        "coverage_gap": {
            f"{level:.0f}": _short(float(np.mean([_gap(o.default, level) for o in found]))) for level in LEVELS
        },
        **{f"inside_{level:.0f}": sum(_gap(o.default, level) <= PROMISED for o in found) for level in (80.0, 95.0)},
        "bwdf_first_day_mae": published,
        "series": len(found),
        "engines_over_seasonal_naive": {
            name: _short(ratio) for name in SPECS if (ratio := _over(found, name, "seasonal_naive")) is not None
        },
        "targets": targets,
        "missed": [name for name, row in targets.items() if row["held"] == "no"],
        "seconds": round(seconds, 1),
    }


def _over(found: list[Outcome], name: str, other: str) -> float | None:
    """Geometric mean of the MAE of one engine over another's where both were run."""
    both = [o for o in found if name in o.rows and other in o.rows]
    return _geometric([o.rows[name].scores.mae / o.rows[other].scores.mae for o in both])


def _mean_coverage(found: list[Outcome], level: float) -> float:
    return float(np.mean([b.coverage for o in found for b in o.default.scores.bands if b.level == level]))


def _geometric(ratios: list[float]) -> float | None:
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else None


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def chosen_series(options: argparse.Namespace) -> Iterator[Named]:
    """What is to be forecast."""
    if options.csv is None:
        yield from (series for series in stored(options.data, options.newest) if options.series in series.name)
        return
    for column, y in read(options.csv, options.time, ZoneInfo("UTC")).items():
        yield Named(column, options.season, y.tail(options.newest))


def outcomes(options: argparse.Namespace) -> Iterator[Outcome]:
    """What the series showed, in their order; each process has one thread."""
    engines = tuple(dict.fromkeys((DEFAULT, *options.engines.split(","))))
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    with ProcessPoolExecutor(options.at_once, multiprocessing.get_context("spawn")) as processes:
        made = processes.map(partial(outcome, engines=engines, options=options), chosen_series(options))
        yield from (each for each in made if each is not None)


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--summary", action="store_true", help="one JSON object over all series")
    given.add_argument("--data", type=Path, default=FOLDER, help="the data folder")
    given.add_argument("--series", default="", help="only series whose name holds this")
    given.add_argument("--engines", default=",".join(SPECS), help="engines to run beside the default choice")
    given.add_argument("--folds", type=int, default=240, help="origins at most")
    given.add_argument("--apart", type=int, default=11, help="steps between origins")
    given.add_argument("--refit-every", type=int, default=120, help="folds after which models are fitted anew")
    given.add_argument("--newest", type=int, default=8760, help="values of each series at most")
    given.add_argument("--csv", type=Path, help="a file of your own: a time column and value columns")
    given.add_argument("--time", help="header of its time column")
    given.add_argument("--horizon", type=int, default=24)
    given.add_argument("--season", type=int, help="steps of its season; found when not given")
    given.add_argument("--simulated", type=int, default=20, help="sensor-months of made-up errors; 0: none")
    given.add_argument("--at-once", type=int, default=2, help="series forecast at the same time")
    options = given.parse_args()
    if options.csv is None and not options.data.is_dir():
        message = {"name": "accuracy", "skipped": f"there is no data folder {options.data}; give --data or --csv"}
        print(json.dumps(message))
        return
    begun = time.perf_counter()
    found = []
    for made in outcomes(options):
        found.append(made)
        if not options.summary:
            shown(made, options.json)
    if not found:
        raise SystemExit("no series could be judged")
    print(json.dumps(summary(found, time.perf_counter() - begun, options.simulated)))


if __name__ == "__main__":
    main()
