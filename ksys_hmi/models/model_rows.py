"""Rows and columns of deployed models and of training jobs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from ksys_core.domain.times import SECOND
from ksys_core.i18n import N_, tr
from ksys_core.services.metrics import Score
from ksys_core.services.training_words import ORIGINS, progress_text, result_text
from ksys_core.store.models import ModelRow
from ksys_core.store.training_lists import JobRow, StepRow
from ksys_hmi.formats import format_day_time, format_value
from ksys_hmi.models.rows import Column, RowsModel

ROLES: Final = {"champion": N_("champion"), "challenger": N_("challenger")}
LAST: Final = {
    "new": N_("not run yet"),
    "model": N_("well"),
    "fallback": N_("fallback"),
    "stale": N_("stale"),
    "failed": N_("failed"),
}
_NONE: Final = "–"


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A deployed model with its title, its figures of the last day (None: none yet) and what drift shows."""

    row: ModelRow
    title: str
    score: Score | None
    drift: str


def model_rows(zone: ZoneInfo) -> RowsModel[ModelLine]:
    """Deployed models, by tag, the champion first."""
    columns: tuple[Column[ModelLine], ...] = (
        Column(N_("Tag"), lambda line: line.row.tag),
        Column(N_("Runs as"), lambda line: tr(ROLES.get(line.row.role or "", ""))),
        Column(N_("Model"), lambda line: str(line.row.model_id), numeric=True),
        Column(N_("Algorithm"), lambda line: f"{tr(line.title)} {line.row.version}"),
        Column(N_("Grid"), _grid),
        Column(N_("Season"), lambda line: str(line.row.season) if line.row.season > 1 else _NONE, numeric=True),
        Column(N_("Skill 24 h"), lambda line: _figure(_of(line.score, "skill"), 2), numeric=True),
        Column(N_("MASE 24 h"), lambda line: _figure(_of(line.score, "mase"), 2), numeric=True),
        Column(N_("Inside 80 %"), lambda line: _percent(_of(line.score, "coverage80")), numeric=True),
        Column(N_("Inside 95 %"), lambda line: _percent(_of(line.score, "coverage95")), numeric=True),
        Column(N_("Newest forecast"), lambda line: _moment(line.row.last_issue_ns, zone)),
        Column(N_("State"), _state),
        Column(N_("Change"), lambda line: line.drift or _NONE),
    )
    return RowsModel(columns, key=lambda line: line.row.model_id)


def job_rows(zone: ZoneInfo) -> RowsModel[JobRow]:
    """Training jobs: what runs, what waits, the newest others."""
    columns: tuple[Column[JobRow], ...] = (
        Column(N_("Job"), lambda job: str(job.job_id), numeric=True),
        Column(N_("State"), lambda job: tr(job.status)),
        Column(N_("Progress"), lambda job: f"{100 * job.progress:.0f} %", numeric=True),
        Column(N_("Tags"), _tags, tooltip=lambda job: ", ".join(job.tags)),
        Column(N_("Algorithms"), lambda job: ", ".join(job.algorithms)),
        Column(N_("Occasion"), lambda job: tr(ORIGINS[job.origin])),
        Column(N_("Begins"), lambda job: _moment(job.started_ns or job.not_before_ns, zone)),
        Column(N_("Duration"), _duration, numeric=True),
        Column(N_("Requested by"), lambda job: job.requested_by),
        Column(N_("Remark"), progress_text),
    )
    return RowsModel(columns, key=lambda job: job.job_id)


def step_rows() -> RowsModel[StepRow]:
    """What a job has done, by tag, best first."""
    columns: tuple[Column[StepRow], ...] = (
        Column(N_("Tag"), lambda step: step.tag),
        Column(N_("Algorithm"), lambda step: step.algorithm),
        Column(N_("Model"), lambda step: _NONE if step.model_id is None else str(step.model_id), numeric=True),
        Column(N_("Season"), lambda step: str(step.season) if (step.season or 1) > 1 else _NONE, numeric=True),
        Column(N_("MAE"), lambda step: _scored(step, "mae", 3), numeric=True),
        Column(N_("MASE"), lambda step: _scored(step, "mase", 2), numeric=True),
        Column(N_("Skill"), lambda step: _figure((step.scores or {}).get("skill"), 2), numeric=True),
        Column(N_("Outliers"), lambda step: _percent(step.facts.get("outliers")), numeric=True),
        Column(N_("Result"), result_text),
    )
    return RowsModel(columns, key=lambda step: (step.sensor_id, step.algorithm))


def _grid(line: ModelLine) -> str:
    return tr("{n} × {min} min", n=line.row.horizon, min=f"{line.row.interval_s / 60:g}")


def _state(line: ModelLine) -> str:
    said = tr(LAST.get(line.row.last_state or "new", ""))
    return f"{said}: {tr(line.row.last_error)}" if line.row.last_error else said


def _tags(job: JobRow) -> str:
    return ", ".join(job.tags[:3]) + (" …" if len(job.tags) > 3 else "")


def _duration(job: JobRow) -> str:
    if job.started_ns is None or job.finished_ns is None:
        return _NONE
    return tr("{n} s", n=format_value((job.finished_ns - job.started_ns) / SECOND, 0))


def _scored(step: StepRow, name: str, decimals: int) -> str:
    return _figure(((step.scores or {}).get("scores") or {}).get(name), decimals)


def _of(score: Score | None, name: str) -> float | None:
    return None if score is None else float(getattr(score, name))


def _figure(value: float | None, decimals: int) -> str:
    return _NONE if value is None or math.isnan(value) else format_value(value, decimals)


def _percent(share: float | None) -> str:
    return _NONE if share is None or math.isnan(share) else f"{format_value(100 * share, 1)} %"


def _moment(ns: int | None, zone: ZoneInfo) -> str:
    return _NONE if ns is None else format_day_time(ns, zone)
