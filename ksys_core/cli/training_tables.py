"""What the commands for training jobs print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import N_, tr
from ksys_core.services.training_words import progress_text, result_text
from ksys_core.store.training_lists import JobRow, StepRow

JOB_COLUMNS: Final = (
    N_("Job"),
    N_("Tags"),
    N_("Algorithms"),
    N_("State"),
    N_("Progress"),
    N_("Requested"),
    N_("Requested by"),
    N_("Remark"),
)
STEP_COLUMNS: Final = (
    N_("Tag"),
    N_("Algorithm"),
    N_("Model"),
    N_("Season"),
    N_("MAE"),
    N_("MASE"),
    N_("Skill"),
    N_("Outliers"),
    N_("Result"),
)


def jobs_table(rows: Sequence[JobRow]) -> Table:
    """Jobs, one a line."""
    made = Table(*(tr(head) for head in JOB_COLUMNS))
    for row in rows:
        made.add_row(
            str(row.job_id),
            ", ".join(row.tags),
            ", ".join(row.algorithms),
            tr(row.status),
            f"{row.progress:.0%}",
            f"{to_datetime(row.requested_ns):%Y-%m-%d %H:%M} UTC",
            row.requested_by,
            progress_text(row),
        )
    return made


def steps_table(steps: Sequence[StepRow]) -> Table:
    """What a job has done."""
    made = Table(*(tr(head) for head in STEP_COLUMNS))
    for step in steps:
        scores = (step.scores or {}).get("scores", {})
        made.add_row(
            step.tag,
            step.algorithm,
            "" if step.model_id is None else str(step.model_id),
            str(step.season) if step.season and step.season > 1 else "",
            _number(scores.get("mae"), ".4g"),
            _number(scores.get("mase"), ".3f"),
            _number((step.scores or {}).get("skill"), ".3f"),
            _number(step.facts.get("outliers"), ".2%"),
            result_text(step),
        )
    return made


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
