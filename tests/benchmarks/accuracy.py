"""Rolling-origin accuracy of every engine and of the default choice, beside seasonal naive on the same folds.

``python -m tests.benchmarks.accuracy [--summary] [--series WORD] [--engines A,B] [--folds N] [--apart N]``
``python -m tests.benchmarks.accuracy --csv FILE [--time COLUMN] --horizon H --season M``

The default choice is the median of the best engine of each family that beats naive and seasonal naive on the oldest
third of the folds; the others are scored. Without --csv the series of the data folder beside the checkout are taken.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from ksys_core.forecasting.backtest import median
from ksys_core.forecasting.evaluation import FOLDS, MEDIAN, EngineScores, EvaluateTask, evaluate
from ksys_core.forecasting.evaluation import engine_scores as scored
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.scores import score
from ksys_core.forecasting.voting import BASELINES
from tests.benchmarks.accuracy_series import FOLDER, Named, read, stored
from tests.benchmarks.report import line, parser

TARGETS = {
    "default_over_seasonal_naive": (0.70, 0.61),
    "share_5_percent_worse_than_baselines": (0.10, 0.0),
    "default_over_arima_ets_theta": (0.90, 0.80),
    "coverage_gap": (0.02, 0.01),
    "interval_score_over_native": (0.85, 0.75),
}
"""Figure: (must, stretch), all at most."""
CLASSICAL = ("auto_arima", "auto_ets", "auto_theta")
NATIVE = ("auto_arima", "auto_ets")


@dataclass(frozen=True)
class Outcome:
    """What one series showed. `classical`: MAE of the median of `CLASSICAL`; `native`: their own bounds' score."""

    name: str
    rows: dict[str, EngineScores]
    classical: float | None
    native: float | None

    @property
    def default(self) -> EngineScores:
        return self.rows[MEDIAN]


def outcome(series: Named, engines: tuple[str, ...], options: argparse.Namespace) -> Outcome | None:
    """Walk all engines forward over one series; None where seasonal naive itself has no forecasts."""
    trial = evaluate(
        EvaluateTask(
            series.y,
            engines,
            options.horizon,
            series.season,
            count=options.folds,
            apart=options.apart,
            refit_every=options.refit_every,
        )
    )
    for name, error in trial.errors.items():
        print(f"{series.name}: {name}: {error}", file=sys.stderr)
    if "seasonal_naive" not in trial.tests:
        return None
    parts = trial.scored()
    actual = parts[MEDIAN].actual
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
        low, high = row.scores.bands
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
            coverage80=_short(low.coverage),
            coverage95=_short(high.coverage),
            gap=_short(gap(row)),
            interval_score95=_short(high.interval_score),
            fit_s=_short(row.fit_s),
            update_ms=_short(1000 * row.update_s),
        )


def gap(row: EngineScores) -> float:
    """Mean distance of the coverages from what they promise."""
    return float(np.mean([abs(band.coverage - band.level / 100) for band in row.scores.bands]))


def summary(found: list[Outcome], seconds: float) -> dict[str, object]:
    """The figures of `TARGETS` over all series, None where an engine they need was not run."""
    ratios = [o.default.scores.mae / o.rows["seasonal_naive"].scores.mae for o in found]
    worse = [o.default.scores.mae > 1.05 * min(o.rows[name].scores.mae for name in BASELINES) for o in found]
    classical = [o.default.scores.mae / o.classical for o in found if o.classical is not None]
    native = [o.default.scores.bands[-1].interval_score / o.native for o in found if o.native is not None]
    figures = {
        "default_over_seasonal_naive": _geometric(ratios),
        "share_5_percent_worse_than_baselines": float(np.mean(worse)),
        "default_over_arima_ets_theta": _geometric(classical),
        "coverage_gap": float(np.mean([gap(o.default) for o in found])),
        "interval_score_over_native": _geometric(native),
    }
    engines = {
        name: _short(_geometric([o.rows[name].scores.mae / o.rows["seasonal_naive"].scores.mae for o in with_it]))
        for name in (*SPECS, MEDIAN)
        if (with_it := [o for o in found if name in o.rows])
    }
    return {
        "name": "accuracy",
        **{name: _short(value) for name, value in figures.items()},
        "series": len(found),
        "engines_over_seasonal_naive": engines,
        "targets": {name: {"must": must, "stretch": stretch} for name, (must, stretch) in TARGETS.items()},
        "missed": [name for name, value in figures.items() if value is not None and value > TARGETS[name][0]],
        "seconds": round(seconds, 1),
    }


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


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--summary", action="store_true", help="one JSON object over all series")
    given.add_argument("--data", type=Path, default=FOLDER, help="the data folder")
    given.add_argument("--series", default="", help="only series whose name holds this")
    given.add_argument("--engines", default=",".join(SPECS), help="engines to run beside naive and seasonal naive")
    given.add_argument("--folds", type=int, default=FOLDS, help="origins at most")
    given.add_argument("--apart", type=int, help="steps between origins; the horizon when not given")
    given.add_argument("--refit-every", type=int, default=24, help="folds after which models are fitted anew")
    given.add_argument("--newest", type=int, default=8760, help="values of each series at most")
    given.add_argument("--csv", type=Path, help="a file of your own: a time column and value columns")
    given.add_argument("--time", help="header of its time column")
    given.add_argument("--horizon", type=int, default=24)
    given.add_argument("--season", type=int, help="steps of its season; found when not given")
    options = given.parse_args()
    if options.csv is None and not options.data.is_dir():
        message = {"name": "accuracy", "skipped": f"there is no data folder {options.data}; give --data or --csv"}
        print(json.dumps(message))
        return
    begun = time.perf_counter()
    found = []
    for series in chosen_series(options):
        made = outcome(series, tuple(options.engines.split(",")), options)
        if made is None:
            continue
        found.append(made)
        if not options.summary:
            shown(made, options.json)
    if not found:
        raise SystemExit("no series could be judged")
    print(json.dumps(summary(found, time.perf_counter() - begun)))


if __name__ == "__main__":
    main()
