"""What `ksys models drift` prints."""

from __future__ import annotations

from typing import Final

from rich.table import Table

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import N_, tr
from ksys_core.services.drift import OpenFinding
from ksys_core.services.drift_words import KINDS, SEVERITIES

COLUMNS: Final = (
    N_("Tag"),
    N_("Model"),
    N_("Algorithm"),
    N_("Change"),
    N_("Severity"),
    N_("Statistic"),
    N_("Threshold"),
    N_("Since"),
    N_("Effect"),
)


def table(findings: list[OpenFinding]) -> Table:
    """Every change that shows now."""
    made = Table(*(tr(head) for head in COLUMNS))
    for found in findings:
        made.add_row(
            found.tag,
            str(found.model_id),
            found.algorithm,
            tr(KINDS[found.kind]),
            tr(SEVERITIES[found.severity]),
            f"{found.statistic:.3g}",
            f"{found.threshold:g}",
            f"{to_datetime(found.found_ns):%Y-%m-%d %H:%M} UTC",
            "" if found.job_id is None else tr("training job {job}", job=found.job_id),
        )
    return made
