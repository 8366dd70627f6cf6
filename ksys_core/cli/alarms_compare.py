"""`ksys alarms compare`: rule alarms against a model on a file with labelled events."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from ksys_core.cli.common import DEFAULT, Common, JsonFlag
from ksys_core.cli.table_options import TABLE, TableOptions
from ksys_core.domain.detection import Score
from ksys_core.i18n import N_, tr
from ksys_core.services.comparison import TRAINING, Compared
from ksys_core.services.comparison_file import compare_file

_LINE = N_(
    "{who}: {found} of {events} events found, precision {precision}, {false} false a day, lead time {lead} min (median)"
)


def command(
    file: Path,
    *,
    labels: Path,
    training: float = TRAINING,
    season: int | None = None,
    json_output: JsonFlag = False,
    table: TableOptions = TABLE,
    common: Common = DEFAULT,
) -> int:
    """Compare rule alarms with model-based detection on a table of readings; nothing is stored.

    The first part of each column teaches limits and model, the rest is judged.

    Parameters
    ----------
    file:
        CSV file with a time column and one column a tag.
    labels:
        CSV file of the events: columns from, to, and if wanted text, tag (name of a column).
    training:
        Share of the rows that teaches.
    season:
        Steps of a season; a day when not given and there is enough of it.
    json_output:
        Print one JSON object a line.
    """
    zone = table.zone_of(common.load())
    for each in compare_file(file, labels, zone, options=table.options(), training=training, season=season):
        print(json.dumps(as_json(each)) if json_output else "\n".join(_told(each)))
    return 0


def as_json(compared: Compared) -> dict[str, object]:
    """The scores with what follows from them."""
    return {"name": compared.name, "rules": _figures(compared.rules), "model": _figures(compared.model)}


def _figures(score: Score) -> dict[str, object]:
    more = {name: getattr(score, name) for name in ("recall", "precision", "false_a_day", "lead_s")}
    return {**dataclasses.asdict(score), **more}


def _told(compared: Compared) -> list[str]:
    pairs = ((tr(N_("Rules")), compared.rules), (tr(N_("Model")), compared.model))
    return [tr(compared.name), *(f"  {_line(who, score)}" for who, score in pairs)]


def _line(who: str, score: Score) -> str:
    return tr(
        _LINE,
        who=who,
        found=score.found,
        events=score.events,
        precision="–" if score.precision is None else f"{100 * score.precision:.0f} %",
        false="–" if score.false_a_day is None else f"{score.false_a_day:.2f}",
        lead="–" if score.lead_s is None else f"{score.lead_s / 60:.0f}",
    )
