"""Training jobs in words, in the person's language: the same on the screen and on the command line."""

from __future__ import annotations

from typing import Final

from ksys_core.i18n import N_, tr
from ksys_core.services.training import Prospect
from ksys_core.store.training_lists import JobRow, StepRow

OUTCOMES: Final = {
    "champion": N_("champion"),
    "challenger": N_("challenger"),
    "refreshed": N_("fresh champion"),
    "kept": N_("kept aside"),
    "": "",
}
FEASIBLE: Final = {
    "ok": N_("enough data"),
    "tight": N_("just enough data"),
    "error": N_("too little data, {days:.1f} days are missing"),
}
STATES: Final = (N_("queued"), N_("running"), N_("done"), N_("failed"), N_("cancelled"))
PHASES: Final = {"read": N_("reading"), "evaluate": N_("testing"), "fit": N_("fitting")}
ORIGINS: Final = {"person": N_("by hand"), "nightly": N_("nightly"), "drift": N_("drift")}


def prospect_text(found: Prospect) -> str:
    """What the data allow, in one line."""
    feasible = found.feasibility
    return tr(
        "{tag}: {said} ({available} of {required} values); season {season}; gaps {gaps:.1%}, outliers {outliers:.2%}; "
        "{folds} tests count",
        tag=found.tag,
        said=tr(FEASIBLE[feasible.state], days=feasible.missing_days),
        available=feasible.available,
        required=feasible.required,
        season=found.season,
        gaps=found.gaps,
        outliers=found.outliers,
        folds=feasible.scored_folds,
    )


def result_text(step: StepRow) -> str:
    """How a step ended."""
    if step.error:
        return tr(step.error, **step.error_params)
    if step.passed is None:
        return tr("compared")
    passed = tr("gate passed") if step.passed else tr("gate not passed")
    return " · ".join(filter(None, (passed, tr(OUTCOMES[step.outcome]))))


def progress_text(job: JobRow) -> str:
    """Where a running job is, or why one failed; empty for one that waits."""
    if job.error:
        return tr(job.error, **job.error_params)
    if job.status != "running":
        return ""
    if job.cancel_requested:
        return tr("is being cancelled")
    detail = job.detail
    folds = f"{detail['fold']}/{detail['folds']}" if "fold" in detail else ""
    words = (detail.get("tag", ""), detail.get("algorithm", ""), tr(PHASES.get(job.phase, "")), folds)
    return " ".join(filter(None, words))
