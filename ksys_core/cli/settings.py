"""`ksys settings`: what is set and why."""

from __future__ import annotations

import json
import sys

from cyclopts import App

from ksys_core.cli.common import DEFAULT, Common, JsonFlag
from ksys_core.i18n import N_, tr
from ksys_core.settings_sources import Origin

app = App(name="ksys settings", help="Show the settings and where they come from.")

_ORIGINS = {
    "argument": N_("command line"),
    "environment": N_("environment {name}"),
    "file": N_("file {name}"),
    "default": N_("default"),
}


@app.command
def show(*, json_output: JsonFlag = False, common: Common = DEFAULT) -> None:
    """Print every setting, its value and its origin; secrets are hidden.

    Parameters
    ----------
    json_output:
        One JSON object instead of a table.
    """
    rows = list(common.load().rows())
    if json_output:
        found = {key: {"value": value, "origin": origin.kind, "name": origin.name} for key, value, origin in rows}
        json.dump(found, sys.stdout, ensure_ascii=False, indent=1)
        print()
        return
    widths = max(len(row[0]) for row in rows), max(len(row[1]) for row in rows)
    for key, value, origin in rows:
        print(f"{key:<{widths[0]}}  {value:<{widths[1]}}  {_told(origin)}")


def _told(origin: Origin) -> str:
    return tr(_ORIGINS[origin.kind], name=origin.name)
