"""Drift in words, in the person's language: the same on the screen and on the command line."""

from __future__ import annotations

from typing import Final

from ksys_core.i18n import N_, tr
from ksys_core.store.drift_advisories import DriftAdvisory, Sign

KINDS: Final = {
    "concept": N_("larger errors"),
    "bias": N_("one-sided errors"),
    "input": N_("other values than in training"),
    "coverage": N_("bounds that do not hold"),
}
_ENDED: Final = {"on_trial": N_("done, a successor is on trial"), "in_vain": N_("done, without a better model")}
SEVERITIES: Final = {"watch": N_("watch"), "act": N_("act")}


def sign_text(sign: Sign) -> str:
    """What has changed, with its figure and the threshold that this exceeds."""
    figure, threshold = f"{sign.statistic:.3g}", f"{sign.threshold:.3g}"
    return tr("{change} {figure} > {threshold}", change=tr(KINDS[sign.kind]), figure=figure, threshold=threshold)


def signs_text(one: DriftAdvisory) -> str:
    """All that has changed."""
    return ", ".join(sign_text(sign) for sign in one.signs)


def effect_text(one: DriftAdvisory) -> str:
    """What is being done, or why nothing is."""
    if one.effect == "paused":
        return tr("no retraining: the tag was retrained within six hours")
    if one.effect == "on_trial":
        return tr("no retraining: a successor is on trial already")
    if one.effect != "retraining":
        return tr("no retraining yet: it is being watched")
    if one.job_id is None or one.job_status is None:
        return tr("retrained")
    state = _ENDED.get(one.job_status, one.job_status)
    return tr("retraining: job {job}, {state}", job=one.job_id, state=tr(state))
