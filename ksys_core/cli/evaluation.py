"""What `ksys models evaluate` prints."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from rich.table import Table

from ksys_core.forecasting.evaluation import EngineScores, Trial, engine_scores
from ksys_core.forecasting.gate import Verdict
from ksys_core.i18n import N_, tr

COLUMNS: Final = (
    N_("Algorithm"),
    N_("MAE"),
    N_("MASE"),
    N_("WAPE"),
    N_("Bias"),
    N_("Skill"),
    N_("Chance (p)"),
    N_("Inside 80 %"),
    N_("Inside 95 %"),
    N_("Interval score 95 %"),
    N_("Fit (s)"),
    N_("Update (ms)"),
)

DUEL_COLUMNS: Final = (
    N_("Opponent"),
    N_("Folds"),
    N_("MAE ratio"),
    N_("Worst part"),
    N_("Chance (p)"),
    N_("Beaten"),
)


def plain(tag: str, trial: Trial) -> dict[str, Any]:
    """All figures for programs."""
    folds = next(iter(trial.tests.values())).folds
    return {
        "tag": tag,
        "season": trial.season,
        "horizon": folds.horizon,
        "folds": len(folds.origins) - trial.selecting,
        "selecting_folds": trial.selecting,
        "voters": list(trial.voters),
        "engines": [dataclasses.asdict(row) for row in engine_scores(trial)],
        "errors": {name: str(error) for name, error in trial.errors.items()},
    }


def verdict_table(algorithm: str, verdict: Verdict) -> Table:
    """Every duel of a challenger with its figures."""
    made = Table(*(tr(head) for head in DUEL_COLUMNS), title=tr("{algorithm} at the gate", algorithm=algorithm))
    made.caption = tr(
        "Coverage differs from the bounds' level by {gap:.1%}; the bounds hold: {answer}",
        gap=verdict.coverage_gap,
        answer=tr("yes") if verdict.bounds_hold else tr("no"),
    )
    for duel in verdict.duels:
        made.add_row(
            duel.opponent,
            str(duel.n),
            f"{duel.ratio:.3f}",
            f"{duel.worst_part:.3f}",
            f"{duel.p:.2g}",
            tr("yes") if duel.won else tr("no"),
        )
    return made


def table(tag: str, trial: Trial) -> Table:
    """The figures of every engine, best first."""
    folds = next(iter(trial.tests.values())).folds
    title = tr(
        "{tag}: {folds} folds of {horizon} steps, season {season}",
        tag=tag,
        folds=len(folds.origins) - trial.selecting,
        horizon=folds.horizon,
        season=trial.season,
    )
    made = Table(*(tr(head) for head in COLUMNS), title=title)
    made.caption = tr("Median of {voters}", voters=", ".join(trial.voters)) if trial.voters else None
    for row in engine_scores(trial):
        made.add_row(*_cells(row))
    return made


def _cells(row: EngineScores) -> list[str]:
    scores = row.scores
    low, high = scores.bands
    return [
        row.algorithm,
        f"{scores.mae:.4g}",
        _number(scores.mase, ".3f"),
        _number(scores.wape, ".2%"),
        f"{scores.bias:+.3g}",
        _number(row.skill, ".3f"),
        _number(row.p, ".2g") + (" *" if row.better else ""),
        f"{low.coverage:.1%}",
        f"{high.coverage:.1%}",
        f"{high.interval_score:.4g}",
        f"{row.fit_s:.2f}",
        f"{1000 * row.update_s:.1f}",
    ]


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
